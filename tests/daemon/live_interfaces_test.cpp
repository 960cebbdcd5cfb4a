// Interfaces that come and go while the program listens there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "live.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

namespace fs = std::filesystem;

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

}  // namespace
}  // namespace unspool::test
