// Traffic for measuring: the same order gives the same packets on every machine.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/timestamp.h"
#include "bench/made_flow.h"

namespace unspool::bench {

/// bulk: 8 sessions, each one large transfer, up or down in turn. web: short HTTP sessions of 1 to 3 replies of 1 to 60
/// KB, 15 % of them IPv6. lossy: web with losses, late and repeated segments. smallpkt: keystrokes, echoes and
/// acknowledgements of 10,000 sessions that live at once. brief: a request and reply of 100 bytes, and over. synflood:
/// SYNs of random sources to one server that answers none, and one session with that server for each 5,000 of them.
/// idle: opened, 100 bytes each way, never closed.
enum class Workload : std::uint8_t { bulk, web, lossy, smallpkt, brief, synflood, idle };
std::optional<Workload> workload_named(std::string_view name);

struct Order {
  Workload workload = Workload::web;
  std::uint64_t amount = 0;   // of bulk, web, lossy, smallpkt: bytes of the file, about; else sessions. 0: as measured
  std::uint32_t at_once = 0;  // sessions whose packets are mixed; 0: as measured
  std::uint64_t seed = 1;
  std::uint32_t packets_a_second = 500'000;  // by their stamps
  std::uint64_t most_packets = UINT64_MAX;   // then it stops, wherever sessions are
  bool with_truth = false;
};

struct Totals {
  std::uint64_t packets = 0, bytes = 0;   // of frames
  std::uint64_t sessions = 0;             // that were answered
  std::uint64_t payload = 0, unseen = 0;  // bytes that were sent, and how many of them the capture has lost
};

struct Taker {
  /// A frame of Ethernet, valid until the call returns.
  std::function<void(Timestamp, std::string_view frame)> frame;
  /// A session is over; with Plan::with_truth, and may be empty.
  std::function<void(MadeFlow&)> over;
};
Totals make(const Order& order, const Taker& taker);

/// The same of any sessions.
struct Mix {
  std::function<std::optional<Plan>()> next;  // nothing: there are no more
  std::uint32_t at_once = 64;
  std::uint64_t seed = 1;
  std::uint32_t packets_a_second = 500'000;
  std::uint64_t most_packets = UINT64_MAX;
};
Totals mix(const Mix& of, const Taker& taker);

}  // namespace unspool::bench
