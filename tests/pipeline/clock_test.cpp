#include "pipeline/clock.h"

#include <gtest/gtest.h>

namespace unspool {
namespace {

using namespace std::chrono_literals;

Timestamp at(Duration since) { return timestamp_from_ns(1'000'000'000'000'000'000) + since; }

TEST(Clock, NeverGoesBack) {
  Clock clock;
  EXPECT_EQ(clock.observe(at(5s)), at(5s));
  EXPECT_EQ(clock.observe(at(1s)), at(5s));
  EXPECT_EQ(clock.observe(at(6s)), at(6s));
}

TEST(Clock, TheFirstPacketSetsItWhereverItIs) {
  Clock clock;
  EXPECT_EQ(clock.observe(timestamp_from_ns(0)), timestamp_from_ns(0));
  Clock other;
  EXPECT_EQ(other.observe(at(0s)), at(0s));
}

TEST(Clock, OnePacketFromTheFutureMovesNothing) {
  Clock clock;
  clock.observe(at(0s));
  EXPECT_EQ(clock.observe(at(24h * 365 * 30)), at(0s));
  EXPECT_EQ(clock.observe(at(1s)), at(1s));
  EXPECT_EQ(clock.leaps(), 0U);
}

TEST(Clock, SixteenFurtherPacketsConfirmALeap) {
  Clock clock;
  clock.observe(at(0s));
  EXPECT_EQ(clock.observe(at(1h)), at(0s));
  for (int i = 1; i < 16; ++i) EXPECT_EQ(clock.observe(at(1h + std::chrono::seconds(i))), at(0s)) << i;
  EXPECT_EQ(clock.observe(at(1h + 16s)), at(1h)) << "the lowest of them, so that none goes back";
  EXPECT_EQ(clock.observe(at(1h + 20s)), at(1h + 20s));
  EXPECT_EQ(clock.leaps(), 1U);
}

TEST(Clock, APacketInTimeBetweenThemStartsTheCountAgain) {
  Clock clock;
  clock.observe(at(0s));
  for (int i = 0; i < 10; ++i) clock.observe(at(1h));
  clock.observe(at(1s));
  for (int i = 0; i < 16; ++i) EXPECT_EQ(clock.observe(at(1h)), at(1s)) << i;
  EXPECT_EQ(clock.observe(at(1h)), at(1h));
}

TEST(Clock, LiveAJumpOfSecondsWasSet) {
  Clock clock{Clock::Feed::live};
  clock.observe(at(0s));
  EXPECT_EQ(clock.observe(at(2s)), at(2s));
  for (int i = 0; i < 16; ++i) EXPECT_EQ(clock.observe(at(5s)), at(2s)) << i;
  EXPECT_EQ(clock.observe(at(5s)), at(5s));
  EXPECT_TRUE(clock.last_leap().was_set);
}

}  // namespace
}  // namespace unspool
