// The whole way from packets to what is said of them.
#include "pipeline/pipeline.h"

#include <gtest/gtest.h>

#include "run.h"
#include "support/capture_file.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kClient = "10.0.0.1";
constexpr const char* kServer = "10.0.0.2";

/// What an Ethernet frame carries behind its IPv4 header.
std::string behind_ip(const Frame& frame) { return frame.bytes().substr(14 + 20); }

TEST(Pipeline, ConversationInOrder) {
  const Ran ran = run(Dialog(80).open().client("GET /").server("200").client("GET /b").server("404").close().packets());
  EXPECT_THAT(ran.flows, ElementsAre("TCP 10.0.0.1:49152 > 10.0.0.2:80 syn closed C11 S6"));
  EXPECT_THAT(ran.transfers, ElementsAre("client.raw GET /GET /b CLOSED", "server.raw 200404 CLOSED"));
  EXPECT_EQ(ran.count("capture.packets"), 10U);
  EXPECT_EQ(ran.count("sessions.tcp"), 1U);
  EXPECT_EQ(ran.count("sessions.ended.closed"), 1U);
}

TEST(Pipeline, PacketsInTheWrongOrderAreNoMatter) {
  const auto whole = Dialog(80).open().client("GET /").client("x").server("200").close();
  EXPECT_EQ(run(Dialog{whole}.swap(3, 4).packets()).transfers, run(whole.packets()).transfers);
  EXPECT_EQ(run(Dialog{whole}.swap(4, 5).packets()).transfers, run(whole.packets()).transfers);
  Settings settings;
  settings.pipeline.duplicates = 0ms;
  EXPECT_EQ(run(Dialog{whole}.repeat(3).packets(), settings).transfers, run(whole.packets()).transfers);
}

TEST(Pipeline, LostPacketIsAGap) {
  const Ran ran = run(Dialog(80).open().client("one").client("two").server("ok").pause(1s).close().lose(3).packets());
  EXPECT_THAT(ran.flows, ElementsAre("TCP 10.0.0.1:49152 > 10.0.0.2:80 syn closed C3[0+3 not_captured] S2"));
  EXPECT_THAT(ran.transfers, ElementsAre("client.raw <3>two CLOSED", "server.raw ok CLOSED"));
  EXPECT_EQ(ran.count("streams.gaps.not_captured"), 1U);
  EXPECT_EQ(ran.count("streams.gap_bytes.not_captured"), 3U);
}

TEST(Pipeline, NothingDependsOnTheNumberOfWorkers) {
  std::vector<Dialog> dialogs;
  for (std::uint16_t i = 0; i < 200; ++i) {
    Dialog one(80, static_cast<std::uint16_t>(20000 + i), i % 3 == 0 ? "10.0.0.7" : kClient,
               i % 2 == 0 ? kServer : "10.0.0.3");
    one.open()
        .client("GET /" + std::to_string(i))
        .server(std::string(100 + i, 'x'))
        .client("again")
        .server("more")
        .close();
    if (i % 5 == 0) one.lose(3 + i % 4);
    if (i % 7 == 0) one.swap(3, 5);
    if (i % 11 == 0) one.repeat(4);
    dialogs.push_back(one);
  }
  const Stamped packets = together(dialogs);
  const std::string alone = run(packets).all();
  EXPECT_EQ(run(packets, {}, 1).all(), alone);
  EXPECT_EQ(run(packets, {}, 2).all(), alone);
  EXPECT_EQ(run(packets, {}, 7).all(), alone);
  Settings by_session;
  by_session.pipeline.shard_by = ShardBy::session;
  EXPECT_EQ(run(packets, by_session, 3).all(), alone);
}

TEST(Pipeline, OnePacketFarAheadEndsNothing) {
  Settings settings;
  settings.timeouts.idle = 10s;
  const Ran ran = run(together({Dialog(80).open().client("x"), Dialog(81).open().pause(1h).client("y")}), settings);
  EXPECT_THAT(ran.flows, ElementsAre("TCP 10.0.0.1:49152 > 10.0.0.2:80 syn capture_end C1 S0",
                                     "TCP 10.0.0.1:49152 > 10.0.0.2:81 syn capture_end C1 S0"))
      << "one packet an hour ahead does not move the clock";
}

