// What the dispatcher hands to shards: descriptors of packets, and the blocks that they point into.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/origin.h"
#include "base/timestamp.h"
#include "capture/packet.h"
#include "flow/session_key.h"
#include "pipeline/clock.h"
#include "stream/chunk.h"
#include "wire/tcp.h"

namespace unspool {

/// One decoded packet.
struct Item {
  enum class Kind : std::uint8_t { tcp, udp, arp };

  /// Each member is written once: clearing them first would take as long as decoding.
  Item(const SessionKey& of_session, std::uint32_t hash_of_key, const wire::Segment& what, const Packet& packet,
       Timestamp now)
      : key{of_session},
        segment{what},
        time{packet.time},
        clock{now},
        origin{.record = packet.record, .source = packet.source},
        hash{hash_of_key},
        frame_bytes{packet.wire_length} {}

  SessionKey key;
  wire::Segment segment;  // of UDP and ARP `payload` and `missing` alone: the datagram's, the packet
  Timestamp time;         // the packet's own
  Timestamp clock;        // the run's
  Origin origin;
  std::uint32_t hash;            // SessionHash::session
  std::uint32_t frame_bytes;     // on the wire
  std::uint32_t first_span = 0;  // in Batch::spans, when fragments were put together
  std::uint16_t spans = 0;       // so many there; 0: the packet came whole, from `origin`
  Kind kind = Kind::tcp;
  bool from_high : 1 = false;   // sent by key.high()
  bool after_drop : 1 = false;  // the source lost packets just before this one
  bool bad_checksum : 1 = false;
  bool source_routed : 1 = false;  // and not at the end of its route
};
static_assert(sizeof(Item) <= 168);

struct Batch {
  static constexpr std::size_t kItems = 256;
  static constexpr std::size_t kBlocks = 32;  // bounds the memory that a batch keeps from being used again

  std::vector<Item> items;
  std::vector<OriginSpan> spans;
  std::vector<BlockRef> blocks;    // what items point into; let go by the loop when the batch has come back
  std::vector<Clock::Leap> leaps;  // of the clock, since the batch before
  std::size_t bytes = 0;           // of packets, and of the items that describe them
  Timestamp clock;                 // of the run, behind the last item
  unsigned loop = 0;               // which of the run's capture loops it comes from
  bool report = false;             // the shard tells its counters, and sends its events on their way
  std::optional<Ending> end;       // of the run: nothing comes from that loop any more

  Batch() { items.reserve(kItems); }
  bool full() const { return items.size() == kItems || blocks.size() >= kBlocks; }
  /// Keeps `block`, which its source still holds, until the batch is cleared; none where the bytes stay anyway.
  void hold(Block* block) {
    if (blocks.empty() || blocks.back().get() != block) hold_another(block);
  }
  [[gnu::noinline]] void hold_another(Block* block) {
    assert(block == nullptr || block->is_held());
    const auto holds = [block](const BlockRef& held) { return held.get() == block; };
    if (std::none_of(blocks.begin(), blocks.end(), holds)) blocks.emplace_back(block);
  }
  void clear() {
    items.clear();
    spans.clear();
    blocks.clear();
    leaps.clear();
    bytes = 0;
    report = false;
    end.reset();
  }
  /// Clears the packets; what else is to be told stays.
  void drop_items() {
    items.clear();
    spans.clear();
    blocks.clear();
    bytes = 0;
  }
};

}  // namespace unspool
