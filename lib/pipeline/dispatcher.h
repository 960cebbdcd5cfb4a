// From packets to batches: decodes each one once, puts fragments together, and picks the shard.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "capture/packet.h"
#include "flow/defragmenter.h"
#include "flow/session_key.h"
#include "pipeline/batch.h"
#include "pipeline/clock.h"
#include "pipeline/counters.h"
#include "pipeline/duplicates.h"
#include "settings/settings.h"
#include "wire/datagram.h"

namespace unspool {

/// Lives on one capture loop, one of `loops` that share the limits of the settings. Fills one batch for each shard and
/// passes it on when it is full, when the packets' block is used up, and on flush().
class Dispatcher {
 public:
  /// Takes a batch to its shard, and puts an empty one in its place; or leaves it, when the shard is too far behind to
  /// take it and nobody may wait.
  using Send = std::function<bool(unsigned shard, std::unique_ptr<Batch>&)>;
  struct Told {
    DispatchCounters counters;
    Timestamp clock;
  };

  Dispatcher(const Settings& settings, unsigned loop, unsigned loops, unsigned shards, const HashSecret& secret,
             Clock::Feed feed, Send send);

  /// One packet, in the order of the capture.
  void take(const Packet& packet);
  /// The source is idle: sends what there is. Shards for which there is nothing get the clock alone.
  void flush();
  /// The same, live: nothing older than `time` will come. To be told each second: what is missing is a clock that was
  /// set.
  void advance(Timestamp time);
  /// Sends what there is. Every shard tells its counters and sends its events on their way, soon, not at once; told()
  /// tells those of now.
  void report();
  /// The last flush: when all loops have come so far, every shard ends its sessions.
  void finish(Ending ending);

  /// By its clock.
  Timestamp now() const { return clock_.now(); }
  /// As of the last report(), or finish(). Any thread.
  Told told() const;
  /// Packets lost so far, before they came here and for want of room on the way to shards. Any thread.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  Timestamp observe(Timestamp time);
  void tell_leap();
  void take_fragment(const Packet& packet, Timestamp clock);
  void take_whole(const Packet& packet, Timestamp clock, const Defragmenter::Whole* whole);
  SessionKey::Directed key_of(std::uint16_t source_port, std::uint16_t destination_port) const;
  void take_arp(const Packet& packet, Timestamp clock);
  Batch& batch_for(unsigned shard, const Packet& packet);
  bool after_drop(unsigned shard);
  unsigned shard_of(const SessionHash& hash) const;
  void copy_whole(Batch& batch, const Defragmenter::Whole& whole, Item& item);
  void send(unsigned shard);
  void watch_source(const Packet& packet);
  void count_lost(std::uint64_t& counter, std::uint64_t packets);
  void tell();

  const Settings& settings_;
  unsigned loop_;
  const HashSecret& secret_;
  Send send_;
  BlockPool whole_pool_;
  BlockRef whole_block_;        // holds datagrams that were put together, one behind the other
  std::size_t whole_used_ = 0;  // of it
  std::vector<std::unique_ptr<Batch>> batches_;
  Clock clock_;
  std::uint64_t leaps_ = 0;  // of the clock, told to shards
  Duplicates duplicates_;
  Defragmenter defragmenter_;
  DecodeCounters counters_;
  struct SourceState {
    const Block* block = nullptr;
    std::uint64_t dropped = 0;
  };
  std::vector<SourceState> sources_;      // as last seen
  std::vector<std::uint8_t> after_drop_;  // by shard: a source lost packets since its last item
  wire::Datagram datagram_;
  std::atomic<std::uint64_t> lost_{0};
  mutable std::mutex told_mutex_;
  Told told_;
};

}  // namespace unspool
