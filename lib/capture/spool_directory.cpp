#include "capture/spool_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "capture/file_source.h"

namespace unspool {
namespace {

constexpr int kAtOnce = 64;  // files looked at before others get their turn

FileIdentity identity_of(const struct stat& status) {
  return {.inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

/// Where leases are the server's, a refused one means nothing.
bool has_own_leases(const Fd& directory) {
  constexpr std::uint32_t kNfs = 0x6969, kCifs = 0xff534d42, kSmb2 = 0xfe534d42;
  struct statfs status {};
  if (::fstatfs(directory.get(), &status) != 0) return false;
  const auto type = static_cast<std::uint32_t>(status.f_type);
  return type != kNfs && type != kCifs && type != kSmb2;
}

/// A lease on reading is refused while somebody has the file open for writing; where it is not for us to ask, nobody
/// has. Whoever opens it just then is told by a signal to us: one that does nothing.
bool is_being_written(const Fd& file) {
  ::fcntl(file.get(), F_SETSIG, SIGURG);
  if (::fcntl(file.get(), F_SETLEASE, F_RDLCK) != 0) return errno == EAGAIN;
  ::fcntl(file.get(), F_SETLEASE, F_UNLCK);
  return false;
}

}  // namespace

Result<std::unique_ptr<SpoolDirectory>> SpoolDirectory::open(const SpoolSettings& settings) {
  std::unique_ptr<SpoolDirectory> spool{new SpoolDirectory(settings)};
  const std::string& path = settings.directory;
  spool->directory_ = Fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!spool->directory_) return fail(fmt::format("{}: cannot be opened as a directory: {}", path, os_error(errno)));
  spool->has_own_leases_ = has_own_leases(spool->directory_);
  spool->events_ = Fd{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
  constexpr std::uint32_t kWanted =
      IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  const std::string same = fmt::format("/proc/self/fd/{}", spool->directory_.get());
  if (!spool->events_ || ::inotify_add_watch(spool->events_.get(), same.c_str(), kWanted) < 0) {
    const char* advice = errno == EMFILE || errno == ENOSPC ? "; see fs.inotify.* in sysctl(8)" : "";
    return fail(fmt::format("{}: cannot be watched: {}{}", path, os_error(errno), advice));
  }
  return spool;
}

void SpoolDirectory::tell(std::function<bool(const SpoolFile&)> is_known,
                          std::function<void(const std::string&)> gone) {
  is_known_ = std::move(is_known);
  gone_ = std::move(gone);
}

std::string SpoolDirectory::path(const std::string& name) const {
  return settings_.directory + (settings_.directory.ends_with('/') ? "" : "/") + name;
}

std::optional<FileIdentity> SpoolDirectory::identity(const std::string& name) const {
  struct stat status {};
  if (::fstatat(directory_.get(), name.c_str(), &status, 0) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return identity_of(status);
}

bool SpoolDirectory::look() {
  read_events();
  if (queue_.empty() && left_out_) must_scan_ = true;
  return scan();
}

std::optional<SpoolFile> SpoolDirectory::take() {
  if (queue_.empty()) return std::nullopt;
  by_name_.erase(queue_.begin()->name);
  return std::move(queue_.extract(queue_.begin()).value());
}

void SpoolDirectory::read_events() {
  alignas(inotify_event) std::array<char, 64U << 10U> events;
  for (;;) {
    const ssize_t got = ::read(events_.get(), events.data(), events.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    inotify_event event{};
    for (std::size_t at = 0; at < static_cast<std::size_t>(got); at += sizeof event + event.len) {
      std::memcpy(&event, &events[at], sizeof event);
      heard(event.mask, event.len == 0 ? "" : &events[at + sizeof event]);
    }
  }
}

void SpoolDirectory::heard(std::uint32_t mask, const std::string& name) {
  if ((mask & IN_Q_OVERFLOW) != 0) must_scan_ = true;
  if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0) is_gone_ = true;
  if (name.empty()) return;
  if ((mask & (IN_MOVED_FROM | IN_DELETE)) != 0) {
    forget(name);
    gone_(name);
  }
  const bool is_complete = (mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0;
  if (is_complete || ((mask & IN_CREATE) != 0 && is_linked(name))) consider(name);
}

/// True while there is more to be taken in.
bool SpoolDirectory::scan() {
  if (must_scan_ && !scan_) {
    must_scan_ = false;
    left_out_.reset();
    scan_.reset(::fdopendir(::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  }
  for (int i = 0; scan_ && i < kAtOnce; ++i) {
    const dirent* entry = ::readdir(scan_.get());
    if (entry != nullptr) {
      consider(entry->d_name);
    } else {
      scan_.reset();
    }
  }
  return scan_ != nullptr || must_scan_;
}

bool SpoolDirectory::is_wanted(const std::string& name) const {
  if (name.starts_with('.')) return false;
  for (const char* unfinished : {".tmp", ".part", ".partial"}) {
    if (name.ends_with(unfinished)) return false;
  }
  return settings_.pattern.empty() || ::fnmatch(settings_.pattern.c_str(), name.c_str(), 0) == 0;
}

/// Nobody will write what was made by ln(1).
bool SpoolDirectory::is_linked(const std::string& name) const {
  struct stat status {};
  if (::fstatat(directory_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
  return S_ISLNK(status.st_mode) || status.st_nlink > 1;
}

void SpoolDirectory::consider(const std::string& name) {
  if (!is_wanted(name)) return;
  const auto identity = this->identity(name);
  if (!identity) return;
  forget(name);
  SpoolFile file{.first = timestamp_from_ns(identity->modified), .name = name, .identity = *identity};
  if (is_known_(file)) return;
  // One that cannot be opened is found out when it is its turn.
  Fd opened{::openat(directory_.get(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
  if (opened && has_own_leases_ && is_being_written(opened)) return;
  if (opened) file.first = first_packet_time(std::move(opened), pool_).value_or(file.first);
  queue(std::move(file));
}

void SpoolDirectory::queue(SpoolFile file) {
  if (left_out_ && *left_out_ < file) return;
  const auto [place, is_new] = queue_.insert(std::move(file));
  by_name_[place->name] = place;
  if (queue_.size() <= settings_.queue) return;
  const auto last = std::prev(queue_.end());
  by_name_.erase(last->name);
  left_out_ = std::move(queue_.extract(last).value());
}

void SpoolDirectory::forget(const std::string& name) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return;
  queue_.erase(found->second);
  by_name_.erase(found);
}

}  // namespace unspool
