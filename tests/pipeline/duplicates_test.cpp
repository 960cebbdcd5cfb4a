// Packets that a mirror port shows twice.
#include <gtest/gtest.h>

#include "run.h"
#include "support/encapsulation.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const Dialog kDialog = Dialog(80).open().client("GET /").server("200").pause(1s).close();
constexpr const char* kFlow = "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn closed C5 S3";

/// Every packet again after so long, as `change` makes it.
Stamped doubled(
    const Stamped& packets, Duration after,
    const std::function<Frame(const Frame&)>& change = [](const Frame& frame) { return frame; }) {
  Stamped all = packets;
  for (const auto& [time, frame] : packets) all.emplace_back(time + after, change(frame));
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return all;
}

/// The same frame, behind one more router: other link addresses, and a TTL one lower.
Frame routed(const Frame& frame) {
  std::string ip = frame.bytes().substr(14);
  ip[8] = static_cast<char>(ip[8] - 1);
  ip[10] = static_cast<char>(ip[10] + 1);  // its checksum
  return eth().next(0x0800) / data(ip);
}

Frame datagram(std::uint16_t id, const char* text, std::uint16_t port = 5000) {
  return eth() / ip4("10.0.0.1", "10.0.0.2").fragment(id, 0, false) / udp(port, 514).payload(text);
}
Frame segment6(const Tcp& segment) { return eth() / ip6("fd00::1", "fd00::2") / segment; }

TEST(Duplicates, OfASessionAreCountedAndGoNoFurther) {
  for (const Duration after : {0us, 20us, 9'000us}) {
    const Ran ran = run(doubled(kDialog.packets(), after));
    EXPECT_THAT(ran.flows, ElementsAre(kFlow)) << "with no retransmission";
    EXPECT_EQ(ran.count("capture.duplicates"), kDialog.size());
  }
  const Ran late = run(doubled(kDialog.packets(), 11ms));
  EXPECT_EQ(late.count("capture.duplicates"), 0U);
  EXPECT_EQ(late.count("streams.odd.retransmission"), 2U);
}

TEST(Duplicates, MayComeFromBehindARouter) {
  const Ran ran = run(doubled(kDialog.packets(), 20us, routed));
  EXPECT_THAT(ran.flows, ElementsAre(kFlow));
  EXPECT_EQ(ran.count("capture.duplicates"), kDialog.size());
}

TEST(Duplicates, MayStandInAnotherTunnelHeader) {
  std::uint16_t id = 0;
  const auto mirrored = [&](const Frame& frame) {
    return Frame{eth() / ip4("10.9.0.1", "10.9.0.2").fragment(++id, 0, false) / gre(kGreSequence) / erspan(2) /
                 eth().next(0x0800) / data(frame.bytes().substr(14))};
  };
  Stamped packets;
  for (const auto& [time, frame] : kDialog.packets()) {
    packets.emplace_back(time, mirrored(frame));
    packets.emplace_back(time, mirrored(frame));
  }
  const Ran ran = run(packets);
  EXPECT_THAT(ran.flows, ElementsAre(kFlow));
  EXPECT_EQ(ran.count("capture.duplicates"), kDialog.size());
}

TEST(Duplicates, AreNotJudgedWhereTheSettingSaysSo) {
  Settings settings;
  settings.pipeline.duplicates = 0ms;
  const Ran ran = run(doubled(kDialog.packets(), 20us), settings);
  EXPECT_EQ(ran.count("capture.duplicates"), 0U);
  EXPECT_EQ(ran.count("streams.odd.retransmission"), 2U);
}

/// A row: packets a tenth of a millisecond apart, and how many of them are duplicates.
struct Row {
  const char* what;
  std::vector<Frame> frames;
  std::uint64_t duplicates;
};

TEST(Duplicates, AreTheSameToTheLastByte) {
  const Tcp evil = tcp(1000, 80).seq(1).ack(1).payload("EVIL"), live = tcp(1000, 80).seq(1).ack(1).payload("LIVE");
  const Tcp bare = tcp(1000, 80).seq(1).ack(1);
  const std::vector<Row> rows{
      {"the same", {datagram(7, "a"), datagram(7, "a")}, 1},
      {"three times", {datagram(7, "a"), datagram(7, "a"), datagram(7, "a")}, 2},
      {"with another between", {datagram(7, "a"), datagram(8, "b"), datagram(7, "a")}, 1},
      {"sent again by its host", {datagram(7, "a"), datagram(8, "a")}, 0},
      {"of another port", {datagram(7, "a"), datagram(7, "a", 5001)}, 0},
      {"another text, as long", {datagram(7, "a"), datagram(7, "b")}, 0},
      {"the same letters, so the same checksum",
       {eth() / ip4("10.0.0.1", "10.0.0.2") / evil, eth() / ip4("10.0.0.1", "10.0.0.2") / live},
       0},
      {"nothing says that it was not sent twice", {datagram(0, "a"), datagram(0, "a")}, 0},
      {"IPv6, with bytes", {segment6(evil), segment6(evil)}, 1},
      {"IPv6, acknowledgements, which do come twice", {segment6(bare), segment6(bare)}, 0},
  };
  for (const Row& row : rows) {
    Stamped packets;
    for (const Frame& frame : row.frames) packets.emplace_back(kTestTime + packets.size() * 100us, frame);
    EXPECT_EQ(run(packets).count("capture.duplicates"), row.duplicates) << row.what;
  }
}

TEST(Duplicates, OfFragmentsAreNotPutTogetherAgain) {
  Stamped packets;
  for (const bool first : {true, true, false, false}) {
    const Plain part = data(first ? std::string("\x13\x88\x02\x02\x00\x0c\x00\x00", 8) : "text", 17);
    packets.emplace_back(kTestTime, eth() / ip4("10.0.0.1", "10.0.0.2").fragment(7, first ? 0 : 8, first) / part);
  }
  const Ran ran = run(packets);
  EXPECT_EQ(ran.count("capture.duplicates"), 2U);
  EXPECT_EQ(ran.count("fragments.reassembled"), 1U);
  EXPECT_THAT(ran.flows, ElementsAre("UDP 10.0.0.1:5000 > 10.0.0.2:514 port capture_end 1:0"));
}

TEST(Duplicates, AcrossTheEdgeOfABlock) {
  Stamped packets;
  const std::string text(1400, 'x');
  for (std::uint16_t id = 1; id <= 1000; ++id) {
    for (int times = 0; times < 2; ++times) packets.emplace_back(kTestTime + id * 10us, datagram(id, text.c_str()));
  }
  EXPECT_EQ(run(packets).count("capture.duplicates"), 1000U);
}

}  // namespace
}  // namespace unspool::test
