#include "transfer/host_directories.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <span>

namespace unspool {
namespace {

constexpr mode_t kDirectoryMode = 0750;
constexpr int kTries = 4;  // to link into a directory that others keep removing

constexpr std::size_t kReached = 256;  // hosts, until it is asked again what "transfers" is: somebody may have moved it

constexpr unsigned kNumbersTried = 10'000;  // to find the link that a crash left

/// One host's name is enough where both sides are the same.
std::span<const std::string_view> distinct(const std::array<std::string_view, 2>& hosts) {
  return std::span(hosts).first(hosts[0] == hosts[1] ? 1 : 2);
}

/// Moves a file, and never onto another one. File systems that cannot, and kernels, say so.
bool move(int from, const std::string& file, int directory, const std::string& as) {
  constexpr unsigned kNoReplace = 1;  // RENAME_NOREPLACE of <linux/fs.h>
  return ::syscall(SYS_renameat2, from, file.c_str(), directory, as.c_str(), kNoReplace) == 0;
}

std::string path_of(std::string_view host) { return fmt::format("transfers/{}", host); }

bool same_file(int from, const std::string& file, int directory, const std::string& as) {
  struct stat one {
  }, other{};
  return ::fstatat(from, file.c_str(), &one, AT_SYMLINK_NOFOLLOW) == 0 &&
         ::fstatat(directory, as.c_str(), &other, AT_SYMLINK_NOFOLLOW) == 0 && one.st_ino == other.st_ino &&
         one.st_dev == other.st_dev;
}

}  // namespace

OsResult<int> HostDirectories::open(std::string_view host, Missing missing) {
  if (const auto found = by_host_.find(host); found != by_host_.end()) {
    kept_.splice(kept_.begin(), kept_, found->second);
    return found->second->directory.get();
  }
  std::string name{host};
  auto directory = reach(name, missing);
  while (!directory && directory.error() == EMFILE && !kept_.empty()) {
    forget(kept_.back().host);
    directory = reach(name, missing);
  }
  if (!directory) return tl::unexpected(directory.error());
  if (kept_.size() == most_) forget(kept_.back().host);
  kept_.push_front({.host = std::move(name), .directory = std::move(*directory)});
  by_host_.emplace(kept_.front().host, kept_.begin());
  return kept_.front().directory.get();
}

/// Through the directory that they are all in. A host is one component, and no symbolic link is followed: that leaves
/// it where it is. Making it first is no more work where it is there, and less where it is not.
OsResult<Fd> HostDirectories::reach(const std::string& host, Missing missing) {
  if (++reached_ % kReached == 0) transfers_.reset();
  for (bool again = false;; again = true) {
    if (!transfers_) {
      auto transfers = open_beneath(root_, "transfers", missing);
      if (!transfers) return transfers;
      transfers_ = std::move(*transfers);
    }
    int error = 0;
    if (missing == Missing::make && ::mkdirat(transfers_.get(), host.c_str(), kDirectoryMode) != 0) error = errno;
    Fd directory{::openat(transfers_.get(), host.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (directory) return directory;
    if (errno != ENOENT || error == 0 || error == EEXIST) error = errno;
    if (error != ENOENT || again) return tl::unexpected(error);
    transfers_.reset();  // somebody cleaned up
  }
}

bool HostDirectories::close_some(std::size_t count) {
  transfers_.reset();
  if (kept_.empty()) return false;
  for (std::size_t i = 0; i < count && !kept_.empty(); ++i) forget(std::string{kept_.back().host});
  return true;
}

void HostDirectories::forget(std::string_view host) {
  const auto found = by_host_.find(host);
  if (found == by_host_.end()) return;
  const auto kept = found->second;
  by_host_.erase(found);
  kept_.erase(kept);
}

/// Number 0, or what went wrong. What cannot be moved is linked, and `how` says so.
DiskFailure HostDirectories::put_under(std::string_view host, int from, const std::string& file, const std::string& as,
                                       As& how) {
  const auto failure = [&](int error, bool of_all) {
    return DiskFailure{error, fmt::format("{}: {}", path_of(host), disk_error(error)), of_all};
  };
  for (int tries = 0;; ++tries) {
    const auto directory = open(host, Missing::make);
    int error = directory ? 0 : directory.error();
    if (directory && how == As::move && move(from, file, *directory, as)) return {};
    if (directory && how == As::move && errno == EEXIST) return {.number = EEXIST, .what = {}};
    how = As::link;
    if (directory && ::linkat(from, file.c_str(), *directory, as.c_str(), 0) == 0) return {};
    if (directory) error = errno;
    if (error == EEXIST) return {.number = error, .what = {}};
    if (error != ENOENT || tries == kTries) return failure(error, refuses_all(error) || (!directory && forbids(error)));
    forget(host);  // somebody cleaned up: the directory that was open, or just made, is no longer the one of that name
  }
}

void HostDirectories::unlink_under(std::string_view host, const std::string& name) {
  if (const auto directory = open(host, Missing::fail)) ::unlinkat(*directory, name.c_str(), 0);
}

void HostDirectories::unlink(const TransferName& name, const Linked& linked, bool incomplete) {
  if (linked.path.empty()) return;
  const std::string as = TransferName{.base = name.base, .number = linked.number}.file(incomplete);
  const auto hosts = hosts_of(name.base);
  for (const std::string_view host : distinct(hosts)) {
    if (linked.path.starts_with(path_of(host) + "/")) unlink_under(host, as);
  }
}

HostDirectories::Linked HostDirectories::link(int from, const std::string& file, TransferName name, bool incomplete) {
  const auto hosts = hosts_of(name.base);
  const std::string_view last = distinct(hosts).back();
  for (; name.number <= TransferName::kLastNumber; ++name.number) {
    const std::string as = name.file(incomplete);
    Linked linked{.number = name.number};
    bool taken = false;
    std::string_view first;  // host that has it already
    for (const std::string_view host : distinct(hosts)) {
      As how = host.data() == last.data() && !linked.failure ? As::move : As::link;
      DiskFailure failure = put_under(host, from, file, as, how);
      linked.moved = how == As::move;
      taken = failure.number == EEXIST;
      if (taken) break;
      if (failure.number != 0) {
        linked.failure = std::move(failure);
      } else if (linked.path.empty()) {
        first = host;
        linked.path = fmt::format("{}/{}", path_of(host), as);
      }
    }
    if (!taken) return linked;
    if (!first.empty()) unlink_under(first, as);
  }
  return {.failure = DiskFailure{
              EEXIST, fmt::format("transfers/: {} names like {} are taken", TransferName::kLastNumber, name.base)}};
}

std::optional<HostDirectories::Linked> HostDirectories::complete(int from, const std::string& file,
                                                                 const std::string& base) {
  const auto hosts = hosts_of(base);
  const auto has = [&](std::string_view host, const std::string& as) {
    const auto directory = open(host, Missing::fail);
    return directory && same_file(from, file, *directory, as);
  };
  for (unsigned number = 1; number <= kNumbersTried; ++number) {
    for (const bool incomplete : {false, true}) {
      const TransferName name{.base = base, .number = number};
      bool found = false;
      for (const std::string_view host : distinct(hosts)) {
        if (!has(host, name.file(incomplete))) continue;
        unlink_under(host, name.file(incomplete));
        found = true;
      }
      if (found) return link(from, file, name, incomplete);  // the number may be taken under the other host
    }
  }
  return std::nullopt;
}

}  // namespace unspool
