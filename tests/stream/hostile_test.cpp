// What fuzzing, simulation and reading found: inputs at which a stream once lost, doubled or misplaced something.
#include <gtest/gtest.h>

#include "support/tcp_script.h"

namespace unspool::test {
namespace {

TEST(Hostile, WhatWasGivenOutFixesTheBeginning) {
  expect_all({
      {"bytes from before a gap", R"(C 5000 "A" a9000; C [.] 5001 a9100; @1; S 8990 "xxxxxxxxxx"; S 9100 "yy")",
       R"(C"A" S<100 before_capture> S"yy" | midstream by first_sender, before_start)"},
      {"a SYN from before a gap", R"(C 5000 "A" a9000; C [.] 5001 a9100; @1; S [SA] 8989; S 9100 "yy")",
       R"(C"A" S<100 before_capture> S"yy" | midstream by first_sender, synack_unexpected)"},
      {"a SYN-ACK from before an end", R"(S [F] 13 a1; @1; S [SA] 0 a1; @2)",
       "C.fin | midstream by first_sender, synack_unexpected"},
      {"a beginning that was acknowledged below what is held", R"(C 101 "c" a1; S 1 "s" a51; C [S] 0; @1)",
       R"(C<50 not_captured> S"s" C<50 end> C"c")"},
      {"an acknowledged beginning, and then its SYN", R"(S 1 "s" a5; @1; S 2 "x" a100; C [S] 0; @2)",
       R"(C"s" S<99 before_capture> C"x" | midstream by first_sender)"},
  });
}

TEST(Hostile, FinThatComesFirstWaitsForItsBytes) {
  expect_all({
      {"bytes within the grace", R"(C [F] 6; C 1 "hello"; @1)", R"(C"hello" C.fin | midstream by first_sender)"},
      {"none", "C [F] 6; @1", "C.fin | midstream by first_sender"},
      {"the SYN-ACK, too", R"(S [F] 6 a1; S 1 "hello" a1; S [SA] 0 a1; @1)", R"(S"hello" S.fin | roles by syn_ack)"},
  });
}

TEST(Hostile, BytesOlderThanAnAcknowledgementWaitForTheirSyn) {
  expect_all({
      {"answered by nothing yet", R"(S [SA]; C 5 "e" a1; S 1 "s" a2; C 2 "bcd" a1; C [S] 0; C 1 "a" a1)",
       R"(C"a" S"s" C"bcde" | roles by syn_ack)"},
      {"before an end alone", R"(C [S]; C [.] 2 a9; C [F] 1 a1; S 1 "abcd" a2; S [SA] 0 a1; S 5 "efgh" a2)",
       R"(C.fin S"abcdefgh")"},
  });
}

TEST(Hostile, EndWhoseNumberWasTakenForAByte) {
  expect_all({
      {"of a gap", R"(HS; C 1 "A"; S [.] a4; @1; C [F] 3 a1; S [F] 1 a4; @2)",
       R"(C"A" C<2 not_captured> C.fin S.fin =closed)"},
      {"of a beginning", R"(C 100 "c" a6; @1; S [F] 1 "abcd" a101; C [F] 101 a6)",
       R"(C"c" S.fin C.fin =closed | midstream by first_sender, before_start)"},
  });
}

TEST(Hostile, FinIsWhereItsSegmentIs) {
  expect_all({
      {"its bytes reach over the window", R"(HS(win=4); C [F] 3 "CDEFGH"; C 1 "AB"; S [.] a10)",
       R"(C"ABCDEFGH" C.fin)"},
      {"its acknowledgement came first", R"(S [F] 1 a9; C [.] 9 a2; C [F] 8 a1; @1)",
       "C.fin S.fin =closed | midstream by first_sender"},
  });
}

TEST(Hostile, SynThatComesTooLateIsOfThisSession) {
  EXPECT_EQ(run(R"(S 1 "s" a5; C 5 "c" a2; C [S] 0; S [SA] 0 a1; C 6 "d" a2)"),
            R"(C"s" S"cd" | midstream by first_sender, syn_ignored, synack_unexpected)");
}

TEST(Hostile, SynAckFarFromWhatWasAcknowledgedIsNone) {
  expect_all({
      {"its own number", R"(S 1 "s" a5; C [SA] 2000000000 a1; @1)",
       R"(C"s" | midstream by first_sender, synack_unexpected)"},
      {"the other", R"(S 1 "s" a5; S [SA] 0 a2000000000; @1)",
       R"(C"s" | midstream by first_sender, synack_unexpected)"},
  });
}

TEST(Hostile, SynAckThatIsRefusedChangesNothing) {
  EXPECT_EQ(run(R"(S [SA] 0 "s" a8192; C [S] 0; C [S] 1; S [SA] 129 a17; C 1 "c" a1; @1)"),
            R"(C"c" C<8190 not_captured> S"s" | roles by syn_ack, syn_data, syn_ignored, synack_unexpected)");
}

TEST(Hostile, BytesFromBeforeWhatWasAnsweredAreNotGivenOut) {
  EXPECT_EQ(run(R"(C 5000 "A" a9000; @1; S 8990 "xxxxxxxxxx"; S 9000 "yy")"),
            R"(C"A" S"yy" | midstream by first_sender, before_start)");
}

TEST(Hostile, LastByteOfALongerHoleIsNoFin) {
  EXPECT_EQ(run(R"(HS; C 1 "A"; S [.] 1 a9; @1; S [F] 1 a10; @2; C [FA] 10 a2)"),
            R"(C"A" C<8 not_captured x2> S.fin C.fin =closed)");
  EXPECT_EQ(run(R"(HS; C 1 "A"; S [F] 1 a9; S [.] 2 a10; @1; C [FA] 10 a2)"),
            R"(C"A" C<7 not_captured> S.fin C<1 not_captured> C.fin =closed)");
}

TEST(Hostile, ByteBeforeOthersThatFindNoRoomIsNoFin) {
  EXPECT_EQ(run(R"(HS; S 1 "s"; C [F] 3 a3; S 9 "tt")", {.held_segments = 1}),
            R"(S"s" S<1 not_captured> S<6 limit> S"tt" C<2 end> C.fin)");
}

TEST(Hostile, ByteOfASideThatWasNeverSeenIsNoFin) {
  EXPECT_EQ(run(R"(C [S]; C [.] a1; C 1 "A" a1; C [F] 2 a2; @1)"), R"(C"A" S<1 not_captured> C.fin)");
}

TEST(Hostile, BytesThatNeedNoRoomAreNotPaidForWithAHole) {
  const StreamSettings four{.held_segments = 4};
  expect_all({
      {"a copy of held bytes", R"(HS; C 3 "C"; C 5 "E"; C 7 "G"; C 3 "C"; C 1 "AB"; C 4 "D"; C 6 "F")",
       R"(C"ABCDEFG" | retransmission)", four},
      {"what fills the hole, and more", R"(HS; C 3 "CD"; C 6 "F"; C 8 "H"; C 1 "ABC"; C 5 "E"; C 7 "G")",
       R"(C"ABCDEFGH" | retransmission)", four},
      {"bytes that can go out",
       R"(C 5 "E" a1; C 6 "F" a1; C 7 "G" a1)",
       R"(C"EFG" | midstream by first_sender)",
       {.held_segments = 3}},
      {"what stands in the hole",
       R"(HS; C 7 "G"; C 3 "C"; C 5 "E")",
       R"(C<2 limit> C"C" C<1 limit> C"E" C<1 end> C"G")",
       {.held_segments = 2}},
  });
}

TEST(Hostile, PieceThatFillsManyHolesCountsForEach) {
  TcpScript script{{.held_segments = 10}};
  script.play(R"(HS; C 2+1; C 4+1; C 6+1; C 8+1; C 10+1; C 2+20)");
  EXPECT_LE(script.budget().peak(), 10 * HeldBudget::kOverhead + 20);
  script.end();
  EXPECT_EQ(script.text(), "C<1 limit> C+20 | retransmission 5");
}

TEST(Hostile, JumpsThatBothSidesShow) {
  expect_all({
      {"over held bytes", R"(HS(win=4); C 3+20; C 10+50; S [.] a40; C 1+2; S [.] a60)",
       "C+59 | retransmission, out_of_window"},
      {"in pieces, each of which moves the window", R"(HS(win=4); C 6 "F"; C 11 "K"; C 16 "P"; C 7+4; C 12+4; C 1+5)",
       R"(C+5"F"+4"K"+4"P" | out_of_window 5)"},
      {"in two pieces, until the window comes", R"(HS(win=4); C 20 "T"; C 30 "U"; C 1+19; C 21+9)",
       R"(C+19"T"+9"U" | out_of_window 2)"},
      {"by a segment without bytes", R"(HS; C 1 "A"; C [.] 100002 a1; S 1 "x" a100002; @1)",
       R"(C"A" C<100000 not_captured> S"x")"},
      {"the acknowledgement first", R"(HS; C 1 "A"; S 1 "x" a100002; C [.] 100002 a1; @1)",
       R"(C"A" S"x" C<100000 not_captured> | invalid_ack)"},
      {"by one side, and nothing else", R"(HS; C 1 "A"; C [.] 100002 a1; S 1 "x" a100003; @1)",
       R"(C"A" S"x" | invalid_ack)"},
  });
}

TEST(Hostile, SynThatNothingFollowsIsForgotten) {
  TcpScript script;
  script.play(R"(HS; C 1 "A"; C [S] isn=123456789; @60)");
  EXPECT_FALSE(script.session().waits());
}

TEST(Hostile, BehindAReset) {
  expect_all({
      {"no room",
       R"(HS; C [R] 1; C 5 "E"; C 7 "G"; C 9 "I"; C 11 "K"; @1)",
       "=reset | after_rst 2",
       {.held_segments = 4}},
      {"an end", R"(HS; C 1 "A"; C [R] 2; C 2 "BCD"; C [F] 5; @1)", R"(C"A" =reset | after_rst)"},
      {"a reset before what the peer acknowledged", R"(HS; C 1 "AA"; S [.] a7; C [R] 3; C 3 "BBBB"; @1)",
       R"(C"AABBBB" | rst_inexact)"},
      {"the reset first, and its sender goes on", R"(S 1 "s" a5; @1; C [R] 5; C 5 "c" a2; S 2 "t" a6; @2)",
       R"(C"s" S"c" C"t" | midstream by first_sender, rst_ignored)"},
      {"a jump behind it", R"(HS(win=100); C [R] 1; C 50000 "c" a1; S 1 "s" a50001; @1)",
       R"(C<49999 not_captured> C"c" S"s" | out_of_window, rst_ignored)"},
      {"a reset before all else, half the numbers away",
       R"(C 752277222 [R]; C 3160835013 "cc" a1; S 1 "s" a3160835015)",
       R"(C"cc" S[after_rst]"s" =reset | midstream by first_sender)"},
      {"a reset before all else", R"(C [R] 1; C 2 "c" a1; S 1 "s" a3)",
       R"(C"c" S"s" | midstream by first_sender, rst_ignored)"},
  });
}

TEST(Hostile, SynsThatGoFarBack) {
  EXPECT_EQ(
      run(R"(C [S] isn=2147483638; C [S] isn=4294967287; C [S] isn=2147483640; C [S] isn=4294967289; S [SA]; C [.];
                   C 1+20; C 25 "Z"; C 21+4; S [.] a26)"),
      R"(C+24"Z")");
}

}  // namespace
}  // namespace unspool::test
