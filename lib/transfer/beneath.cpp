#include "transfer/beneath.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace unspool {
namespace {

constexpr int kDirectory = O_PATH | O_DIRECTORY | O_CLOEXEC;
constexpr mode_t kMode = 0750;

/// What openat2 does, one component after the other: for kernels before 5.6, and sandboxes that forbid what they do not
/// know.
OsResult<Fd> resolve_one_by_one(int root, const std::string& path) {
  Fd at;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string component = path.substr(begin, end - begin);
    if (component.empty() || component == "..") return tl::unexpected(EXDEV);
    Fd next{::openat(at ? at.get() : root, component.c_str(), kDirectory | O_NOFOLLOW)};
    if (!next) return tl::unexpected(errno);
    at = std::move(next);
    begin = end + 1;
  }
  return at;
}

OsResult<Fd> resolve(int root, const std::string& path) {
  struct open_how how {};
  how.flags = kDirectory;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  for (;;) {
    const long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    if (fd >= 0) return Fd{static_cast<int>(fd)};
    if (errno == ENOSYS || errno == EPERM) return resolve_one_by_one(root, path);
    if (errno != EAGAIN && errno != EINTR) return tl::unexpected(errno);  // EAGAIN: a rename elsewhere came between
  }
}

}  // namespace

OsResult<Fd> open_beneath(int root, const std::string& path, Missing missing) {
  auto found = resolve(root, path);
  if (found || found.error() != ENOENT || missing == Missing::fail) return found;
  const std::size_t slash = path.rfind('/');
  const std::string last = slash == path.npos ? path : path.substr(slash + 1);
  Fd outer;
  if (slash != path.npos) {
    auto made = open_beneath(root, path.substr(0, slash), missing);
    if (!made) return made;
    outer = std::move(*made);
  }
  const int at = outer ? outer.get() : root;
  if (::mkdirat(at, last.c_str(), kMode) != 0 && errno != EEXIST) return tl::unexpected(errno);
  return resolve(at, last);
}

bool for_each_name(int root, const std::string& path, const std::function<bool(const std::string&)>& call) {
  const auto found = open_beneath(root, path, Missing::fail);
  const int fd = found ? ::openat(found->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  DIR* const directory = fd < 0 ? nullptr : ::fdopendir(fd);
  if (directory == nullptr) {
    if (fd >= 0) ::close(fd);
    return true;
  }
  bool go_on = true;
  while (const dirent* entry = go_on ? ::readdir(directory) : nullptr) {
    const std::string name{entry->d_name};
    if (name != "." && name != "..") go_on = call(name);
  }
  ::closedir(directory);
  return go_on;
}

bool refuses_all(int number) {
  return number == ENOSPC || number == EDQUOT || number == EROFS || number == EMFILE || number == ENFILE;
}

bool forbids(int number) { return number == EACCES || number == EPERM; }

std::string disk_error(int number) {
  const auto because = [&](const char* advice) { return os_error(number) + "; " + advice; };
  switch (number) {
    case ENOSPC:
    case EDQUOT: return because("make room there, or choose another place with -o");
    case EACCES:
    case EROFS: return because("change its rights, or choose another place with -o");
    case EMFILE:
    case ENFILE: return because("raise the limit of open files, or lower transfers.open_files");
    case ELOOP:
    case ENOTDIR: return because("only directories are expected there, and symbolic links are not followed");
    case EPERM:
      return because(
          "see whether something there is immutable (lsattr); all of the output must be on one file system that knows "
          "hard links");
    case EOPNOTSUPP:
    case EXDEV: return because("all of the output must be on one file system that knows hard links");
    default: return os_error(number);
  }
}

}  // namespace unspool
