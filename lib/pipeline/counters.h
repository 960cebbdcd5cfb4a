// What a run counts. Plain numbers: each belongs to one thread, and a copy is added up with those of others.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "flow/defragmenter.h"
#include "plugin/sink.h"
#include "stream/budget.h"
#include "stream/listener.h"

namespace unspool {

/// Of a dispatcher.
struct DecodeCounters {
  std::uint64_t packets = 0, bytes = 0;
  std::array<std::uint64_t, 11> kinds{};  // by wire::Kind
  std::uint64_t duplicates = 0;           // captured twice: the second ones, which go no further
  std::uint64_t cut_short = 0;            // captured shorter than on the wire
  std::uint64_t dropped = 0;              // lost before capture, as sources say
  std::uint64_t ring_dropped = 0;         // live: packets that a shard was too far behind to take

  /// Link types that are not understood, and packets of each: the first few, for the operator.
  struct UnknownLink {
    std::uint16_t link_type = 0;
    std::uint64_t packets = 0;
  };
  static constexpr std::size_t kUnknownLinks = 16;
  std::vector<UnknownLink> unknown_links;
  void count_unknown_link(std::uint16_t link_type, std::uint64_t more = 1);
  void add(const DecodeCounters& other);
};

/// By a dispatcher: packets, and the datagrams that it put together of fragments.
struct DispatchCounters {
  DecodeCounters decoded;
  FragmentCounters fragments;

  void add(const DispatchCounters& other) {
    decoded.add(other.decoded);
    fragments.add(other.fragments);
  }
};

/// By a shard.
struct ShardCounters {
  std::uint64_t sessions_tcp = 0, sessions_udp = 0;
  std::uint64_t unanswered = 0;            // of the TCP ones: handshakes that nobody answered
  std::uint64_t one_sided = 0;             // TCP sessions that ended with packets of one side only
  std::array<std::uint64_t, 8> endings{};  // by Ending
  std::uint64_t stream_bytes = 0;
  std::array<std::uint64_t, 7> gaps{};       // by Cause
  std::array<std::uint64_t, 7> gap_bytes{};  // by Cause
  std::array<std::uint64_t, kOddities> oddities{};
  std::uint64_t strays = 0;  // resets, or packets without a SYN where these are not followed, of no session
  std::uint64_t parsers = 0, parsers_failed = 0;
  std::map<std::string, std::uint64_t, std::less<>> claimed;  // sessions by the protocol that claimed them

  /// TCP sessions with bytes that no protocol claimed, by the server's port.
  struct Unclaimed {
    std::uint64_t sessions = 0, bytes = 0;
  };
  std::map<std::uint16_t, Unclaimed> unclaimed;
  std::uint64_t sessions_evicted = 0, unanswered_evicted = 0, anomalies_suppressed = 0;
  std::map<std::string, std::uint64_t, std::less<>> protocol_limits;  // how often each was reached
  Refusals held_refused{};                                            // how often a bound on what waits was reached
  std::array<std::uint64_t, 3> shed{};                                // by Shed: left out under overload

  void add(const ShardCounters& other);
};

/// All of them by name, in the order in which `stats` lists them; zeros too. `steps`: there and back, under overload.
Counts name_counts(const DispatchCounters& dispatch, const ShardCounters& shards, std::uint64_t steps);

}  // namespace unspool
