// A shard with its thread, and the ways on which capture loops hand batches to it and get them back.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/ring.h"
#include "pipeline/batch.h"
#include "pipeline/counters.h"
#include "pipeline/shard.h"

namespace unspool {

/// A sign of life of a thread: how many pieces of work it was given so far, and how many of them it has done.
struct Pulse {
  std::uint64_t given = 0, done = 0;
  std::string who;  // for the operator
};

/// What happens to a batch whose shard is too far behind: files wait, so that nothing is lost; interfaces do not.
enum class WhenBehind : std::uint8_t { wait, drop };

/// Between one loop and one shard. Batches travel as raw pointers and are owned by whoever has taken them.
class Way {
 public:
  /// Bounds what is on the way there: `bytes` of packets, `batches` there and back.
  struct Room {
    std::uint64_t bytes = 0;
    std::size_t batches = 0;
  };
  /// `shard`: what the shard sleeps on.
  Way(Room room, WhenBehind when_behind, Bell& shard)
      : room_{room}, when_behind_{when_behind}, full_{room.batches, shard}, spent_{room.batches, back_} {}
  Way(const Way&) = delete;
  Way& operator=(const Way&) = delete;
  ~Way() { clear(); }
  /// When neither thread uses it any more: lets go of all that batches hold.
  void clear();

  // On the loop's thread.
  /// Sends a batch, and gives an empty one for it; or does not, and leaves it, where nobody may wait.
  bool send(std::unique_ptr<Batch>& batch);
  // On the shard's thread.
  /// Null when nothing has come.
  Batch* take() { return full_.try_pop(); }
  void give_back(Batch* batch) { spent_.push(batch); }
  // On any.
  /// Percent of the room that was taken at the most since it was asked last.
  unsigned filled() { return filled_.exchange(0, std::memory_order_relaxed); }

 private:
  bool has_empty();
  void take_back(Batch* batch);

  Room room_;
  WhenBehind when_behind_;
  Bell back_;  // what the loop sleeps on, where it waits
  Ring<Batch> full_, spent_;
  std::vector<std::unique_ptr<Batch>> empty_;  // that have come back
  std::size_t batches_ = 1;                    // made so far, that of the dispatcher too
  std::uint64_t bytes_ = 0;                    // on the way there
  std::atomic<unsigned> filled_{0};
};

/// Its shard belongs to its thread, or to the only loop's where it has none.
class Lane {
 public:
  /// A way for each of `loops`; `shards` share the limits of the settings.
  Lane(const Settings& settings, unsigned shards, unsigned loops, Way::Room room, WhenBehind when_behind,
       ShardOutputs outputs);

  /// From here on the shard works on a thread, which is called by its number.
  void start(unsigned number);
  /// Waits for the thread, which ends when every loop has sent its last batch, and lets go of all that batches hold.
  void join();

  /// As of Way, from a loop. Where there is no thread, all is done on return.
  bool send(unsigned loop, std::unique_ptr<Batch>& batch);
  void shed(Shedding shedding) { shedding_.store(shedding, std::memory_order_relaxed); }
  unsigned filled();
  /// Equal numbers where there is no thread.
  Pulse pulse(unsigned number) const;

  /// Of the last report.
  ShardCounters told() const;
  /// Moves what reports said of unanswered handshakes, which lay before the time that is the answer, into `summary`.
  Timestamp take_unanswered(UnansweredSummary& summary);

  /// While no thread works on it; but what it says of sessions and gaps, at any time.
  Shard& shard() { return shard_; }
  const Shard& shard() const { return shard_; }

 private:
  void run();
  Batch* next();
  void take(const Batch& batch);
  void report();

  Shard shard_;
  Bell bell_;
  std::vector<std::unique_ptr<Way>> ways_;      // by loop
  std::size_t turn_ = 0;                        // whose batch is looked for first
  std::size_t ends_ = 0;                        // loops that have sent their last one
  std::atomic<std::uint64_t> given_{0};         // batches, to the thread
  std::atomic<std::uint64_t> done_{0};          // of these, by the thread
  std::atomic<Shedding> shedding_{Shedding{}};  // not in batches: those that wait are what it is for
  std::thread thread_;
  mutable std::mutex told_mutex_;
  ShardCounters told_;                    // of the last report
  UnansweredSummary told_unanswered_;     // of all reports, until it is taken
  Timestamp told_at_ = Timestamp::min();  // the shard's clock at the last one
};

}  // namespace unspool