TEST(Pipeline, SessionsThatGoOnWhileTheClockLeapsAreNotIdle) {
  Dialog old(80), last(443), going(81);
  old.open();
  last.pause(1s).open();  // at the moment where the clock stops
  going.pause(24h).open();
  for (int i = 0; i < 40; ++i) going.pause(100ms).client("x");
  for (const unsigned workers : {0U, 3U}) {
    EXPECT_THAT(run(together({old, last, going}), {}, workers).flows,
                ElementsAre("TCP 10.0.0.1:49152 > 10.0.0.2:443 syn capture_end C0 S0",
                            "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn idle C0 S0",
                            "TCP 10.0.0.1:49152 > 10.0.0.2:81 syn capture_end C40 S0"));
  }
}

TEST(Pipeline, IdleSessionEndsAtItsDeadline) {
  Settings settings;
  settings.timeouts.idle = 10s;
  Dialog quiet(81), busy(80);
  quiet.open().pause(30s).client("late");
  busy.open();
  for (int i = 0; i < 30; ++i) busy.pause(1s).client("x");
  const Ran ran = run(together({quiet, busy}), settings);
  EXPECT_THAT(ran.flows, ElementsAre("TCP 10.0.0.1:49152 > 10.0.0.2:80 syn capture_end C30 S0",
                                     "TCP 10.0.0.1:49152 > 10.0.0.2:81 port capture_end C4 S0 midstream",
                                     "TCP 10.0.0.1:49152 > 10.0.0.2:81 syn idle C0 S0"));
}

TEST(Pipeline, HandshakesWithoutAnAnswerAreToldTogether) {
  std::vector<Dialog> dialogs{Dialog(80).open().pause(31s).client("x")};
  for (std::uint16_t i = 0; i < 5; ++i) {
    dialogs.push_back(Dialog(22, static_cast<std::uint16_t>(40000 + i)).open().lose(2).lose(1).repeat(0));
  }
  Settings settings;
  settings.pipeline.duplicates = 0ms;
  for (const unsigned workers : {0U, 3U}) {
    const Ran ran = run(together(dialogs), settings, workers);
    EXPECT_THAT(ran.flows, ElementsAre("TCP 10.0.0.1:49152 > 10.0.0.2:80 syn capture_end C1 S0"));
    EXPECT_THAT(ran.anomalies, ElementsAre("unanswered 10.0.0.2:22 5x10"));
    EXPECT_EQ(ran.count("sessions.tcp"), 6U);
    EXPECT_EQ(ran.count("sessions.unanswered"), 5U);
    EXPECT_EQ(ran.count("sessions.ended.idle"), 5U);
  }
}

TEST(Pipeline, HandshakesWithoutAnAnswerEach) {
  Settings settings;
  settings.events.unanswered = Unanswered::each;
  const Ran ran =
      run(together({Dialog(22).open().lose(2).lose(1), Dialog(80).open().pause(31s).client("x")}), settings);
  EXPECT_THAT(ran.flows, ElementsAre("TCP 10.0.0.1:49152 > 10.0.0.2:22 syn idle C0 S0",
                                     "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn capture_end C1 S0"));
  EXPECT_THAT(ran.anomalies, IsEmpty());
}

TEST(Pipeline, SameEndpointsAgain) {
  Dialog first(80), second(80);
  first.open().client("one").server("1").close();
  second.isn(77, 88).pause(50ms).open().client("two").server("2").close();
  const Ran ran = run(together({first, second}));
  EXPECT_THAT(ran.transfers, ElementsAre("client.raw one CLOSED", "client.raw two CLOSED", "server.raw 1 CLOSED",
                                         "server.raw 2 CLOSED"));
  EXPECT_EQ(ran.count("sessions.ended.closed"), 2U);
}

TEST(Pipeline, ResetEndsASession) {
  const Ran ran = run(Dialog(80).open().client("x").client_resets().packets());
  EXPECT_THAT(ran.flows, ElementsAre("TCP 10.0.0.1:49152 > 10.0.0.2:80 syn reset C1 S0"));
  EXPECT_THAT(ran.transfers, ElementsAre("client.raw x TRUNCATED"));
}

