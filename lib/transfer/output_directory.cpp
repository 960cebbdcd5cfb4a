#include "transfer/output_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <vector>

#include "transfer/host_directories.h"

namespace unspool {
namespace {

constexpr const char* kEvents = "events.json";
constexpr const char* kTransfers = "transfers";
constexpr const char* kPartial = "partial";
constexpr mode_t kFileMode = 0640;
constexpr mode_t kDirectoryMode = 0750;
constexpr std::size_t kOpenHosts = 64;  // while settling

/// Mode and links of what has this name itself; nothing when there is nothing.
std::optional<struct stat> status_of(int directory, const char* name) {
  struct stat status {};
  if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return status;
}

/// Names in a directory below `root`, in order. None when it cannot be read.
std::vector<std::string> entries(int root, const char* name) {
  std::vector<std::string> names;
  for_each_name(root, name, [&](const std::string& found) {
    names.push_back(found);
    return true;
  });
  std::sort(names.begin(), names.end());
  return names;
}

/// Without looking at more than one of its names.
bool is_empty(int root, const char* name) {
  return for_each_name(root, name, [](const std::string&) { return false; });
}

}  // namespace

Result<std::unique_ptr<OutputDirectory>> OutputDirectory::open(std::string path, Reuse reuse) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  std::unique_ptr<OutputDirectory> output{new OutputDirectory(std::move(path))};
  auto opened = output->make().and_then([&] { return output->lock(); }).and_then([&] { return output->reuse(reuse); });
  if (!opened) return tl::unexpected(opened.error());
  output->settle();
  return output;
}

OutputDirectory::~OutputDirectory() {
  if (lock_) ::unlinkat(root_.get(), kPartial, AT_REMOVEDIR);
}

std::string OutputDirectory::in(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

Result<void> OutputDirectory::make() {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(path_).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return fail(fmt::format("{}: cannot be made: {}", parent.string(), disk_error(error.value())));
  if (::mkdir(path_.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    return fail(fmt::format("{}: cannot be made: {}", path_, disk_error(errno)));
  }
  root_ = Fd{::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (root_) return {};
  if (errno == ENOTDIR)
    return fail(fmt::format("{}: exists, and is no directory; choose another place with -o", path_));
  return fail(fmt::format("{}: cannot be opened: {}", path_, disk_error(errno)));
}

/// The file stays when the lock goes: removing it would let a third process lock a new one beside the second.
Result<void> OutputDirectory::lock() {
  lock_ = Fd{::openat(root_.get(), ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, kFileMode)};
  if (!lock_) return fail(fmt::format("{}: cannot be written to: {}", path_, disk_error(errno)));
  char text[32];
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const ssize_t read = ::pread(lock_.get(), text, sizeof text, 0);
    lock_.reset();
    if (error != EWOULDBLOCK) return fail(fmt::format("{}: cannot be locked: {}", in(".lock"), disk_error(error)));
    long pid = 0;
    if (read > 0) std::from_chars(text, text + read, pid);
    const std::string who = pid > 0 ? fmt::format("process {}", pid) : "another process";
    return fail(fmt::format("{}: {} writes there; stop it first, or choose another place with -o", path_, who));
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock_.get(), 0) != 0)
    return fail(fmt::format("{}: cannot be written: {}", in(".lock"), disk_error(errno)));
  if (const int error = write_all(lock_.get(), as_bytes(pid)); error != 0) {
    return fail(fmt::format("{}: cannot be written: {}", in(".lock"), disk_error(error)));
  }
  return {};
}

Result<void> OutputDirectory::reuse(Reuse how) {
  for (const char* const name : {kTransfers, kPartial}) {
    const auto status = status_of(root_.get(), name);
    if (status && !S_ISDIR(status->st_mode)) {
      return fail(fmt::format(
          "{}: is no directory (symbolic links are not followed); move it away, or choose another place with -o",
          in(name)));
    }
  }
  if (how == Reuse::append) return {};
  if (how == Reuse::replace) return remove_earlier_run();
  const bool holds_run =
      status_of(root_.get(), kEvents) || !is_empty(root_.get(), kTransfers) || !is_empty(root_.get(), kPartial);
  if (!holds_run) return {};
  return fail(fmt::format(
      "{}: holds an earlier run; remove that with --replace, add to it with --append, or choose another place with -o",
      path_));
}

Result<void> OutputDirectory::remove_earlier_run() {
  for (const char* const name : {kTransfers, kPartial}) {
    std::error_code error;
    std::filesystem::remove_all(in(name), error);  // follows no symbolic links
    if (error) return fail(fmt::format("{}: cannot be removed: {}", in(name), disk_error(error.value())));
  }
  if (::unlinkat(root_.get(), kEvents, 0) != 0 && errno != ENOENT) {
    return fail(fmt::format("{}: cannot be removed: {}", in(kEvents), disk_error(errno)));
  }
  return {};
}

/// What cannot be settled, for lack of room, say, waits in partial/ for the next start.
void OutputDirectory::settle() {
  const auto partial = open_beneath(root_.get(), kPartial, Missing::fail);
  if (!partial) return;
  HostDirectories hosts{root_.get(), kOpenHosts};
  for (const std::string& file : entries(root_.get(), kPartial)) {
    const auto name = parse_transfer_name(file);
    const auto status = status_of(partial->get(), file.c_str());
    if (!name || !status || !S_ISREG(status->st_mode)) continue;  // not ours
    const auto completed = status->st_nlink > 1 ? hosts.complete(partial->get(), file, name->base) : std::nullopt;
    const auto linked = completed ? *completed : hosts.link(partial->get(), file, *name, true);
    if (linked.failure) continue;
    if (!completed) ++settled_;
    ::unlinkat(partial->get(), file.c_str(), 0);
  }
}

Result<Fd> OutputDirectory::open_events() const {
  Fd file{::openat(root_.get(), kEvents, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, kFileMode)};
  if (file) return file;
  if (errno == ELOOP)
    return fail(fmt::format("{}: is a symbolic link, which is not followed; move it away", in(kEvents)));
  return fail(fmt::format("{}: cannot be opened: {}", in(kEvents), disk_error(errno)));
}

}  // namespace unspool
