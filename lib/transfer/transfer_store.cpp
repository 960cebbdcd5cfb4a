#include "transfer/transfer_store.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>

#include "transfer/shard_transfers.h"

namespace unspool {
namespace {

constexpr std::size_t kBuffered = std::size_t{128} << 20U;  // bytes that are not written yet, in all shards together
constexpr std::size_t kOpenHosts = 4096;                    // directories of hosts kept open, likewise
constexpr std::size_t kSpareDescriptors = 14;               // for what is opened later, and while a path is resolved
constexpr int kWritersLive = 1;                             // SHA-256 included, it outruns most disks

/// How many more this process may open.
std::size_t descriptors_left() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  std::size_t used = 0;
  std::error_code none;
  for (std::filesystem::directory_iterator at{"/proc/self/fd", none}, end; at != end; at.increment(none)) ++used;
  return static_cast<std::size_t>(limit.rlim_cur) - std::min<std::size_t>(limit.rlim_cur, used + kSpareDescriptors);
}

}  // namespace

TransferStore::TransferStore(const OutputDirectory& output, const TransferSettings& settings, unsigned shards,
                             Feed feed, Say say)
    : output_{output},
      settings_{settings},
      shards_{std::max(shards, 1U)},
      feed_{feed},
      descriptors_{descriptors_left()},
      news_{std::move(say)} {
  const int by_itself = feed == Feed::live ? kWritersLive : 0;
  const auto writers = static_cast<unsigned>(settings.writers < 0 ? by_itself : settings.writers);
  if (writers > 0) start_threads(writers, feed);
  if (feed != Feed::files) care_ = std::make_unique<StoreCare>(output_, settings_, threads_.get(), news_);
}

void TransferStore::start_threads(unsigned count, Feed feed) {
  using Threads = WriterThreads;
  const auto when_full = feed == Feed::live ? Threads::WhenFull::refuse : Threads::WhenFull::wait;
  const auto when_disk_fails =
      feed == Feed::files ? Threads::WhenDiskFails::give_up : Threads::WhenDiskFails::try_again;
  std::vector<FileWriter> writers;
  for (unsigned i = 0; i < count; ++i) writers.push_back(writer(count));
  threads_ =
      std::make_unique<WriterThreads>(std::move(writers), settings_.queue_bytes, when_full, when_disk_fails, news_);
}

TransferStore::~TransferStore() = default;

/// One of so many that share what may be open.
FileWriter TransferStore::writer(unsigned count) const {
  const std::size_t room = descriptors_ / 2;  // half for files, half for directories
  return {output_, settings_.digest, std::min<std::size_t>(settings_.open_files, room) / count,
          std::min(kOpenHosts, room) / count, feed_ != Feed::files};  // only then anybody asks
}

std::unique_ptr<TransferSink> TransferStore::sink(EventSink& events) {
  std::optional<FileWriter> writer;
  if (!threads_) writer.emplace(this->writer(shards_));
  return std::make_unique<ShardTransfers>(*this, events, std::move(writer), FileTypes{settings_.types},
                                          kBuffered / shards_);
}

std::optional<Error> TransferStore::failed() const {
  const std::lock_guard lock{mutex_};
  return first_failure_;
}

TransferTotals TransferStore::totals() const {
  return {.files = files_, .bytes = bytes_, .incomplete = incomplete_, .not_stored = not_stored_};
}

Counts TransferStore::counts() const {
  const TransferTotals sum = totals();
  Counts counts{{"transfers.files", sum.files},
                {"transfers.bytes", sum.bytes},
                {"transfers.incomplete", sum.incomplete},
                {"transfers.not_stored", sum.not_stored}};
  if (threads_) {
    counts.insert(counts.end(), {{"transfers.writing.pauses", threads_->pauses()},
                                 {"transfers.writing.times_behind", threads_->times_behind()},
                                 {"transfers.writing.bytes_left_out", threads_->missed_bytes()}});
  }
  if (care_) {
    counts.insert(counts.end(), {{"transfers.removed.files", care_->removed_files()},
                                 {"transfers.removed.bytes", care_->removed_bytes()}});
  }
  return counts;
}

void TransferStore::count_refused() {
  threads_->count_missed_file();
  not_stored_.fetch_add(1, std::memory_order_relaxed);
}

void TransferStore::add(std::string_view name, const WriteJob::Outcome& outcome) {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  if (outcome.linked.path.empty()) {
    not_stored_.fetch_add(1, kRelaxed);
  } else {
    files_.fetch_add(1, kRelaxed);
    bytes_.fetch_add(outcome.stored, kRelaxed);
    if (care_) care_->added(name, outcome.blocks);
    if (outcome.incomplete) incomplete_.fetch_add(1, kRelaxed);
  }
  if (!outcome.failure || outcome.too_long) return;  // too long: a fact of the capture, no trouble with the disk
  const std::lock_guard lock{mutex_};
  if (!first_failure_)
    first_failure_ = Error{fmt::format("{}: not all transfers are stored: {}", output_.path(), outcome.failure->what)};
}

}  // namespace unspool
