// Several capture loops: threads that share an interface.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "frozen.h"
#include "live.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class LiveLoops : public Live {
 protected:
  std::unique_ptr<Listening> listen_on_three_loops(std::vector<std::string> words) {
    words.insert(words.end(), {"-j", "2", "--set", "capture.loops=3", "--set", each_second});
    return listen(std::move(words));
  }
  void send_many(const std::string& interface, std::uint16_t first_port, int sessions = 30) {
    for (int i = 0; i < sessions; ++i)
      network->send(interface, web(static_cast<std::uint16_t>(first_port + i)).packets());
  }
};

TEST_F(LiveLoops, TellWhatOneTells) {
  network->cable("va", "vb");
  auto program = listen_on_three_loops({"-i", "vb"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  for (const char* name : {"capture 1", "capture 2", "shard 0", "shard 1"})
    EXPECT_NE(thread_of(program->pid(), name), 0) << name;
  send_many("va", 50'000, 60);
  EXPECT_TRUE(comes_true([&] { return packets_seen() == 60 * web().size(); }));
  const Outcome run = program->stop();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(flows(), SizeIs(60));
  EXPECT_THAT(flows(), Each(AllOf(HasSubstr("\"ended\":\"closed\""), HasSubstr("\"in_iface\":\"vb\""),
                                  Not(HasSubstr("observations")), Not(HasSubstr("gaps")))));
  EXPECT_EQ(packets_in_flows(), 60 * web().size());
  EXPECT_THAT(transfers(), SizeIs(120));
  EXPECT_THAT(events("\"interfaces\":{\"vb\":{\"packets\":" + std::to_string(60 * web().size())), Not(IsEmpty()))
      << "of all loops together";
}

TEST_F(LiveLoops, TimersRunWhereNothingComesOnSomeOfThem) {
  network->cable("va", "vb");
  auto program = listen_on_three_loops({"-i", "vb", "--set", "timeouts.idle=1s"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  network->send("va", Dialog(80).open().client("GET /").packets());
  EXPECT_TRUE(comes_true([&] { return !events("\"ended\":\"idle\"").empty(); }));
  std::this_thread::sleep_for(100ms);
  const long before = program->spent().switches;
  std::this_thread::sleep_for(1s);
  EXPECT_LT(program->spent().switches - before, 150) << "they must sleep while nothing comes";
}

TEST_F(LiveLoops, AnInterfaceThatGoesAndComesIsToldOnceAndSharedAgain) {
  network->cable("va", "vb");
  auto program = listen_on_three_loops({"-i", "vb"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  send_many("va", 50'000);
  EXPECT_TRUE(comes_true([&] { return packets_seen() == 30 * web().size(); }));
  network->ip("link del vb");
  EXPECT_TRUE(interface_became("vb", "missing"));
  network->cable("va", "vb");
  EXPECT_TRUE(interface_became("vb", "up"));
  send_many("va", 51'000);
  EXPECT_TRUE(comes_true([&] { return packets_seen() >= 60 * web().size(); }));
  const Outcome run = program->stop();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(packets_seen(), 60 * web().size()) << "none comes to two loops";
  EXPECT_THAT(events("\"ended\":\"closed\""), SizeIs(60));
  EXPECT_THAT(events("observations"), IsEmpty());
  EXPECT_THAT(events("\"event_type\":\"interface\""), SizeIs(2)) << "gone, and captured again: once for all loops";
}

TEST_F(LiveLoops, EachDirectionOnItsOwnInterfaceIsOneConversation) {
  network->cable("va", "vb");
  network->cable("wa", "wb");
  auto program = listen_on_three_loops({"-i", "vb", "-i", "wb"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  for (std::uint16_t port = 50'000; port < 50'020; ++port) send_each_way(web(port), "va", "wa");
  EXPECT_TRUE(comes_true([&] { return packets_seen() == 20 * web().size(); }));
  EXPECT_EQ(program->stop().exit_code, 0);
  EXPECT_THAT(flows(), SizeIs(20));
  EXPECT_THAT(flows(), Each(AllOf(HasSubstr("\"ended\":\"closed\""), HasSubstr("\"roles\":\"syn\""),
                                  Not(HasSubstr("gaps")), Not(HasSubstr("observations")))));
}

// The kernel gives each session to one of them: those of the others go on, and what waits for it is lost in the end.
TEST_F(LiveLoops, OneThatIsFrozenHoldsUpOnlyItsOwnPackets) {
  network->cable("va", "vb");
  auto program = listen_on_three_loops({"-i", "vb"});
  ASSERT_TRUE(program->is_ready()) << program->err();
  Frozen loop{program->pid(), "capture 1"};
  if (!loop.is_frozen()) GTEST_SKIP() << "ptrace is not allowed here";
  send_many("va", 50'000);
  EXPECT_TRUE(comes_true([&] { return transfers().size() >= 20; })) << transfers().size();
  std::this_thread::sleep_for(200ms);
  EXPECT_LT(transfers().size(), 60U);
  loop.let_go();
  EXPECT_TRUE(comes_true([&] { return transfers().size() == 60; }));
  EXPECT_EQ(program->stop().exit_code, 0);
  EXPECT_THAT(events("\"ended\":\"closed\""), SizeIs(30));
}

// Their numbers began again at 0: sessions of one interface were told as another's.
TEST_F(LiveLoops, CannotHaveMoreSocketsThanThereAreNumbers) {
  std::vector<std::string> words{"--set", "capture.loops=64", "--set", "capture.sockets=64"};
  for (int i = 0; i < 16; ++i) words.insert(words.end(), {"-i", fmt::format("v{}", i)});
  const Outcome run = listen(words)->wait();
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("65536 sockets are more than the 65535 that one run can tell apart: lower "
                                 "capture.sockets or capture.loops"));
}

TEST_F(LiveLoops, NeedThreadsWithSessions) {
  network->cable("va", "vb");
  auto program = listen({"-i", "vb", "-j", "0", "--set", "capture.loops=2"});
  const Outcome run = program->wait();
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("2 capture loops need threads with sessions: set pipeline.workers (-j) to 1 or more"));
}

}  // namespace
}  // namespace unspool::test
