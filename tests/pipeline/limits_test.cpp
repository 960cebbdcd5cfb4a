// What is left out because of a limit is counted by the setting's name, and told once for each.
#include <gtest/gtest.h>

#include "pipeline/limit_report.h"
#include "pipeline/rate_limit.h"
#include "run.h"
#include "support/no_events.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::SizeIs;

TEST(Limits, OfSessions) {
  std::vector<Dialog> dialogs;
  for (std::uint16_t i = 0; i < 9; ++i)
    dialogs.push_back(Dialog(80, static_cast<std::uint16_t>(40000 + i)).pause(i * 10ms).open());
  Settings settings;
  settings.limits.sessions = 4;
  const Ran ran = run(together(dialogs), settings);
  EXPECT_EQ(ran.count("limits_reached.limits.sessions"), 5U);
  EXPECT_THAT(ran.anomalies, Contains("reached limits.sessions 5 times"));
}

TEST(Limits, OfHandshakesLeaveEstablishedSessionsAlone) {
  std::vector<Dialog> dialogs{Dialog(80).open().pause(1s).client("still here").close()};
  for (std::uint16_t i = 0; i < 100; ++i) {
    dialogs.push_back(Dialog(22, static_cast<std::uint16_t>(40000 + i)).pause(100ms).open().lose(2).lose(1));
  }
  Settings settings;
  settings.limits.unanswered = 10;
  settings.limits.sessions = 2;
  const Ran ran = run(together(dialogs), settings);
  EXPECT_THAT(ran.flows, ElementsAre("TCP 10.0.0.1:49152 > 10.0.0.2:80 syn closed C10 S0"));
  EXPECT_EQ(ran.count("limits_reached.limits.unanswered"), 90U);
  EXPECT_THAT(ran.anomalies, ElementsAre("reached limits.unanswered 90 times", "unanswered 10.0.0.2:22 100x100"));
}

TEST(Limits, OfAnomaliesAMinute) {
  std::vector<Dialog> dialogs;
  for (std::uint16_t i = 0; i < 12; ++i) {
    dialogs.push_back(Dialog(80, static_cast<std::uint16_t>(40000 + i)).pause(i < 6 ? 0s : 60s).open().client("x"));
  }
  Stamped packets = together(dialogs);
  for (std::uint16_t i = 0; i < 12; ++i) {
    const Tcp reset = tcp(static_cast<std::uint16_t>(40000 + i), 80).seq(1005).rst();  // inside the window, not exact
    packets.emplace_back(kTestTime + (i < 6 ? 1s : 61s), eth() / ip4("10.0.0.1", "10.0.0.2") / reset);
  }
  std::stable_sort(packets.begin(), packets.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Settings settings;
  settings.events.anomalies = 4;
  const Ran ran = run(packets, settings);
  EXPECT_EQ(ran.count("streams.odd.rst_inexact"), 12U);
  EXPECT_THAT(ran.anomalies, SizeIs(4 + 4 + 1));
  EXPECT_THAT(ran.anomalies, Contains("reached events.anomalies 4 times"));
  EXPECT_THAT(ran.anomalies, Contains("rst_inexact client@0 \"\" \"\"").Times(8));
}

TEST(LimitReport, TellsWhatGrew) {
  class Lines : public NoEvents {
   public:
    void on_limit(const LimitRecord& limit) override {
      told += std::string{limit.setting} + " " + std::to_string(limit.times) + "; ";
    }
    std::string told;
  } lines;
  LimitReport report;
  report.tell({{"limits_reached.a.b", 2}, {"limits_reached.c", 0}, {"sessions.tcp", 9}}, kTestTime, lines);
  report.tell({{"limits_reached.a.b", 2}, {"limits_reached.c", 1}}, kTestTime, lines);
  report.tell({{"limits_reached.a.b", 5}, {"limits_reached.c", 1}}, kTestTime, lines);
  EXPECT_EQ(lines.told, "a.b 2; c 1; a.b 3; ");
}

TEST(RateLimit, BeginsAnewEachMinute) {
  RateLimit limit{2};
  const Timestamp minute = std::chrono::floor<std::chrono::minutes>(kTestTime);
  std::string told;
  for (const Duration at : {0s, 1s, 59s, 60s, 61s, 119s, 600s}) told += limit.allows(minute + at) ? 'y' : 'n';
  EXPECT_EQ(told, "yynyyny");
}

}  // namespace
}  // namespace unspool::test
