#include "pipeline/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace unspool {
namespace {

using namespace std::chrono_literals;

Timestamp at(Duration since) { return timestamp_from_ns(1'000'000'000'000'000'000) + since; }

std::vector<std::uint32_t> turned(TimerWheel& wheel, Timestamp now) {
  std::vector<std::uint32_t> all, some;
  for (; wheel.turn(now, some); some.clear()) all.insert(all.end(), some.begin(), some.end());
  return all;
}

class TimerWheelTest : public testing::Test {
 protected:
  void SetUp() override { EXPECT_TRUE(turned(wheel, at(0s)).empty()); }
  TimerWheel wheel;
};

TEST_F(TimerWheelTest, LooksAfterTheTimeIsPastAndNotBefore) {
  wheel.look_by(4, at(1s));
  EXPECT_TRUE(turned(wheel, at(999ms)).empty());
  EXPECT_EQ(turned(wheel, at(1100ms)), std::vector{4U});
  EXPECT_TRUE(turned(wheel, at(10s)).empty());
}

TEST_F(TimerWheelTest, AnEarlierTimeWinsALaterOneDoesNot) {
  wheel.look_by(1, at(5s));
  wheel.look_by(1, at(1s));
  wheel.look_by(1, at(9s));
  EXPECT_EQ(turned(wheel, at(2s)), std::vector{1U});
}

TEST_F(TimerWheelTest, GoesThroughSlicesInOrder) {
  wheel.look_by(1, at(3s));
  wheel.look_by(2, at(1s));
  wheel.look_by(3, at(2s));
  EXPECT_EQ(turned(wheel, at(10s)), (std::vector{2U, 3U, 1U}));
}

TEST_F(TimerWheelTest, ForgetsWhatItIsToldTo) {
  wheel.look_by(1, at(1s));
  wheel.look_by(2, at(1s));
  wheel.forget(1);
  EXPECT_EQ(turned(wheel, at(2s)), std::vector{2U});
}

TEST_F(TimerWheelTest, ATimeBeyondItsReachIsLookedAtEarly) {
  wheel.look_by(1, at(24h));
  const auto early = turned(wheel, at(1h));
  EXPECT_EQ(early, std::vector{1U});
}

TEST_F(TimerWheelTest, ALeapOfYearsLooksAtEverythingOnceAndEnds) {
  for (std::uint32_t i = 0; i < 1000; ++i) wheel.look_by(i, at(std::chrono::milliseconds(i)));
  auto all = turned(wheel, at(24h * 365 * 30));
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), 1000U);
  EXPECT_EQ(all.back(), 999U);
  EXPECT_TRUE(turned(wheel, at(24h * 365 * 30 + 1s)).empty());
}

TEST_F(TimerWheelTest, SaysWhenATurnIsWorthIt) {
  wheel.look_by(1, at(1s));
  turned(wheel, at(500ms));
  EXPECT_FALSE(wheel.due(at(500ms)));
  EXPECT_TRUE(wheel.due(at(600ms)));
}

TEST(TimerWheel, TimeMayBeginAtZero) {
  TimerWheel wheel;
  turned(wheel, timestamp_from_ns(0));
  wheel.look_by(1, timestamp_from_ns(0));
  EXPECT_EQ(turned(wheel, timestamp_from_ns(200'000'000)), std::vector{1U});
}

}  // namespace
}  // namespace unspool
