#include "transfer/stored_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <queue>

#include "transfer/beneath.h"
#include "transfer/transfer_name.h"

namespace unspool {
namespace {

constexpr const char* kTransfers = "transfers";
constexpr std::uint64_t kBlock = 512;  // stat's unit, on every file system

std::string directory_of(std::string_view host) { return fmt::format("{}/{}", kTransfers, host); }

std::optional<struct stat> status_of(int directory, const std::string& name) {
  struct stat status {};
  if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  return status;
}

/// Keeps the oldest of those that are offered.
class Oldest {
 public:
  explicit Oldest(std::size_t most) : most_{most} {}
  bool wants(std::string_view name) const {
    return youngest_first_.size() < most_ || name < youngest_first_.top().name;
  }
  void add(StoredFile file) {
    youngest_first_.push(std::move(file));
    if (youngest_first_.size() > most_) youngest_first_.pop();
  }
  /// The oldest one last.
  std::vector<StoredFile> take() {
    std::vector<StoredFile> files;
    for (; !youngest_first_.empty(); youngest_first_.pop()) files.push_back(youngest_first_.top());
    return files;
  }

 private:
  struct Older {
    bool operator()(const StoredFile& one, const StoredFile& other) const { return one.name < other.name; }
  };
  std::size_t most_;
  std::priority_queue<StoredFile, std::vector<StoredFile>, Older> youngest_first_;
};

bool is_after(const timespec& time, const timespec& other) {
  return time.tv_sec != other.tv_sec ? time.tv_sec > other.tv_sec : time.tv_nsec > other.tv_nsec;
}

}  // namespace

std::optional<Census> take_census(int root, std::size_t most, const std::atomic<bool>& stop,
                                  const std::function<void(std::string_view host, std::uint64_t files)>& on_host) {
  timespec began{};
  ::clock_gettime(CLOCK_REALTIME, &began);
  Census census;
  Oldest oldest{most};
  const bool whole = for_each_name(root, kTransfers, [&](const std::string& host) {
    const auto directory = open_beneath(root, directory_of(host), Missing::fail);
    if (!directory) return true;
    std::uint64_t files = 0;
    const bool went_on = for_each_name(root, directory_of(host), [&](const std::string& name) {
      if (stop.load(std::memory_order_relaxed)) return false;
      const auto hosts = hosts_of(name);
      const auto status = hosts[0].empty() ? std::nullopt : status_of(directory->get(), name);
      if (!status || is_after(status->st_ctim, began)) return true;
      ++files;
      const bool counted_elsewhere = status->st_nlink > 1 && host != hosts[0];
      if (counted_elsewhere) return true;
      const std::uint64_t bytes = static_cast<std::uint64_t>(status->st_blocks) * kBlock;
      ++census.files;
      census.bytes += bytes;
      if (oldest.wants(name)) oldest.add({.name = name, .bytes = bytes});
      return true;
    });
    if (files > 0) on_host(host, files);
    return went_on;
  });
  if (!whole) return std::nullopt;
  census.oldest = oldest.take();
  return census;
}

std::vector<StoredFile> oldest_of(int root, std::string_view host, std::size_t most) {
  Oldest oldest{most};
  for_each_name(root, directory_of(host), [&](const std::string& name) {
    if (!hosts_of(name)[0].empty() && oldest.wants(name)) oldest.add({.name = name});
    return true;
  });
  return oldest.take();
}

Removal remove_stored(int root, const std::string& name, std::optional<Timestamp> not_after) {
  const auto hosts = hosts_of(name);
  std::optional<struct stat> found;
  nlink_t links = 0;
  for (const std::string_view host : {hosts[0], hosts[1]}) {
    const auto directory = open_beneath(root, directory_of(host), Missing::fail);
    const auto status = directory ? status_of(directory->get(), name) : std::nullopt;
    if (!status) continue;
    if (found && (found->st_ino != status->st_ino || found->st_dev != status->st_dev)) continue;  // another's
    const Timestamp written = timestamp_from_ns(status->st_mtim.tv_sec * 1'000'000'000LL + status->st_mtim.tv_nsec);
    if (not_after && written > *not_after) return {.how = Removal::How::too_young};
    if (::unlinkat(directory->get(), name.c_str(), 0) != 0) return {.how = Removal::How::failed};
    found = found ? found : status;
    ++links;
  }
  if (!found) return {};
  const auto transfers = open_beneath(root, kTransfers, Missing::fail);
  for (const std::string_view host : hosts) {
    if (transfers) ::unlinkat(transfers->get(), std::string(host).c_str(), AT_REMOVEDIR);  // succeeds when it is empty
  }
  const std::uint64_t bytes = static_cast<std::uint64_t>(found->st_blocks) * kBlock;
  return {.how = Removal::How::removed, .bytes = bytes, .freed = links >= found->st_nlink ? bytes : 0};
}

}  // namespace unspool
