#include "stream/budget.h"

#include <gtest/gtest.h>

#include "support/tcp_script.h"

namespace unspool::test {
namespace {

IpAddress host(std::uint8_t last) {
  IpAddress address;
  address.octets.back() = last;
  return address;
}

TEST(HeldBudget, BoundsEachHostAndTheRun) {
  HeldBudget budget{100, 150};
  HeldBudget::Host& a = budget.open(host(1));
  HeldBudget::Host& b = budget.open(host(2));
  EXPECT_TRUE(budget.allows(a, 100));
  EXPECT_FALSE(budget.allows(a, 101));  // of the host
  budget.take(a, 100);
  EXPECT_TRUE(budget.allows(b, 50));
  EXPECT_FALSE(budget.allows(b, 51));  // of the run
  EXPECT_EQ(budget.refused(), (Refusals{0, 0, 1, 1}));

  budget.give_back(a, 60);
  EXPECT_EQ(budget.held(), 40U);
  EXPECT_EQ(budget.peak(), 100U);
  EXPECT_TRUE(budget.allows(b, 100));
}

TEST(HeldBudget, KeepsAHostWhileItIsUsed) {
  HeldBudget budget{100, 100};
  HeldBudget::Host* first = &budget.open(host(1));
  EXPECT_EQ(&budget.open(host(1)), first);
  for (std::uint8_t i = 2; i < 200; ++i) budget.open(host(i));
  EXPECT_EQ(&budget.open(host(1)), first);  // where it was
  for (int i = 0; i < 2; ++i) budget.release(host(1));
  EXPECT_EQ(budget.hosts(), 199U);
  budget.release(host(1));
  EXPECT_EQ(budget.hosts(), 198U);
}

TEST(HeldBudget, GivesUpTheOldestHoleOfASessionWhoseHostHasNoMore) {
  constexpr std::uint64_t kTwoSegments = 2 * (3 + HeldBudget::kOverhead);
  for (const auto& [settings, refused] :
       {std::pair{StreamSettings{.held_bytes_host = kTwoSegments}, Refusals{0, 0, 1, 0}},
        std::pair{StreamSettings{.held_bytes_run = kTwoSegments}, Refusals{0, 0, 0, 1}}}) {
    TcpScript script{settings};
    script.play(R"(HS; C 4 "BBB"; C 10 "DDD")");
    EXPECT_EQ(script.story().whole(), "");
    script.play(R"(C 16 "FFF")");
    EXPECT_EQ(script.story().whole(), R"(C<3 limit> C"BBB")");
    EXPECT_EQ(script.budget().refused(), refused);
    script.end();
    EXPECT_EQ(script.text(), R"(C<3 limit> C"BBB" C<3 end> C"DDD" C<3 end> C"FFF")");
    EXPECT_EQ(script.budget().peak(), kTwoSegments);
    EXPECT_EQ(script.budget().held(), 0U);
    EXPECT_EQ(script.budget().hosts(), 0U);
  }
}

TEST(HeldBudget, GivesOutWhatItCannotHoldAtAll) {
  const StreamSettings nothing{.held_bytes_host = 0};
  EXPECT_EQ(run(R"(HS; C 4 "BBB"; C 1 "AAA"; C 7 "CCC")", nothing), R"(C<3 limit> C"BBBCCC" | late)");
  // S waits for what it acknowledges, cannot, and goes out at once.
  EXPECT_EQ(run(R"(HS; S 1 "rsp" a4; C 1 "req" a1)", nothing), R"(C<3 not_captured> S"rsp" | late)");
  EXPECT_EQ(run(R"(C 5003 "BBB"; C 5000 "AAA")", nothing), R"(C"BBB" | midstream by first_sender, before_start)");
}

}  // namespace
}  // namespace unspool::test
