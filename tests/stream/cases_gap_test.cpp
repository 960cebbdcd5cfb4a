// Holes: what is told of them, why, and when.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/tcp_script.h"

namespace unspool::test {
namespace {

using std::chrono_literals::operator""ms;

TEST(Cases, Gap) {
  expect_all({
      {"gap-01", R"(HS; C 1 "AAA"; ~C 4 "BBB"; C 7 "CCC"; S [.] a10; @1)", R"(C"AAA" C<3 not_captured> C"CCC")"},
      {"gap-02", R"(HS; ~C 1 "AAA"; C 4 "BBB"; S [.] a7; @1)", R"(C<3 not_captured> C"BBB")"},
      {"gap-03", R"(HS; C 1 "AAA"; ~C 4 "BBB"; S [.] a7; C [F] 7; S [F] 1; @1)",
       R"(C"AAA" C<3 not_captured> C.fin S.fin =closed)"},
      {"gap-04", R"(HS; C 1 "AAA"; C 7 "CCC"; S [.] a4; @1 C 4 "BBB"; S [.] a10; @2)", R"(C"AAABBBCCC")"},
      {"gap-05", R"(HS; C 1 "AAA"; ~C 4+1460; S 1 "ok" a1464; @1)", R"(C"AAA" C<1460 not_captured> S"ok")"},
      {"gap-06", R"(HS; ~C 1+100; S 1 "ok" a101; @1)", R"(C<100 not_captured> S"ok")"},
      {"gap-07", R"(HS; C 1 "AA"; ~C 3 "bb"; C 5 "CC"; ~C 7 "dd"; C 9 "EE"; S [.] a11; @1)",
       R"(C"AA" C<2 not_captured> C"CC" C<2 not_captured> C"EE")"},
      {"gap-08", R"(HS; C 1 "req"; ~S 1+500; C 4 "req2" a501; @1)", R"(C"req" S<500 not_captured> C"req2")"},
      // Two acknowledgements inside the hole start two graces, so it is told in two gaps.
      {"gap-09", R"(HS; C 1 "AAA"; ~C 4 "BBBBBB"; C 10 "CC"; S [.] a6; S [.] a12; @1)",
       R"(C"AAA" C<6 not_captured x2> C"CC")"},
      {"gap-10", R"(HS; C 1 "AAA"; C 7 "CCC"; S [.] a10; @1 C 4 "BBB")", R"(C"AAA" C<3 not_captured> C"CCC" | late)"},
      {"gap-10, within the grace", R"(HS; C 1 "AAA"; C 7 "CCC"; S [.] a10; C 4 "BBB")", R"(C"AAABBBCCC")"},
      {"gap-11, no grace", R"(HS; S [.] a4; C 1 "AAA")", "C<3 not_captured> | late", {.grace = 0ms}},
      {"gap-11", R"(HS; S [.] a4; C 1 "AAA")", R"(C"AAA")"},
      // The acknowledgement stays at the hole and the peer was seen: nobody says that the bytes exist.
      {"gap-16", R"(HS; @1 C 4 "BB"; @32)", R"(C<3 limit> C"BB")"},
      {"gap-17", R"(HS; C 1 "AAA"; C 7 "CCC"; S [.] a4; EOF)", R"(C"AAA" C<3 end> C"CCC")"},
      {"gap-18", R"(HS; C 1 "AAA"; S [.] a2000000000; @1)", R"(C"AAA" | invalid_ack)"},
      {"gap-19", R"(HS; C 1 "AAA"; S [.] a900001; @1 C 4 "BBB"; S [.] a7)", R"(C"AAABBB" | invalid_ack)"},
      {"gap-20", R"(HS(wscale=14); ~C 1+1000000000; C 1000000001 "Z"; S [.] a1000000002; @1)",
       R"(C<1000000000 not_captured> C"Z")"},
      {"gap-21", R"(HS; ~C 1 "AAA"; C 4 "BBB"; S [.] a7; @1 C 2 "xxxxxx")", R"(C<3 not_captured> C"BBBx" | late)"},
      {"gap-22", R"(HS; C 1 "AAA"; ~C 4 "BBB"; C 7 "CCC"; S [.] a4 opt=0101050a000000070000000a; @1 C 4 "BBB")",
       R"(C"AAABBBCCC")"},
  });
}

TEST(Cases, GapComesBeforeTheBytesThatAcknowledgeIt) {  // gap-05
  EXPECT_EQ(steps(R"(HS; C 1 "AAA"; ~C 4+1460; S 1 "ok" a1464; @1)"), R"(C"AAA" / - / - / C<1460 not_captured> S"ok")");
}

TEST(Cases, GapIsDatedByItsDeadlineNotByWhenItWasNoticed) {
  TcpScript script;  // gap-16
  script.play(R"(HS; @1 C 4 "BB"; @90)");
  EXPECT_EQ(script.told().times(), "31.000 1.000");

  TcpScript acknowledged;
  acknowledged.play(R"(HS; @1 C 4 "BB"; @2 S [.] a6; @90)");
  EXPECT_EQ(acknowledged.told().times(), "2.100 1.000");
}

TEST(Cases, GapByCapturedDrops) {
  expect_all({
      {"drop before the segment", R"(HS; C 1 "AAA"; ~C 4 "BBB"; C 7 "CCC" drop; S [.] a10; @1)",
       R"(C"AAA" C<3 capture_drop> C"CCC")"},
      {"drop before the acknowledgement", R"(HS; C 1 "AAA"; ~C 4 "BBB"; S [.] a7 drop; @1)",
       R"(C"AAA" C<3 capture_drop>)"},
      {"a drop elsewhere", R"(HS; C 1 "AAA" drop; ~C 4 "BBB"; C 7 "CCC"; S [.] a10; @1)",
       R"(C"AAA" C<3 not_captured> C"CCC")"},
  });
}

TEST(Cases, GapByNumberOfSegments) {
  const StreamSettings four{.held_segments = 4};
  // gap-12
  EXPECT_EQ(steps(R"(HS; C 1 "AAA"; C 7 "CCC"; C 10 "DDD"; C 13 "EEE"; C 16 "FFF")", four),
            R"(C"AAA" / - / - / - / C<3 limit> C"CCCDDDEEEFFF")");
  // gap-13: one hole is given up each time.
  EXPECT_EQ(steps(R"(HS; C 1 "1"; C 3 "3"; C 4 "4"; C 6 "6"; C 8 "8"; C 10 "0"; C 12 "2"; EOF)", four),
            R"(C"1" / - / - / - / C<1 limit> C"34" / - / C<1 limit> C"6" / )"
            R"(C<1 end> C"8" C<1 end> C"0" C<1 end> C"2")");
}

TEST(Cases, GapByBytes) {  // gap-14
  constexpr std::uint64_t kLimit = 2U << 20U, kSegment = 1024;
  TcpScript script{{.held_bytes = kLimit}};
  script.play("HS(wscale=7)");
  for (std::uint64_t at = 2; at < 2 + kLimit; at += kSegment) script.play(fmt::format("C {}+{}", at, kSegment));
  EXPECT_EQ(script.told().whole(), "");
  script.play(fmt::format("C {}+1", 2 + kLimit));
  EXPECT_EQ(script.told().whole(), fmt::format("C<1 limit> C+{}", kLimit + 1));
  EXPECT_LE(script.budget().peak(), kLimit + kLimit / kSegment * HeldBudget::kOverhead);
  EXPECT_EQ(script.budget().held(), 0U);
}

TEST(Cases, GapThatNobodyAcknowledges) {  // gap-15: given up after streams.hole
  EXPECT_EQ(run(R"(HS(wscale=7); ~C 1 "A"; C 2+16385; @29; EOF)"), "C<1 end> C+16385");
  EXPECT_EQ(run(R"(HS(wscale=7); ~C 1 "A"; C 2+16385; @31)"), "C<1 limit> C+16385");
  EXPECT_EQ(run(R"(C [S] wscale=7; C [.]; ~C 1 "A"; C 2+16385; @31)"), "C<1 one_sided> C+16385");
}

TEST(Cases, GapNeedsNoMemoryForItsLength) {  // gap-20
  TcpScript script;
  script.play(R"(HS(wscale=14); ~C 1+1000000000; C 1000000001 "Z"; S [.] a1000000002; @1)");
  EXPECT_EQ(script.budget().peak(), 1 + HeldBudget::kOverhead);
}

TEST(Cases, ForgedAcknowledgementsAreForgotten) {  // gap-18
  TcpScript script;
  script.play(R"(HS; C 1 "AAA"; S [.] a2000000000; @60)");
  EXPECT_FALSE(script.session().waits());
}

TEST(Cases, TailThatNobodyAcknowledgedIsMarked) {  // gap-17
  TcpScript script;
  script.play(R"(HS; C 1 "AAA"; C 7 "CCC"; S [.] a4; EOF)");
  EXPECT_EQ(script.session().unacknowledged(0), 6U);
  EXPECT_EQ(script.session().unacknowledged(1), 0U);
}

}  // namespace
}  // namespace unspool::test
