// What a session keeps while it waits, and for how long: what the cases (cases.txt) cannot show from outside.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/tcp_script.h"

namespace unspool::test {
namespace {

TEST(Waiting, SessionsThatEndedSayHow) {
  TcpScript reset;
  reset.play(R"(HS; C 1 "A"; S [R])");
  EXPECT_EQ(reset.session().ended(), Ending::reset);
  reset.play("@1");
  EXPECT_EQ(reset.session().phase(), TcpSession::Phase::over);
  EXPECT_EQ(reset.session().ended(), Ending::reset);
}

TEST(Waiting, SynThatNobodyAnswersIsForgotten) {  // close-27
  TcpScript script;
  script.play(R"(HS; C 1 "A"; C [S] isn=123456789; C isn=0; C 2 "B")");
  EXPECT_TRUE(script.session().waits());
  script.play("@60");
  EXPECT_FALSE(script.session().waits());
}

TEST(Waiting, AnIdleSessionWaitsForNothing) {  // close-30: the table ends it
  TcpScript script;
  script.play(R"(HS; C 1 "A"; @1000)");
  EXPECT_EQ(script.session().deadline(), Timestamp::max());
  EXPECT_EQ(script.session().ended(), std::nullopt);
}

TEST(Waiting, OneSidedDataGoesOutAtOnce) {  // convo-14
  TcpScript script;
  script.play(R"(C [S]; C [.] a1; C 1 "A" a1; C 2 "B" a1)");
  EXPECT_EQ(script.budget().peak(), 0U);
  EXPECT_EQ(script.session().deadline(), Timestamp::max());
}

TEST(Waiting, HeldBytesAreBounded) {  // gap-14
  constexpr std::uint64_t kLimit = 2U << 20U, kSegment = 1024;
  TcpScript script{{.held_bytes = kLimit}};
  script.play(fmt::format("HS(wscale=7); i=2..{}/{}: C {{i}}+{}", 2 + kLimit - kSegment, kSegment, kSegment));
  EXPECT_EQ(script.story().whole(), "");
  EXPECT_EQ(script.budget().held(), kLimit + kLimit / kSegment * HeldBudget::kOverhead);
  script.play(fmt::format("C {}+1", 2 + kLimit));
  EXPECT_LE(script.budget().peak(), kLimit + kLimit / kSegment * HeldBudget::kOverhead);
  EXPECT_EQ(script.budget().held(), 0U);
}

TEST(Waiting, GapNeedsNoMemoryForItsLength) {  // gap-20
  TcpScript script;
  script.play(R"(HS(wscale=14); ~C 1+1000000000; C 1000000001 "Z"; S [.] a1000000002; @1)");
  EXPECT_EQ(script.budget().peak(), 1 + HeldBudget::kOverhead);
}

TEST(Waiting, ForgedAcknowledgementsAreForgotten) {  // gap-18
  TcpScript script;
  script.play(R"(HS; C 1 "AAA"; S [.] a2000000000; @60)");
  EXPECT_FALSE(script.session().waits());
}

TEST(Waiting, NothingIsKeptOfEarlierSyns) {  // open-12
  TcpScript script;
  script.play("i=100000..1200000/100000: C [S] isn=+{i}");
  EXPECT_EQ(script.session().deadline(), Timestamp::max());
  EXPECT_FALSE(script.session().waits());
}

TEST(Waiting, SecondSynAckIsForgottenWhenTheChoiceIsMade) {
  TcpScript chosen, begun;
  chosen.play("C [S]; S [SA] isn=500; S [SA] isn=7000; C [.] a1");
  EXPECT_FALSE(chosen.session().waits());
  begun.play(R"(C [S]; S [SA] isn=500; S [SA] isn=7000; S isn=500; S 1 "a" a1; C 1 "b" a2)");
  EXPECT_EQ(begun.text(), R"(S"a" C"b" | synack_unexpected)");
  EXPECT_FALSE(begun.session().waits());
}

TEST(Waiting, FarAheadIsNotForLong) {  // probe-05
  TcpScript script;
  script.play(R"(HS(win=100); C 1000001 "Z"; C 1 "A"; @1)");
  EXPECT_EQ(script.budget().peak(), 1 + HeldBudget::kOverhead);
  script.play("@60");
  EXPECT_EQ(script.budget().held(), 0U);
  EXPECT_EQ(script.session().deadline(), Timestamp::max());
}

TEST(Waiting, GapsManyTimesAroundTheNumbersWaitForNothing) {  // wrap-06
  TcpScript script;
  script.play(R"(HS(wscale=7); i=1..9000: C +1000000 cut=0, S [.]; C "Z"; S "bye")");
  script.end();
  EXPECT_EQ(script.text(), R"(C<9000000000 snaplen x9000> C"Z" S"bye")");
  EXPECT_EQ(script.budget().peak(), 0U);
}

}  // namespace
}  // namespace unspool::test
