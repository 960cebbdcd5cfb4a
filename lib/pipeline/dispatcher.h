// From packets to batches: decodes each one once, puts fragments together, and picks the shard.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
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

/// Lives on the capture loop. Fills one batch for each shard and passes it on when it is full, when the packets' block
/// is used up, and on flush().
class Dispatcher {
 public:
  /// Takes a batch to its shard and answers with an empty one; or with the same, when the shard is too far behind to
  /// take it and nobody may wait.
  using Send = std::function<std::unique_ptr<Batch>(unsigned shard, std::unique_ptr<Batch>)>;

  Dispatcher(const Settings& settings, unsigned shards, const HashSecret& secret, Clock::Feed feed, Send send);

  void take(const Packet& packet);
  /// Sends what there is; shards for which there is nothing get the clock alone.
  void flush();
  /// Live: nothing older than `time` will come. Sends what there is.
  void advance(Timestamp time);
  /// Sends what there is; every shard tells its counters, and sends its events on their way.
  void report();
  /// The last flush: every shard ends its sessions.
  void finish();

  Timestamp now() const { return clock_.now(); }
  const DecodeCounters& counters() const { return counters_; }
  const FragmentCounters& fragments() const { return defragmenter_.counters(); }

 private:
  Timestamp observe(Timestamp time);
  void tell_leap();
  void take_fragment(const Packet& packet, Timestamp clock);
  void take_whole(const Packet& packet, Timestamp clock, const Defragmenter::Whole* whole);
  SessionKey key_of(std::uint16_t source_port, std::uint16_t destination_port) const;
  void take_arp(const Packet& packet, Timestamp clock);
  Batch& batch_for(unsigned shard, const Packet& packet);
  bool after_drop(unsigned shard);
  unsigned shard_of(const SessionHash& hash) const;
  void copy_whole(Batch& batch, const Defragmenter::Whole& whole, Item& item);
  void send(unsigned shard);
  void watch_source(const Packet& packet);

  const Settings& settings_;
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
};

}  // namespace unspool
