#include "pipeline/counters.h"

#include <string>

#include "pipeline/limit_report.h"

namespace unspool {
namespace {

template <std::size_t N>
void add_all(std::array<std::uint64_t, N>& to, const std::array<std::uint64_t, N>& from) {
  for (std::size_t i = 0; i < N; ++i) to[i] += from[i];
}

constexpr std::array<std::string_view, 11> kKinds{
    "tcp",           "udp",       "icmp",      "arp",      "fragment",    "other_transport",
    "other_network", "truncated", "malformed", "too_deep", "unknown_link"};

}  // namespace

void DecodeCounters::count_unknown_link(std::uint16_t link_type, std::uint64_t more) {
  for (UnknownLink& known : unknown_links) {
    if (known.link_type == link_type) known.packets += more;
    if (known.link_type == link_type) return;
  }
  if (unknown_links.size() < kUnknownLinks) unknown_links.push_back({.link_type = link_type, .packets = more});
}

void DecodeCounters::add(const DecodeCounters& other) {
  packets += other.packets;
  bytes += other.bytes;
  add_all(kinds, other.kinds);
  duplicates += other.duplicates;
  cut_short += other.cut_short;
  dropped += other.dropped;
  ring_dropped += other.ring_dropped;
  for (const UnknownLink& unknown : other.unknown_links) count_unknown_link(unknown.link_type, unknown.packets);
}

void ShardCounters::add(const ShardCounters& other) {
  sessions_tcp += other.sessions_tcp;
  sessions_udp += other.sessions_udp;
  unanswered += other.unanswered;
  one_sided += other.one_sided;
  add_all(endings, other.endings);
  stream_bytes += other.stream_bytes;
  add_all(gaps, other.gaps);
  add_all(gap_bytes, other.gap_bytes);
  add_all(oddities, other.oddities);
  strays += other.strays;
  parsers += other.parsers;
  parsers_failed += other.parsers_failed;
  add_all(held_refused, other.held_refused);
  add_all(shed, other.shed);
  sessions_evicted += other.sessions_evicted;
  unanswered_evicted += other.unanswered_evicted;
  anomalies_suppressed += other.anomalies_suppressed;
  for (const auto& [setting, times] : other.protocol_limits) protocol_limits[setting] += times;
  for (const auto& [protocol, sessions] : other.claimed) claimed[protocol] += sessions;
  for (const auto& [port, ones] : other.unclaimed) {
    unclaimed[port].sessions += ones.sessions;
    unclaimed[port].bytes += ones.bytes;
  }
}

Counts name_counts(const DispatchCounters& dispatch, const ShardCounters& shards, std::uint64_t steps) {
  const auto& [decode, fragments] = dispatch;
  Counts counts{{"capture.packets", decode.packets},           {"capture.bytes", decode.bytes},
                {"capture.cut_short", decode.cut_short},       {"capture.dropped", decode.dropped},
                {"capture.ring_dropped", decode.ring_dropped}, {"capture.duplicates", decode.duplicates}};
  for (std::size_t i = 0; i < kKinds.size(); ++i)
    counts.emplace_back("decoded." + std::string(kKinds[i]), decode.kinds[i]);
  counts.insert(counts.end(), {{"fragments.seen", fragments.fragments},
                               {"fragments.reassembled", fragments.reassembled},
                               {"fragments.timed_out", fragments.timed_out},
                               {"fragments.overlapping", fragments.overlapping},
                               {"fragments.malformed", fragments.malformed},
                               {"sessions.tcp", shards.sessions_tcp},
                               {"sessions.udp", shards.sessions_udp},
                               {"sessions.strays", shards.strays},
                               {"sessions.unanswered", shards.unanswered},
                               {"sessions.one_sided", shards.one_sided}});
  for (std::size_t i = 0; i < shards.endings.size(); ++i) {
    counts.emplace_back("sessions.ended." + std::string(name(static_cast<Ending>(i))), shards.endings[i]);
  }
  counts.emplace_back("streams.bytes", shards.stream_bytes);
  const auto by_cause = [&counts](const std::string& prefix, const auto& numbers) {
    for (std::size_t i = 0; i < numbers.size(); ++i)
      counts.emplace_back(prefix + std::string(name(static_cast<Cause>(i))), numbers[i]);
  };
  by_cause("streams.gaps.", shards.gaps);
  by_cause("streams.gap_bytes.", shards.gap_bytes);
  for (std::size_t i = 0; i < kOddities; ++i) {
    counts.emplace_back("streams.odd." + std::string(name(static_cast<Oddity>(i))), shards.oddities[i]);
  }
  counts.insert(counts.end(), {{"parsers.started", shards.parsers}, {"parsers.failed", shards.parsers_failed}});
  for (const auto& [protocol, sessions] : shards.claimed) counts.emplace_back("parsers.claimed." + protocol, sessions);
  for (std::size_t i = 0; i < shards.shed.size(); ++i)
    counts.emplace_back("overload." + std::string(name(static_cast<Shed>(i))), shards.shed[i]);
  counts.emplace_back("overload.steps", steps);
  const std::string reached{kLimitsReached};
  counts.insert(counts.end(), {{reached + "capture.queue", decode.ring_dropped},
                               {reached + "limits.sessions", shards.sessions_evicted},
                               {reached + "limits.unanswered", shards.unanswered_evicted},
                               {reached + "limits.fragmented_datagrams", fragments.evicted},
                               {reached + "limits.fragment_bytes", fragments.evicted_for_bytes},
                               {reached + "events.anomalies", shards.anomalies_suppressed}});
  for (std::size_t i = 0; i < kBounds; ++i) {
    counts.emplace_back(reached + "streams." + std::string(setting_of(static_cast<Bound>(i))), shards.held_refused[i]);
  }
  for (const auto& [setting, times] : shards.protocol_limits)
    counts.emplace_back(reached + "protocols." + setting, times);
  return counts;
}

}  // namespace unspool