TEST(Pipeline, VlanIsPartOfWhoItIs) {
  Stamped packets;
  for (const std::uint16_t id : std::initializer_list<std::uint16_t>{5, 6}) {
    packets.emplace_back(kTestTime,
                         eth() / vlan(id) / ip4(kClient, kServer) / tcp(49152, 80).seq(1).ack(1).payload("x"));
  }
  EXPECT_EQ(run(packets).count("sessions.tcp"), 2U);
}

TEST(Pipeline, FragmentsAreOneSegment) {
  const std::string segment =
      behind_ip(eth() / ip4(kClient, kServer) / tcp(49152, 80).seq(1).ack(1).payload(std::string(100, 'a')));
  const auto piece = [&](std::uint16_t offset, std::uint16_t length, bool more) {
    return eth() / ip4(kClient, kServer).protocol(6).fragment(7, offset, more) / data(segment.substr(offset, length));
  };
  const Ran ran =
      run({{kTestTime, piece(80, 40, false)}, {kTestTime, piece(0, 16, true)}, {kTestTime, piece(16, 64, true)}});
  EXPECT_THAT(ran.transfers, ElementsAre("client.raw " + std::string(100, 'a') + " TRUNCATED"));
  EXPECT_EQ(ran.count("fragments.reassembled"), 1U);
  EXPECT_EQ(ran.count("decoded.fragment"), 3U);
  EXPECT_EQ(ran.count("decoded.tcp"), 1U);
}

TEST(Pipeline, ManyDatagramsPutTogetherFitIntoFewBlocks) {
  Stamped packets;
  for (std::uint16_t i = 0; i < 2000; ++i) {
    const std::string datagram =
        behind_ip(eth() / ip4(kClient, kServer) / udp(5000, 2000).payload(std::string(1000, 'u')));
    packets.emplace_back(
        kTestTime, eth() / ip4(kClient, kServer).protocol(17).fragment(i, 0, true) / data(datagram.substr(0, 800)));
    packets.emplace_back(
        kTestTime, eth() / ip4(kClient, kServer).protocol(17).fragment(i, 800, false) / data(datagram.substr(800)));
  }
  for (const unsigned workers : {0U, 2U}) {
    const Ran ran = run(packets, {}, workers);
    EXPECT_THAT(ran.flows, ElementsAre("UDP 10.0.0.1:5000 > 10.0.0.2:2000 first_sender capture_end 2000:0"));
  }
}

TEST(Pipeline, UdpSessions) {
  Stamped packets;
  packets.emplace_back(kTestTime, eth() / ip4(kServer, kClient) / udp(53, 4000).payload("late answer"));
  packets.emplace_back(kTestTime + 1s, eth() / ip4(kClient, kServer) / udp(4000, 53).payload("q"));
  packets.emplace_back(kTestTime + 90s, eth() / ip4(kClient, kServer) / udp(4000, 53).payload("q"));
  EXPECT_THAT(run(packets).flows, ElementsAre("UDP 10.0.0.1:4000 > 10.0.0.2:53 port capture_end 1:0",
                                              "UDP 10.0.0.1:4000 > 10.0.0.2:53 port idle 1:1"));
}

TEST(Pipeline, ArpIsSaid) {
  EXPECT_THAT(run({{kTestTime, eth() / arp(kClient, kServer)}}).anomalies, ElementsAre("arp of 28 bytes"));
}

