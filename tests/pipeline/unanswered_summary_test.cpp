// Unanswered handshakes by target and minute.
#include "pipeline/unanswered_summary.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/dialog.h"
#include "support/no_events.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// "80+0 2x3": the target's port, minutes since kTestTime, sessions and packets.
class Told : public NoEvents {
 public:
  void on_unanswered(const UnansweredRecord& u) override {
    lines.push_back(fmt::format("{}+{} {}x{}", u.target.port,
                                std::chrono::duration_cast<std::chrono::minutes>(u.minute - kTestTime).count(),
                                u.sessions, u.packets));
  }
  std::vector<std::string> lines;
};

UnansweredSyn syn(std::uint16_t port, Duration after, std::uint32_t times = 1) {
  UnansweredSyn syn;
  Endpoint client, server;
  client.address.octets[15] = 1;
  client.port = 40'000;
  server.address.octets[15] = 2;
  server.port = port;
  syn.key = SessionKey{6, client, server, {}};
  syn.from_high = syn.key.high() == client;
  syn.time = kTestTime + after;
  syn.times = times;
  return syn;
}

TEST(UnansweredSummary, TellsPastMinutesAndForgetsThem) {
  UnansweredSummary summary;
  summary.add(syn(80, 0s));
  summary.add(syn(80, 59s, 2));
  summary.add(syn(22, 60s));
  summary.add(syn(80, 60s));
  Told told;
  summary.tell_before(kTestTime, told);
  EXPECT_THAT(told.lines, IsEmpty());
  summary.tell_before(kTestTime + 1min, told);
  EXPECT_THAT(told.lines, ElementsAre("80+0 2x3"));
  summary.add(syn(80, 30s));
  summary.tell_before(kTestTime + 1min, told);
  EXPECT_THAT(told.lines, ElementsAre("80+0 2x3", "80+0 1x1")) << "what comes late is told all the same";
  told.lines.clear();
  summary.tell(told);
  EXPECT_THAT(told.lines, ElementsAre("22+1 1x1", "80+1 1x1"));
  EXPECT_TRUE(summary.empty());
}

TEST(UnansweredSummary, TakesAnotherOnesTargets) {
  UnansweredSummary one, other;
  one.add(syn(80, 0s));
  other.add(syn(80, 1s, 5));
  other.add(syn(81, 1s));
  one.take(other);
  EXPECT_TRUE(other.empty());
  Told told;
  one.tell(told);
  EXPECT_THAT(told.lines, ElementsAre("80+0 2x6", "81+0 1x1"));
}

TEST(UnansweredSummary, IsBoundedAndFreeAgainWhenItWasTold) {
  constexpr std::size_t kMost = UnansweredSummary::kMostTargets;
  UnansweredSummary summary;
  const auto fill = [&] {
    for (std::size_t i = 0; i < kMost + 3; ++i) {
      const auto minute = i / 65'000;  // a target for each minute and port
      summary.add(syn(static_cast<std::uint16_t>(i % 65'000 + 1), minute * 1min));
    }
  };
  for (int round = 0; round < 2; ++round) {
    fill();
    Told told;
    summary.tell_before(kTestTime + 2min, told);
    ASSERT_EQ(told.lines.size(), kMost + 1) << round;
    EXPECT_EQ(told.lines.front(), "0+1 3x3") << "what is past the bound is one target of no address";
  }
}

}  // namespace
}  // namespace unspool::test
