// What a sensor costs while its interfaces are quiet.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "live_net.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;

/// With as many shards, writers and sockets as a service has by default, and the interface up.
TEST(IdleCost, IsNextToNothing) {
  if (const std::string missing = Network::missing(); !missing.empty()) GTEST_SKIP() << missing;
  const Network network;
  network.cable("va", "vb");
  const ScratchFolder scratch;
  Listening program{{"-i", "vb", "-j", "2", "-o", scratch.path("out")}};
  ASSERT_TRUE(program.is_ready()) << program.err();
  std::this_thread::sleep_for(1s);  // what interfaces say to each other when they come up
  const auto before = program.spent();
  const auto began = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(5s);
  const auto after = program.spent();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const double of_a_core = std::chrono::duration<double>(after.cpu - before.cpu).count() / seconds;
  const double switches = static_cast<double>(after.switches - before.switches) / seconds;
  fmt::print("{:.3f} % of a core, {:.1f} switches a second\n", 100 * of_a_core, switches);
  EXPECT_LT(of_a_core, 0.002);
  EXPECT_LT(switches, 50) << "it must sleep while nothing comes";
}

}  // namespace
}  // namespace unspool::test
