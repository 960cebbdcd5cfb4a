// What is left out when, by plain values.
#include "pipeline/overload.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace unspool::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kNames[] = {"transcripts", "bodies", "sessions"};

/// One look a second: percent filled, and packets lost. Answers with its steps: "3 -transcripts" is left out in second
/// 3, "9 +transcripts 6s 7" taken in again after 6 seconds, in which 7 packets were lost.
std::string steps(const OverloadSettings& settings, const std::vector<Pressure>& seconds) {
  Overload overload{settings};
  std::string told;
  Overload::Time now{};
  for (std::size_t i = 0; i < seconds.size(); ++i, now += 1s) {
    const auto step = overload.judge(seconds[i], now);
    if (!step) continue;
    told += fmt::format("{}{} {}{}", told.empty() ? "" : ", ", i, step->begins ? '-' : '+',
                        kNames[static_cast<std::size_t>(step->what)]);
    if (!step->begins) told += fmt::format(" {}s {}", step->lasted / 1s, step->lost);
  }
  return told;
}

std::vector<Pressure> filled(const std::vector<std::uint32_t>& percent) {
  std::vector<Pressure> seconds;
  for (const std::uint32_t p : percent) seconds.push_back({.filled = p});
  return seconds;
}

const OverloadSettings kShort{.above = 75, .below = 25, .calm = 3s};

TEST(Overload, RunsThatKeepUpLeaveNothingOut) {
  EXPECT_EQ(steps(kShort, filled({0, 30, 74, 74, 74, 74, 0, 0, 0, 0, 0})), "");
}

TEST(Overload, LeavesOutOneAfterAnother) {
  EXPECT_EQ(steps(kShort, filled({0, 75, 75, 80, 80, 99, 100, 100, 100, 100})),
            "1 -transcripts, 3 -bodies, 5 -sessions");
}

TEST(Overload, NoFurtherThanHelps) {
  EXPECT_EQ(steps(kShort, filled({100, 100, 95, 90, 85, 80, 70, 50, 30, 30, 30, 30})), "0 -transcripts");
  EXPECT_EQ(steps(kShort, filled({100, 100, 95, 90, 95, 80, 70})), "0 -transcripts, 4 -bodies") << "worse again";
}

TEST(Overload, LossesCountWhateverIsFilled) {
  EXPECT_EQ(steps(kShort, {{.lost = 9}, {}, {.lost = 9}, {}, {.lost = 9}, {}}), "") << "each alone";
  EXPECT_EQ(steps(kShort, {{.lost = 3}, {.lost = 1}, {}, {}, {}, {}}), "1 -transcripts, 5 +transcripts 4s 1");
  EXPECT_EQ(steps(kShort, {{.filled = 90, .lost = 1}, {.filled = 80, .lost = 9}, {.filled = 70, .lost = 9}}),
            "0 -transcripts, 2 -bodies")
      << "emptier, but not enough";
}

TEST(Overload, EachStepBackNeedsACalmOfItsOwn) {
  EXPECT_EQ(steps(kShort, filled({90, 90, 90, 25, 25, 25, 25, 25, 25, 25, 25})),
            "0 -transcripts, 2 -bodies, 6 +bodies 4s 0, 9 +transcripts 9s 0");
  EXPECT_EQ(steps(kShort, filled({90, 0, 0, 26, 0, 0, 0, 0})), "0 -transcripts, 7 +transcripts 7s 0") << "disturbed";
}

TEST(Overload, CountsWhatWasLostAsLongAsItLasted) {
  EXPECT_EQ(steps(kShort, {{.lost = 100}, {.lost = 20}, {.lost = 3}, {}, {}, {}, {}, {}, {}, {}}),
            "1 -transcripts, 6 +transcripts 5s 23");
}

TEST(Overload, OrderAndContentAreSettings) {
  OverloadSettings settings = kShort;
  settings.shed = {Shed::sessions, Shed::transcripts};
  EXPECT_EQ(steps(settings, filled({90, 90, 90, 90, 90, 90})), "0 -sessions, 2 -transcripts");
  Overload overload{settings};
  EXPECT_EQ(overload.shedding(), Shedding{});
  overload.judge({.filled = 90}, {});
  EXPECT_EQ(overload.shedding(), (Shedding{.sessions = true}));
  overload.judge({.filled = 90}, Overload::Time{2s});
  EXPECT_EQ(overload.shedding(), (Shedding{.transcripts = true, .sessions = true}));
  EXPECT_EQ(overload.steps(), 2U);
  settings.shed = {};
  EXPECT_EQ(steps(settings, filled({100, 100, 100, 100})), "");
}

TEST(Overload, ComesBackWhereBothBoundsMeet) {
  OverloadSettings settings = kShort;
  settings.above = 1;
  settings.below = 100;
  EXPECT_EQ(steps(settings, filled({1, 1, 1, 0, 0, 0, 0})), "0 -transcripts, 2 -bodies, 6 +bodies 4s 0");
}

}  // namespace
}  // namespace unspool::test
