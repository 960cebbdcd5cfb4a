// Two honest TCP endpoints, a network that loses, delays and doubles, and a tap that misses things: captures whose
// truth is known. Everything is drawn from one seed and is the same on every machine.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/origin.h"
#include "base/timestamp.h"
#include "support/dice.h"
#include "wire/tcp.h"

namespace unspool::test {

/// How often something happens, per mille: of packets, where no more is said.
struct Weather {
  unsigned lost = 0;
  unsigned doubled = 0;
  unsigned delayed = 0;  // overtaken by others
  unsigned reset = 0;    // conversations that one side ends with a reset

  // At the tap:
  unsigned missed = 0;
  unsigned outages = 0;       // begin of a stretch of up to 60 that it misses
  unsigned late_start = 0;    // captures that begin somewhere in the conversation
  unsigned no_syn = 0;        // SYNs, and SYN-ACKs, that it misses beside others
  unsigned one_way = 0;       // captures that hold one direction only
  Duration skew{0};           // a packet is captured up to so much after it passed
  std::uint32_t snaplen = 0;  // payload bytes kept; 0: all
};

struct CapturedPacket {
  unsigned from = 0;
  wire::Segment segment;   // its bytes are the recording's
  std::uint64_t at = 0;    // of its first byte in its stream
  std::uint64_t acks = 0;  // bytes of the other stream that its sender had, and one more for the FIN
  Timestamp time;
  Timestamp clock;  // the latest time so far
  std::vector<OriginSpan> origins;
  bool after_drop = false;
};

/// What one tap saw of one conversation, and all that was said in it.
struct Recording {
  /// Packet i holds records from i * kRecords on.
  static constexpr std::uint64_t kRecords = 2;

  std::array<std::vector<std::byte>, 2> streams;
  std::array<std::vector<std::byte>, 2> syn_options;
  unsigned client = 0;
  std::vector<CapturedPacket> packets;  // as captured
  std::size_t missed = 0;               // packets that passed the tap, and are not here
};

Recording record_conversation(std::uint64_t seed, const Weather& weather);

/// Time and clock, sender, offset + length, what it acknowledges, window, flags.
std::string describe(const CapturedPacket& packet);

}  // namespace unspool::test
