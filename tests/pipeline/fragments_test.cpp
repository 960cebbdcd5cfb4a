// Fragments on the whole way: what becomes of them in sessions, which limits hold, and where their bytes are from.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "carried.h"
#include "hearing.h"
#include "run.h"
#include "support/encapsulation.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;

/// UDP: a header, and 32 bytes.
const std::string kDatagram = [] {
  const std::string ip =
      raw() / ip4("10.0.0.1", "10.0.0.2") / udp(5000, 2000).payload("abcdefghijklmnopqrstuvwxyzABCDEF");
  return ip.substr(20);
}();

/// Of the datagram. The last one ends at 40.
struct Part {
  std::uint16_t from = 0, to = 40;
  std::uint16_t id = 1, vlan = 0;
  std::uint8_t protocol = 17;
  Duration at{0};
  bool other = false;  // bytes

  Part on_vlan(std::uint16_t number) && { return vlan = number, *this; }
  Part of_protocol(std::uint8_t number) && { return protocol = number, *this; }
  Part after(Duration time) && { return at = time, *this; }
  Part with_other_bytes() && { return other = true, *this; }
};

Stamped of(const std::vector<Part>& parts, bool six) {
  Stamped packets;
  for (const Part& part : parts) {
    const bool more = part.to < 40;
    std::string bytes = kDatagram.substr(part.from, part.to - part.from);
    if (part.other) bytes.assign(bytes.size(), '?');
    const Frame front = part.vlan == 0 ? Frame{eth()} : eth() / vlan(part.vlan);
    packets.emplace_back(
        kTestTime + part.at,
        six ? front / ip6("2001:db8::1", "2001:db8::2") / fragment6(part.id, part.from, more) /
                  data(bytes, part.protocol)
            : front / ip4("10.0.0.1", "10.0.0.2").fragment(part.id, part.from, more) / data(bytes, part.protocol));
  }
  return packets;
}

TEST(Fragments, WhatBecomesOfThem) {
  struct Row {
    const char* what;
    std::vector<Part> parts;
    unsigned wholes4, wholes6;  // datagrams that sessions get
    const char* counted = "";   // beside fragments.seen and fragments.reassembled
    Settings settings = {};
  };
  Settings two, few_bytes, short_time;
  two.limits.fragmented_datagrams = 2;
  few_bytes.limits.fragment_bytes = 1000;
  short_time.timeouts.fragments = 2s;
  const Row rows[] = {
      {"in order", {{0, 16}, {16, 24}, {24, 40}}, 1, 1},
      {"holes close in any order (RFC 815)", {{24, 32}, {0, 8}, {32, 40}, {16, 24}, {8, 16}}, 1, 1},
      {"one is missing", {{0, 16}, {24, 40}}, 0, 0},
      {"an atomic one (RFC 6946)", {{0, 40}}, 1, 1},
      {"an atomic one beside others of its identification", {{0, 16}, {0, 40}, {16, 40}}, 2, 2},
      {"a copy", {{0, 16}, Part{0, 16}.after(1s), Part{16, 40}.after(1s)}, 1, 1, "fragments.overlapping=1"},
      {"an overlap: IPv6 drops all of it (RFC 5722)",
       {{0, 24}, Part{16, 40}.with_other_bytes()},
       1,
       0,
       "fragments.overlapping=1"},
      {"and what comes of it later does not make it whole",
       {{0, 24}, Part{16, 32}.with_other_bytes(), {32, 40}},
       1,
       0,
       "fragments.overlapping=1"},
      {"in time", {{0, 24}, Part{24, 40}.after(29s)}, 1, 1},
      {"too late", {{0, 24}, Part{24, 40}.after(30s)}, 0, 0, "fragments.timed_out=1"},
      {"too late, by its setting", {{0, 24}, Part{24, 40}.after(2s)}, 0, 0, "fragments.timed_out=1", short_time},
      {"as many datagrams as may wait", {{0, 24}, {0, 24, 2}, {24, 40}}, 1, 1, "", two},
      {"one more",
       {{0, 24}, {0, 24, 2}, {0, 24, 3}, {24, 40}},
       0,
       0,
       "limits_reached.limits.fragmented_datagrams=2",
       two},
      {"as many bytes as may wait", {{0, 24}, {0, 24, 2}, {24, 40}}, 1, 1, "", few_bytes},
      {"more bytes",
       {{0, 24}, {0, 24, 2}, {0, 24, 3}, {24, 40}},
       0,
       0,
       "limits_reached.limits.fragment_bytes=2",
       few_bytes},
      {"on two VLANs", {Part{0, 24}.on_vlan(5), Part{24, 40}.on_vlan(6)}, 0, 0},
      {"on one VLAN", {Part{0, 24}.on_vlan(5), Part{24, 40}.on_vlan(5)}, 1, 1},
      {"of two protocols, which IPv6 tells by the first", {{0, 24}, Part{24, 40}.of_protocol(6)}, 0, 1},
      {"of two identifications", {{0, 24, 1}, {24, 40, 2}}, 0, 0},
  };
  for (const Row& row : rows) {
    for (const bool six : {false, true}) {
      const Ran ran = run(of(row.parts, six), row.settings);
      const std::string about = fmt::format("{}, IPv{}", row.what, six ? 6 : 4);
      EXPECT_EQ(ran.count("decoded.udp"), six ? row.wholes6 : row.wholes4) << about;
      std::string counted;
      for (const std::string name :
           {"fragments.timed_out", "fragments.overlapping", "fragments.malformed",
            "limits_reached.limits.fragmented_datagrams", "limits_reached.limits.fragment_bytes"}) {
        if (ran.count(name) > 0) counted += fmt::format("{}{}={}", counted.empty() ? "" : " ", name, ran.count(name));
      }
      EXPECT_EQ(counted, row.counted) << about;
    }
  }
}

