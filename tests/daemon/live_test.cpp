// The program on interfaces: each test in a network namespace of its own.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <thread>

#include "frozen.h"
#include "live_net.h"

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

Dialog web(std::uint16_t client_port = 49152) {
  return Dialog(80, client_port).open().client("GET /").server("200").client("GET /b").server("404").close();
}

/// What stands behind `key` in a line of JSON: an object.
std::string object(const std::string& line, const std::string& key) {
  const std::size_t begin = line.find("\"" + key + "\":{");
  return begin == std::string::npos ? "" : line.substr(begin);
}

class Live : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = Network::missing(); !why.empty()) GTEST_SKIP() << why;
    network = std::make_unique<Network>();
  }
  /// Listens, with an output of its own, and leaves only raw streams.
  std::unique_ptr<Listening> listen(std::vector<std::string> words, Listening::User user = {}) {
    words.insert(words.begin(), {"-o", out, "--set", "protocols=[raw]"});
    return std::make_unique<Listening>(words, user);
  }
  std::vector<std::string> events(const std::string& part) const { return lines_with(out + "/events.json", part); }
  std::vector<std::string> flows() const { return events("\"event_type\":\"flow\""); }
  std::uint64_t packets_seen() const { return last_count("packets"); }
  /// As of the last `stats`, which come each second where a test says so; the first of that name.
  std::uint64_t last_count(const std::string& name) const {
    const auto stats = events("\"event_type\":\"stats\"");
    if (stats.empty()) return 0;
    const std::size_t at = stats.back().find("\"" + name + "\":");
    return at == std::string::npos ? 0 : std::stoull(stats.back().substr(at + name.size() + 3));
  }
  std::uint64_t packets_in_flows() const {
    std::uint64_t sum = 0;
    for (const std::string& flow : flows()) {
      for (const std::string key : {"\"pkts_toserver\":", "\"pkts_toclient\":"})
        sum += std::stoull(flow.substr(flow.find(key) + key.size()));
    }
    return sum;
  }
  /// What transfers hold, by name, of one host.
  std::vector<std::string> transfers() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(out + "/transfers/10.0.0.1")) {
      const std::string name = entry.path().filename().string();
      found.push_back(name.substr(name.rfind("---") + 3) + " " + content(entry.path().string()));
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  bool interface_became(const std::string& name, const std::string& state, std::size_t times = 1) const {
    return comes_true([&] {
      std::size_t found = 0;
      for (const std::string& line : events(fmt::format("\"in_iface\":\"{}\"", name)))
        found += line.find(fmt::format("\"interface\":{{\"state\":\"{}\"", state)) != std::string::npos ? 1U : 0U;
      return found >= times;
    });
  }

  std::unique_ptr<Network> network;
  ScratchFolder folder;
  const std::string out = folder.path("out");
  const std::string each_second = "events.stats_interval=1s";
};

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
  for (std::size_t i = 0; i < dialog.size(); ++i) {
    const std::string frame = dialog.packets()[i].second.bytes();
    const bool by_client = frame.substr(34, 2) != std::string("\0P", 2);  // its source port is not 80
    network->send(by_client ? "va" : "wa", std::vector<std::string>{frame}, 300us);
  }
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

// ---- interfaces that come and go

TEST_F(Live, InterfaceGoesAndComesWhileTheOthersGoOn) {
  network->cable("va", "vb");
  network->cable("wa", "wb");
  auto program = listen({"-i", "vb", "-i", "wb"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  std::uint16_t port = 50'000;
  const auto send_both = [&](bool both) {
    network->send("wa", web(++port).packets());
    if (both) network->send("va", web(++port).packets());
  };
  send_both(true);
  network->ip("link set vb down");
  EXPECT_TRUE(interface_became("vb", "down"));
  send_both(false);
  network->ip("link set vb up");
  EXPECT_TRUE(interface_became("vb", "up"));
  send_both(true);
  network->ip("link del vb");
  EXPECT_TRUE(interface_became("vb", "missing"));
  send_both(false);
  network->cable("va", "vb");
  EXPECT_TRUE(interface_became("vb", "up", 2));
  send_both(true);
  std::this_thread::sleep_for(150ms);
  const Outcome run = program->stop();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, AllOf(HasSubstr("vb: the interface went down"), HasSubstr("vb: the interface is gone"),
                             HasSubstr("vb: the interface is captured now")));
  EXPECT_THAT(run.err, Not(HasSubstr("wb:")));
  const auto closed_on = [&](const std::string& name) {
    std::size_t count = 0;
    for (const std::string& flow : flows()) {
      count += flow.find("\"in_iface\":\"" + name) != flow.npos && flow.find("\"ended\":\"closed\"") != flow.npos;
    }
    return count;
  };
  EXPECT_EQ(closed_on("wb"), 5U);
  EXPECT_EQ(closed_on("vb"), 3U);
  EXPECT_THAT(flows(), SizeIs(8));
}

TEST_F(Live, InterfaceComesBackForAProcessThatIsNotRootAnyMore) {
  fs::permissions(folder.path(), fs::perms{0755});
  network->cable("va", "vb");
  auto program = listen({"-i", "vb", "--set", "process.user=nobody", "--set", each_second});
  ASSERT_TRUE(program->is_ready()) << program->err();
  network->ip("link del vb");
  EXPECT_TRUE(interface_became("vb", "missing"));
  network->cable("va", "vb");
  EXPECT_TRUE(interface_became("vb", "up"));
  network->send("va", web().packets());
  EXPECT_TRUE(comes_true([&] { return packets_seen() == web().size(); }));
  EXPECT_THAT(events("\"events\":{\"lost\":0,"), Not(IsEmpty())) << "what outputs count is told while it runs, too";
  EXPECT_EQ(program->stop().exit_code, 0);
  EXPECT_THAT(flows(), SizeIs(1));
}

TEST_F(Live, InterfaceThatIsNotThereYet) {
  auto program = listen({"-i", "vb", "--set", "capture.missing_interface=wait"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  EXPECT_TRUE(interface_became("vb", "missing"));
  EXPECT_THAT(program->err(), HasSubstr("vb: there is no such interface (there are lo); it is waited for"));
  network->ip("link add va type veth peer name vb");
  EXPECT_TRUE(interface_became("vb", "down"));
  network->ip("link set va up");
  network->ip("link set vb up");
  EXPECT_TRUE(interface_became("vb", "up"));
  network->send("va", web().packets());
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(program->stop().exit_code, 0);
  EXPECT_THAT(flows(), SizeIs(1));
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
