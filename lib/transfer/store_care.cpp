#include "transfer/store_care.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/timestamp.h"

namespace unspool {
namespace {

constexpr auto kLook = std::chrono::seconds(1);
constexpr std::size_t kListed = 16'384;           // of the oldest files, found by one walk
constexpr std::uint64_t kSlack = 64;              // a sweep goes so much of a quota below it, so that sweeps are rare
constexpr std::uint64_t kSlackHost = 16;          // the same, for a host's directory, which is read for each sweep
constexpr auto kTrusted = std::chrono::hours(1);  // so long a walk tells how much there is: others may remove files
constexpr std::uint64_t kPartOfDisk = 8;          // the floor is at most such a part of the file system
constexpr std::uint64_t kSpareInodes = 1000;
constexpr std::uint64_t kSpareInodesPart = 16;

Timestamp wall_clock() { return std::chrono::time_point_cast<Timestamp::duration>(std::chrono::system_clock::now()); }

}  // namespace

StoreCare::StoreCare(const OutputDirectory& output, const TransferSettings& settings, WriterThreads* threads,
                     StoreNews& news)
    : output_{output}, settings_{settings}, threads_{threads}, news_{news}, usage_{settings.quota_files_host} {
  thread_ = std::thread([this] { run(); });
}

StoreCare::~StoreCare() {
  stop_ = true;
  {
    const std::lock_guard lock{mutex_};
    stopped_.notify_all();
  }
  thread_.join();
}

void StoreCare::run() {
  ::pthread_setname_np(::pthread_self(), "store care");
  if (!take_census()) return;
  std::unique_lock lock{mutex_};
  while (!stop_) {
    lock.unlock();
    sweep();
    lock.lock();
    stopped_.wait_for(lock, kLook, [this] { return stop_.load(); });
  }
}

/// False when it was stopped.
bool StoreCare::take_census() {
  usage_.begin_census();
  auto census =
      unspool::take_census(output_.root(), kListed, stop_,
                           [this](std::string_view host, std::uint64_t files) { usage_.count_host(host, files); });
  if (!census) return false;
  usage_.end_census(census->files, census->bytes);
  oldest_ = std::move(census->oldest);
  looked_ = std::chrono::steady_clock::now();
  return true;
}

void StoreCare::sweep() {
  Sweep sweep;
  for (const std::string& host : usage_.take_crowded()) thin_out(host, sweep);
  remove_aged(sweep);
  keep_quotas(sweep);
  const bool is_enough = keep_floor(sweep);
  if (sweep.files > 0) {
    removed_files_ += sweep.files;
    removed_bytes_ += sweep.freed;
    news_.add({.what = StoreRecord::What::removed,
               .time = {},
               .reason = sweep.reasons,
               .files = sweep.files,
               .bytes = sweep.freed},
              {});
  }
  if (threads_ == nullptr || is_enough != is_held_) return;
  is_held_ = !is_enough;
  threads_->hold(is_enough
                     ? std::string{}
                     : "too little is free on disk (transfers.low_space), and nothing is left to be removed; make "
                       "room there");
}

void StoreCare::Sweep::because(const std::string& reason) {
  if (reasons.find(reason) == reasons.npos) reasons += (reasons.empty() ? "" : "; ") + reason;
}

void StoreCare::thin_out(const std::string& host, Sweep& sweep) {
  const std::uint64_t most = settings_.quota_files_host;
  while (!stop_ && usage_.files_of(host) > most - most / kSlackHost) {
    const std::uint64_t excess = usage_.files_of(host) - (most - most / kSlackHost);
    std::vector<StoredFile> oldest = oldest_of(output_.root(), host, std::min<std::uint64_t>(excess, kListed));
    const std::uint64_t before = sweep.files;
    for (; !oldest.empty() && !stop_; oldest.pop_back()) remove(oldest.back(), sweep, std::nullopt);
    if (sweep.files == before) break;  // they cannot be removed, or are somebody else's
    sweep.because(fmt::format("a host has more than {} files (transfers.quota_files_host)", most));
  }
}

void StoreCare::remove_aged(Sweep& sweep) {
  if (settings_.max_age.count() == 0) return;
  const Timestamp oldest_kept = wall_clock() - settings_.max_age;
  const std::string first_kept = name_time(oldest_kept);
  const auto again = std::clamp<std::chrono::milliseconds>(settings_.max_age / kSlack, kLook, std::chrono::hours{1});
  const auto is_due = [&] { return oldest_.back().name.compare(0, first_kept.size(), first_kept) < 0; };
  if (oldest_.empty() && std::chrono::steady_clock::now() - looked_ >= again && !take_census()) return;
  for (bool any = true; any && !stop_;) {
    any = false;
    while (!oldest_.empty() && is_due() && !stop_) any |= remove_oldest(sweep, oldest_kept);
    if (any) sweep.because(fmt::format("older than {} s (transfers.max_age)", settings_.max_age.count() / 1000));
    if (!oldest_.empty() || (any && !take_census())) return;
  }
}

void StoreCare::keep_quotas(Sweep& sweep) {
  const std::uint64_t most_files = settings_.quota_files, most_bytes = settings_.quota_bytes;
  const auto too_many = [&] { return most_files > 0 && usage_.total().files > most_files; };
  const auto too_large = [&] { return most_bytes > 0 && bytes_in_use() > most_bytes; };
  const bool is_old = std::chrono::steady_clock::now() - looked_ > kTrusted;
  if ((too_many() || too_large()) && is_old && !take_census()) return;
  if (too_many()) {
    const std::uint64_t wanted = most_files - most_files / kSlack;
    remove_until([&] { return usage_.total().files <= wanted; },
                 fmt::format("more than {} files (transfers.quota_files)", most_files), sweep);
  }
  if (too_large()) {
    const std::uint64_t wanted = most_bytes - most_bytes / kSlack;
    remove_until([&] { return bytes_in_use() <= wanted; },
                 fmt::format("more than {} bytes (transfers.quota_bytes)", most_bytes), sweep);
  }
}

/// Whether there is enough room in the end. What a file frees is taken from stat: file systems tell late of it.
bool StoreCare::keep_floor(Sweep& sweep) {
  if (settings_.low_space == 0 || !lack(0).any()) return true;
  const Lack wanted = lack(kSlack);
  const std::uint64_t freed = sweep.freed, files = sweep.files;
  remove_until([&] { return sweep.freed - freed >= wanted.bytes && sweep.files - files >= wanted.files; },
               "too little is free on disk (transfers.low_space)", sweep);
  if (sweep.files > files) {
    const Fd directory{::openat(output_.root(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (directory) ::syncfs(directory.get());
  }
  return !lack(0).any();
}

/// Removes the oldest files, until `enough`, or until there are none that can be removed.
template <class Enough>
void StoreCare::remove_until(const Enough& enough, const std::string& reason, Sweep& sweep) {
  for (bool any = true; !stop_ && !enough();) {
    if (oldest_.empty()) {
      if (!any || usage_.total().files == 0 || !take_census() || oldest_.empty()) return;
      any = false;
    }
    if (!remove_oldest(sweep)) continue;
    any = true;
    sweep.because(reason);
  }
}

/// So that the file system has `slack`-th more than the floor.
StoreCare::Lack StoreCare::lack(std::uint64_t slack) const {
  struct statvfs disk {};
  if (::fstatvfs(output_.root(), &disk) != 0) return {};
  const std::uint64_t unit = disk.f_frsize;
  std::uint64_t floor = std::min(settings_.low_space, disk.f_blocks * unit / kPartOfDisk);
  std::uint64_t inodes = std::min<std::uint64_t>(kSpareInodes, disk.f_files / kSpareInodesPart);
  if (slack > 0) floor += floor / slack, inodes += inodes / slack;
  const std::uint64_t free = disk.f_bavail * unit;
  return {.bytes = floor - std::min(floor, free), .files = inodes - std::min<std::uint64_t>(inodes, disk.f_favail)};
}

std::uint64_t StoreCare::bytes_in_use() const {
  return usage_.total().bytes + (threads_ != nullptr ? threads_->growing() : 0);
}

/// Whether it was removed. It is looked at no more, either way.
bool StoreCare::remove_oldest(Sweep& sweep, std::optional<Timestamp> not_after) {
  const StoredFile file = std::move(oldest_.back());
  oldest_.pop_back();
  return remove(file, sweep, not_after);
}

bool StoreCare::remove(const StoredFile& file, Sweep& sweep, std::optional<Timestamp> not_after) {
  const Removal removal = remove_stored(output_.root(), file.name, not_after);
  if (removal.how != Removal::How::removed) return false;
  usage_.removed(file.name, removal.bytes);
  ++sweep.files;
  sweep.freed += removal.freed;
  return true;
}

}  // namespace unspool