/// "abc@1 de@2": bytes, and the packet that brought them.
std::string heard(const Stamped& packets) {
  const HeldPackets held{{to_pcap(packets)}};
  std::size_t next = 0;
  const Hearing hearing = hear([&](Packet& packet) {
    if (next == held.list().size()) return false;
    packet = held.list()[next++];
    return true;
  });
  std::string line;
  for (const HeardSession& session : hearing.sessions) {
    for (const Piece& piece : session.pieces) {
      line += fmt::format("{}{}@{}", line.empty() ? "" : " ", piece.bytes, piece.origin.record);
    }
  }
  return line;
}

TEST(Fragments, EachPartHasItsOwnOrigin) {
  EXPECT_EQ(heard(of({{0, 16}, {16, 24}, {24, 40}}, false)), "abcdefgh@0 ijklmnop@1 qrstuvwxyzABCDEF@2");
  EXPECT_EQ(heard(of({{24, 40}, {16, 24}, {0, 16}}, true)), "abcdefgh@2 ijklmnop@1 qrstuvwxyzABCDEF@0");
  EXPECT_EQ(heard(of({{0, 24}, {16, 40}}, false)), "abcdefghijklmnop@0 qrstuvwxyzABCDEF@1") << "the first copy's";
  EXPECT_EQ(heard(of({{0, 8}, {8, 40}}, false)), "abcdefghijklmnopqrstuvwxyzABCDEF@1") << "a header alone is no part";

  const std::string segment =
      (raw() / ip4("10.0.0.1", "10.0.0.2") / tcp(5000, 80).seq(1).ack(1).payload("abcdefgh")).bytes().substr(20);
  const auto part = [&](std::uint16_t from, std::size_t size, bool more) {
    return eth() / ip4("10.0.0.1", "10.0.0.2").protocol(6).fragment(1, from, more) / data(segment.substr(from, size));
  };
  EXPECT_EQ(heard({{kTestTime, part(24, 4, false)}, {kTestTime, part(0, 24, true)}}), "abcd@1 efgh@0");
  EXPECT_EQ(heard({{kTestTime, part(0, 16, true)}, {kTestTime, part(16, 8, true)}, {kTestTime, part(24, 4, false)}}),
            "abcd@1 efgh@2")
      << "the header itself is in two";
}

}  // namespace
}  // namespace unspool::test
