// What is left on disk: files that protocols found, below transfers/<host>/ of both hosts.
//
// It has two halves. On the shard: names, counters, and what is not written yet (shard_transfers.h). Behind it, jobs
// that need nothing of the shard (file_writer.h): they run inline, or on threads of the store (writer_threads.h), so
// that a slow or full disk stalls no capture.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "plugin/plugin.h"
#include "plugin/sink.h"
#include "settings/settings.h"
#include "transfer/file_writer.h"
#include "transfer/output_directory.h"
#include "transfer/store_care.h"
#include "transfer/store_news.h"
#include "transfer/writer_threads.h"

namespace unspool {

struct TransferTotals {
  std::uint64_t files = 0;       // on disk, incomplete ones counted
  std::uint64_t bytes = 0;       // in them, holes left out
  std::uint64_t incomplete = 0;  // of the files: those that say so in their name
  std::uint64_t not_stored = 0;  // transfers without a file, since the disk failed, or under overload
};

/// What transfers are found in: captures that can be waited with; captures that go on arriving, which can be waited
/// with for a while; or the traffic of an interface, which goes on. The store of the last two is kept within its
/// limits.
enum class Feed : std::uint8_t { files, arriving, live };

/// Shared by all shards. Outlives the sinks that it makes.
class TransferStore {
 public:
  /// `output` outlives the store. The bound on open files is shared out among the shards, or the threads that write.
  /// `say` tells the operator, on any thread, what befalls the store as a whole.
  TransferStore(const OutputDirectory& output, const TransferSettings& settings, unsigned shards,
                Feed feed = Feed::files, Say say = {});
  ~TransferStore();

  /// A sink for one shard, used by one thread. `events` outlives it; it outlives its transfers.
  std::unique_ptr<TransferSink> sink(EventSink& events);

  /// Why a transfer could not be stored as it should, the first time, and what to do about it. Any thread.
  std::optional<Error> failed() const;
  /// Of all shards so far. Any thread.
  TransferTotals totals() const;
  /// The same and more by name, as `stats` lists them. Any thread.
  Counts counts() const;

 private:
  friend class ShardTransfers;
  friend class StoredTransfer;
  /// Counts a transfer that ended.
  void add(std::string_view name, const WriteJob::Outcome& outcome);
  void count_refused();
  void count_shed() { not_stored_.fetch_add(1, std::memory_order_relaxed); }
  FileWriter writer(unsigned count) const;
  void start_threads(unsigned count, Feed feed);

  const OutputDirectory& output_;
  TransferSettings settings_;
  unsigned shards_;
  Feed feed_;
  std::size_t descriptors_;  // that files and directories may take
  StoreNews news_;
  std::unique_ptr<WriterThreads> threads_;  // none: each shard writes its own
  std::unique_ptr<StoreCare> care_;         // of what is stored, where it goes on and on
  std::atomic<std::uint64_t> files_{0}, bytes_{0}, incomplete_{0}, not_stored_{0};
  mutable std::mutex mutex_;  // taken when a disk fails
  std::optional<Error> first_failure_;
};

}  // namespace unspool
