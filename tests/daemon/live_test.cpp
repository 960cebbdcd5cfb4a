// The program on interfaces: what comes, what is lost, what is refused.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "frozen.h"
#include "live.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

namespace fs = std::filesystem;

/// What stands behind `key` in a line of JSON: an object.
std::string object(const std::string& line, const std::string& key) {
  const std::size_t begin = line.find("\"" + key + "\":{");
  return begin == std::string::npos ? "" : line.substr(begin);
}

TEST_F(Live, TellsWhatAFileTells) {
  network->cable("va", "vb");
  auto program = listen({"-i", "vb"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  network->send("va", web().packets(), 1ms);
  std::this_thread::sleep_for(100ms);
  const Outcome run = program->stop();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, HasSubstr("sessions     1 TCP, 0 UDP  (closed 1)"));
  EXPECT_THAT(transfers(), ElementsAre("client.raw GET /GET /b", "server.raw 200404"));
  const auto live = flows();

  const std::string file = folder.file("same.pcap", to_pcap(web().packets()));
  unspool({"-r", file, "-o", folder.path("of_file"), "--set", "protocols=[raw]"});
  const auto read = lines_with(folder.path("of_file") + "/events.json", "\"event_type\":\"flow\"");
  ASSERT_THAT(live, SizeIs(1));
  ASSERT_THAT(read, SizeIs(1));
  EXPECT_EQ(object(live[0], "unspool"), object(read[0], "unspool"));
  EXPECT_THAT(live[0], HasSubstr("\"in_iface\":\"vb\""));
}

TEST_F(Live, EachDirectionOnItsOwnInterfaceIsOneConversation) {
  network->cable("va", "vb");
  network->cable("wa", "wb");
  auto program = listen({"-i", "vb", "-i", "wb", "--set", "protocols=[transcript: {of: all}]"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  const Dialog dialog =
      Dialog(80).open().client("one").server("two").client("three").server("four").client("five").close();
  send_each_way(dialog, "va", "wa");
  std::this_thread::sleep_for(150ms);
  EXPECT_EQ(program->stop().exit_code, 0);
  ASSERT_THAT(flows(), SizeIs(1));
  EXPECT_THAT(flows()[0], AllOf(HasSubstr("\"ended\":\"closed\""), HasSubstr("\"roles\":\"syn\""),
                                Not(HasSubstr("gaps")), Not(HasSubstr("observations"))));
  ASSERT_THAT(transfers(), SizeIs(1));
  const std::string page = transfers()[0];
  std::size_t at = 0;
  for (const char* word : {"one", "two", "three", "four", "five"}) {
    at = page.find(word, at);
    ASSERT_NE(at, std::string::npos) << word << " is not behind the one before it";
  }
}

TEST_F(Live, WhatCameBeforeTheSignalIsKept) {
  network->cable("va", "vb");
  network->cable("wa", "wb");
  auto program = listen({"-i", "vb", "-i", "wb"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  Dialog dialog(80);
  dialog.open();
  for (int i = 0; i < 500; ++i) dialog.server(std::string(500, 'x'));
  network->send("va", dialog.packets());
  std::this_thread::sleep_for(1ms);
  EXPECT_EQ(program->stop().exit_code, 0);
  EXPECT_EQ(packets_seen(), dialog.size());
  EXPECT_THAT(flows(), ElementsAre(HasSubstr("\"ended\":\"shutdown\"")));
}

TEST_F(Live, FilterIsTheKernels) {
  network->cable("va", "vb");
  auto program = listen({"-i", "vb", "tcp", "port", "25"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  network->send("va", together({Dialog(80).open().client("web"), Dialog(25).open().client("mail")}));
  std::this_thread::sleep_for(100ms);
  program->stop();
  EXPECT_THAT(flows(), ElementsAre(HasSubstr("\"dest_port\":25")));
  EXPECT_EQ(packets_seen(), 4U);
}

TEST_F(Live, SeveralSocketsShareAnInterface) {
  network->cable("va", "vb");
  auto program = listen({"-i", "vb", "--set", "capture.sockets=3"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  for (std::uint16_t i = 0; i < 30; ++i) network->send("va", web(static_cast<std::uint16_t>(50'000 + i)).packets());
  std::this_thread::sleep_for(150ms);
  program->stop();
  EXPECT_THAT(flows(), SizeIs(30));
  EXPECT_THAT(events("\"ended\":\"closed\""), SizeIs(30));
  EXPECT_THAT(events("observations"), IsEmpty());
  EXPECT_EQ(packets_seen(), 30 * web().size());
}

TEST_F(Live, SnapshotLengthCutsAndSaysSo) {
  network->cable("va", "vb");
  auto program = listen({"-i", "vb", "--set", "capture.snaplen=64"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  network->send("va", Dialog(80).open().client(std::string(100, 'x')).server("ok").close().packets());
  std::this_thread::sleep_for(100ms);
  program->stop();
  EXPECT_THAT(flows(), ElementsAre(HasSubstr("[[10,90,\"snaplen\"]]")));
}

TEST_F(Live, OneDirectionOnly) {
  network->cable("va", "vb");
  auto program = listen({"-i", "vb", "--set", "capture.direction=out"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  network->send("va", web(50'000).packets());
  network->send("vb", web(50'001).packets());
  std::this_thread::sleep_for(100ms);
  program->stop();
  EXPECT_THAT(flows(), ElementsAre(HasSubstr("\"src_port\":50001")));
}

// ---- time and totals

TEST_F(Live, TimersRunWhileNothingComesAndCostNothing) {
  network->cable("va", "vb");
  auto program = listen({"-i", "vb", "--set", "timeouts.idle=1s"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  network->send("va", Dialog(80).open().client("GET /").packets());
  std::this_thread::sleep_for(200ms);
  const long before = program->spent().switches;
  EXPECT_TRUE(comes_true([&] { return !events("\"ended\":\"idle\"").empty(); }));
  EXPECT_LT(program->spent().switches - before, 100) << "it must sleep while nothing comes";
}

TEST_F(Live, TotalsAreToldAtIntervals) {
  network->cable("va", "vb");
  auto program = listen({"-i", "vb", "--set", each_second, "--set", "timeouts.closed=0"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  network->send("va", web().packets());
  EXPECT_TRUE(comes_true([&] { return last_count("closed") == 1 && packets_seen() == web().size(); }));
  EXPECT_TRUE(comes_true([&] { return flows().size() == 1; })) << "events are written while it runs";
  EXPECT_THAT(events("\"interfaces\":{\"vb\":{\"packets\":" + std::to_string(web().size())), Not(IsEmpty()));
}

// ---- losses

TEST_F(Live, WhatTheKernelDropsIsCountedAndNamed) {
  network->cable("va", "vb");
  auto program = listen({"-i", "vb", "--set", "capture.buffer=1MiB", "--set", each_second});
  ASSERT_TRUE(program->is_ready()) << program->err();
  Dialog dialog(80);
  dialog.open().client("GET /");
  for (int i = 0; i < 4000; ++i) dialog.server(std::string(1000, 'x'));
  dialog.client_acks();
  const std::size_t stopped_for = dialog.size();
  dialog.client("more").server("last").close();
  const auto& packets = dialog.packets();
  const auto middle = packets.begin() + static_cast<std::ptrdiff_t>(stopped_for);

  program->signal(SIGSTOP);
  network->send("va", Stamped{packets.begin(), middle});
  program->signal(SIGCONT);
  std::this_thread::sleep_for(200ms);
  network->send("va", Stamped{middle, packets.end()}, 1ms);
  EXPECT_TRUE(comes_true([&] { return last_count("dropped") > 0; }));
  const Outcome run = program->stop();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(last_count("dropped") + packets_seen(), packets.size());
  EXPECT_THAT(flows(), ElementsAre(AllOf(HasSubstr("capture_drop"), Not(HasSubstr("not_captured")))));
}

// One thing after another is left out while a shard stands still, and taken in again when it gets on; every session is
// told all the same.
TEST_F(Live, UnderOverloadLessIsMadeOfItUntilItIsOver) {
  network->cable("va", "vb");
  auto program = listen({"-i", "vb", "-j", "1", "--set", "protocols=[raw, transcript]", "--set", "capture.queue=1MiB",
                         "--set", "overload.calm=1s", "--set", "pipeline.duplicates=0", "--set", each_second});
  ASSERT_TRUE(program->is_ready()) << program->err();
  Dialog all_along(80, 50'000);
  all_along.open().client("before").client(" during").close();
  const auto middle = all_along.packets().begin() + 4;
  network->send("va", Stamped{all_along.packets().begin(), middle});
  EXPECT_TRUE(comes_true([&] { return packets_seen() == 4; }));

  Frozen shard{program->pid(), "shard 0"};
  if (!shard.is_frozen()) GTEST_SKIP() << "ptrace is not allowed here";
  const std::vector<std::string> flood(
      300, (eth() / ip4("10.0.0.9", "10.0.0.8") / udp(1000, 2000) / data(std::string(1400, 'x'))).bytes());
  std::size_t sent = 0;
  const auto steps = [&] { return events("\"type\":\"overload\""); };
  EXPECT_TRUE(comes_true([&] {
    network->send("va", flood);
    sent += flood.size();
    return steps().size() == 3;
  }));
  shard.let_go();
  EXPECT_TRUE(comes_true([&] { return steps().size() == 4; })) << "there is room again";
  network->send("va", Stamped{middle, all_along.packets().end()});
  network->send("va", web(50'001).packets());
  EXPECT_TRUE(comes_true([&] { return steps().size() == 6; }));
  network->send("va", web(50'002).packets());
  std::this_thread::sleep_for(150ms);
  const Outcome run = program->stop();
  EXPECT_EQ(run.exit_code, 0) << run.err;

  EXPECT_THAT(steps(),
              ElementsAre(AllOf(HasSubstr("transcripts_shed"), HasSubstr("\"level\":1,\"queue_percent\":100,")),
                          HasSubstr("bodies_shed"), HasSubstr("sessions_shed"), HasSubstr("sessions_resumed"),
                          AllOf(HasSubstr("bodies_resumed"), HasSubstr("\"seconds\":")),
                          AllOf(HasSubstr("transcripts_resumed"), HasSubstr("\"level\":0,"))));
  EXPECT_THAT(run.err, AllOf(HasSubstr("packets were lost: transcripts are left out from now on (overload.shed)"),
                             HasSubstr("transcripts are taken in again (overload.shed): ")));
  EXPECT_EQ(last_count("steps"), 6U);
  EXPECT_EQ(last_count("bodies"), 2U) << "of what came meanwhile";
  EXPECT_THAT(events("left out: more came than could be followed"), SizeIs(2));

  EXPECT_EQ(packets_seen(), sent + all_along.size() + 2 * web().size());
  EXPECT_THAT(flows(), SizeIs(4)) << "each session, and the flood";
  EXPECT_EQ(packets_in_flows() + last_count("ring_dropped"), packets_seen());
  EXPECT_THAT(flows(), Contains(AllOf(HasSubstr("\"src_port\":50000"), HasSubstr("\"ended\":\"evicted\""),
                                      HasSubstr("\"pkts_toserver\":6,\"pkts_toclient\":2"))));
  EXPECT_THAT(transfers(), AllOf(Contains("client.raw before"), Contains("client.raw GET /GET /b")));
}

// They were overwritten: the first block of many that were taken at once was let go of before they were passed on.
TEST_F(Live, ManyLargePacketsAtOnceStayAsTheyAre) {
  network->cable("va", "vb");
  auto program = listen({"-i", "vb", "-j", "1"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  Dialog dialog(80);
  dialog.open().client("GET /");
  std::string all;
  for (int i = 0; i < 2000; ++i) {
    const std::string part = fmt::format("{:1400}", i);
    dialog.server(part);
    all += part;
  }
  dialog.close();
  program->signal(SIGSTOP);
  network->send("va", dialog.packets());
  program->signal(SIGCONT);
  std::this_thread::sleep_for(500ms);
  const Outcome run = program->stop();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const auto kept = transfers();
  ASSERT_THAT(kept, SizeIs(2));
  EXPECT_TRUE(kept[1] == "server.raw " + all);
}

// ---- what is wrong is told, and nothing is begun

TEST_F(Live, RefusesWhatItCannotListenTo) {
  network->cable("va", "vb");
  struct Row {
    std::vector<std::string> words;
    int exit_code;
    std::string says;
  };
  const Row rows[] = {
      {{"-i", "vb", "-i", "vx"}, 4, "vx: there is no such interface (there are lo, va, vb)"},
      {{"-i", "vb", "tcp prt 80"}, 2, "vb: the filter 'tcp prt 80' does not fit its link type, 1 (EN10MB, Ethernet): "},
      {{"-i", "vb", "type mgt"}, 2, "vb: the filter 'type mgt' does not fit its link type, 1 (EN10MB, Ethernet): "},
      {{"-i", "vx", "--set", "capture.missing_interface=wait", "tcp prt 80"},
       2,
       "'tcp prt 80' is no filter expression"},
      {{"--set", "pipeline.workers=1"},
       2,
       "nothing to read: name a capture file, an interface with -i, or a directory with --spool"},
  };
  for (const Row& row : rows) {
    auto program = listen(row.words);
    EXPECT_FALSE(program->is_ready()) << row.says;
    const Outcome run = program->wait();
    EXPECT_EQ(run.exit_code, row.exit_code) << row.says;
    EXPECT_THAT(run.err, HasSubstr(row.says));
    EXPECT_FALSE(fs::exists(out)) << "nothing is begun";
  }
}

TEST_F(Live, SaysWhatItNeedsWhereItMayNotCapture) {
  network->cable("va", "vb");
  constexpr unsigned kNobody = 65534;
  auto program = listen({"-i", "vb"}, {kNobody});
  const Outcome run = program->wait();
  EXPECT_EQ(run.exit_code, 4);
  EXPECT_THAT(run.err, AllOf(HasSubstr("vb: capturing needs the capability CAP_NET_RAW"), HasSubstr("sudo"),
                             HasSubstr("setcap cap_net_raw+ep " UNSPOOL_BINARY)));
  EXPECT_FALSE(fs::exists(out));
}

// ---- command line and configuration

TEST_F(Live, WithoutAnOutputItIsNamedAfterTheInterfaceAndAddedTo) {
  network->cable("va", "vb");
  const std::string config = folder.file("u.yaml", "capture:\n  interfaces: [vb]\nprotocols: [raw]\n");
  for (int run = 1; run <= 2; ++run) {
    Listening program({"-c", config}, {}, folder.path());
    ASSERT_TRUE(program.is_ready()) << program.err();
    network->send("va", web().packets());
    std::this_thread::sleep_for(100ms);
    EXPECT_EQ(program.stop().exit_code, 0);
    EXPECT_THAT(lines_with(folder.path("vb.unspool/events.json"), "\"event_type\":\"flow\""),
                SizeIs(static_cast<std::size_t>(run)));
  }
}

TEST_F(Live, ListsInterfaces) {
  network->cable("va", "vb");
  network->ip("addr add 10.9.9.1/24 dev va");
  network->ip("link set vb down");
  std::string list;
  const auto has = [&](const char* line) { return list.find(line) != list.npos; };
  EXPECT_TRUE(comes_true([&] {  // the kernel takes up to a second to say that a link is gone
    list = unspool({"--list-interfaces"}).out;
    return has("va               no link  10.9.9.1");
  })) << list;
  EXPECT_THAT(list, HasSubstr("lo               down"));
  EXPECT_THAT(list, HasSubstr("vb               down"));
}

}  // namespace
}  // namespace unspool::test