TEST(Pipeline, WrongChecksumsAreCountedOrDropped) {
  const Stamped packets{
      {kTestTime, eth() / ip4(kClient, kServer) / tcp(49152, 80).seq(0).syn()},
      {kTestTime, eth() / ip4(kServer, kClient) / tcp(80, 49152).seq(0).ack(1).syn()},
      {kTestTime, eth() / ip4(kClient, kServer) / tcp(49152, 80).seq(1).ack(1).payload("EVIL").bad_checksum()},
      {kTestTime, eth() / ip4(kClient, kServer) / tcp(49152, 80).seq(1).ack(1).payload("GOOD!")},
      {kTestTime, eth() / ip4(kClient, kServer).bad_checksum() / tcp(49152, 80).seq(6).ack(1).payload("?")}};
  Settings settings;
  EXPECT_THAT(run(packets, settings).transfers, ElementsAre("client.raw EVIL!? TRUNCATED"));
  EXPECT_EQ(run(packets, settings).count("streams.odd.bad_checksum"), 2U);
  settings.streams.checksums = Checksums::drop;
  EXPECT_THAT(run(packets, settings).transfers, ElementsAre("client.raw GOOD! TRUNCATED"));
  EXPECT_EQ(run(packets, settings).count("streams.odd.bad_checksum"), 2U);
  settings.streams.checksums = Checksums::off;
  EXPECT_EQ(run(packets, settings).count("streams.odd.bad_checksum"), 0U);
}

TEST(Pipeline, FloodOfHandshakesHarmsNoSession) {
  Settings settings;
  settings.limits.unanswered = 10;
  settings.limits.sessions = 2;
  std::vector<Dialog> dialogs{Dialog(80).open().client("keep").pause(3s).client(" me"),
                              Dialog(81).pause(1025ms).open().client("and me")};
  for (std::uint16_t i = 0; i < 50; ++i) {
    dialogs.push_back(Dialog(static_cast<std::uint16_t>(1000 + i)).pause(1s + i * 1ms).open().lose(2).lose(1));
  }
  const Ran ran = run(together(dialogs), settings);
  EXPECT_THAT(ran.transfers, ElementsAre("client.raw and me TRUNCATED", "client.raw keep me TRUNCATED"));
  EXPECT_EQ(ran.count("sessions.ended.evicted"), 40U);
  EXPECT_EQ(ran.count("sessions.unanswered"), 50U);
}

TEST(Pipeline, PacketsThatTheCaptureSaysItLostAreTheCause) {
  PcapngImage image;
  image.interface(1);
  const auto dialog = Dialog(80).open().client("one").client("two").server("ok").pause(1s).close().lose(3).packets();
  for (std::size_t i = 0; i < dialog.size(); ++i) {
    const auto us = static_cast<std::uint64_t>(dialog[i].first.time_since_epoch().count()) / 1000;
    image.packet(0, us, dialog[i].second.bytes(), 0, i == 3 ? image.option_u64(4, 7) + image.option(0, "") : "");
  }
  const Ran ran = run_capture(image.bytes());
  EXPECT_THAT(ran.flows, ElementsAre("TCP 10.0.0.1:49152 > 10.0.0.2:80 syn closed C3[0+3 capture_drop] S2"));
  EXPECT_EQ(ran.count("capture.dropped"), 7U);
}

/// Of a spool, after 65,535 files.
TEST(Pipeline, ANumberOfASourceIsUsedAgain) {
  const auto dialog = Dialog(80).open().client("one").client("two").server("ok").pause(1s).close().lose(3).packets();
  const auto image = [&](std::size_t from, std::size_t to) {
    PcapngImage half;
    half.interface(1);
    for (std::size_t i = from; i < to; ++i) {
      const auto us = static_cast<std::uint64_t>(dialog[i].first.time_since_epoch().count()) / 1000;
      half.packet(0, us, dialog[i].second.bytes(), 0, i == 0 ? half.option_u64(4, 7) + half.option(0, "") : "");
    }
    return half.bytes();
  };
  const Ran ran = run_captures({image(0, 3), image(3, dialog.size())});
  EXPECT_THAT(ran.flows, ElementsAre("TCP 10.0.0.1:49152 > 10.0.0.2:80 syn closed C3[0+3 not_captured] S2"));
  EXPECT_EQ(ran.count("capture.dropped"), 7U);
}

TEST(Pipeline, MidstreamCanBeLeftOut) {
  const auto packets = Dialog(80).open().client("x").lose(2).lose(1).lose(0).packets();
  EXPECT_EQ(run(packets).count("sessions.tcp"), 1U);
  Settings settings;
  settings.streams.midstream = false;
  EXPECT_THAT(run(packets, settings).flows, IsEmpty());
  EXPECT_EQ(run(packets, settings).count("sessions.strays"), 1U);
}

}  // namespace
}  // namespace unspool::test
