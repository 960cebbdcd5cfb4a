// The order between the two sides.
#include <gtest/gtest.h>

#include "support/tcp_script.h"

namespace unspool::test {
namespace {

TEST(Cases, Conversation) {
  expect_all({
      {"convo-01", R"(HS; C 1 "req" a1; S 1 "rsp" a4; C 4 "req2" a4)", R"(C"req" S"rsp" C"req2")"},
      {"convo-02", R"(HS; S 1 "rsp" a4; C 1 "req" a1)", R"(C"req" S"rsp")"},
      {"convo-03", R"(HS; ~C 1 "req"; S 1 "rsp" a4; C 4 "req2" a4; @1)", R"(C<3 not_captured> S"rsp" C"req2")"},
      {"convo-04", R"(HS; S 1 "220 hi" a1; C 1 "EHLO" a7; S 7 "250" a5)", R"(S"220 hi" C"EHLO" S"250")"},
      // Capture order, where acknowledgements allow it: r2 was sent before a1 was, as far as the tap can tell.
      {"convo-05", R"(HS; C 1 "r1" a1; C 3 "r2" a1; S 1 "a1" a3; S 3 "a2" a5)", R"(C"r1r2" S"a1a2")"},
      {"convo-06", R"(HS; C 1 "cc" a1; S 1 "ss" a1; C [.] a3; S [.] a3)", R"(C"cc" S"ss")"},
      {"convo-07", R"(HS; C 1 "AAA"; S [.] a4; S 1 "x" a4)", R"(C"AAA" S"x")"},
      {"convo-08", R"(HS; C 4 "BB" a1; S 1 "x" a6; C 1 "AAA" a1)", R"(C"AAABB" S"x")"},
      {"convo-09", R"(HS; C 1 "A"; C 3 "C"; S 1 "x" a2)", R"(C"A" S"x" C<1 end> C"C")"},
      {"convo-10", R"(HS; C 1 "A"; S 1 "x" a2; C 1 "A"; S 2 "y" a2)", R"(C"A" S"xy" | retransmission)"},
      {"convo-11", R"(HS; C 1 "req"; S 1+1460 a4; S 1461+1460 a4; C [.] a2921; S 2921+10; C 4 "next" a2931)",
       R"(C"req" S+2930 C"next")"},
      {"convo-12", R"(HS; C 1 "AAA"; S 1 "x" a4; S 2 "y" a1)", R"(C"AAA" S"xy")"},
      {"convo-13", R"(HS; S 1 "s1" a3; C 1 "c1" a3)", R"(S"s1" C"c1" | order_conflict)"},
      {"convo-14", R"(C [S]; C [.] a1; C 1 "A" a1; C 2 "B" a1; C 3 "C" a1)", R"(C"ABC")"},
      {"convo-15", R"(HS; C 1 "req"; C [FA] 4; S 1 "rsp" a5; S [FA] 4)", R"(C"req" C.fin S"rsp" S.fin =closed)"},
  });
}

TEST(Cases, ConversationStepByStep) {
  EXPECT_EQ(steps(R"(HS; C 1 "AAA"; S [.] a4; S 1 "x" a4)"), R"(C"AAA" / - / S"x")");             // convo-07
  EXPECT_EQ(steps(R"(HS; C 4 "BB" a1; S 1 "x" a6; C 1 "AAA" a1)"), R"(- / - / C"AAABB" S"x")");   // convo-08
  EXPECT_EQ(steps(R"(HS; C 1 "A"; C 3 "C"; S 1 "x" a2)"), R"(C"A" / - / S"x" / C<1 end> C"C")");  // convo-09
  EXPECT_EQ(steps(R"(HS; S 1 "s1" a3; C 1 "c1" a3)"), R"(- / S"s1" C"c1")");                      // convo-13
  EXPECT_EQ(steps(R"(C [S]; C [.] a1; C 1 "A" a1; C 2 "B" a1)"), R"(- / - / C"A" / C"B")");       // convo-14
}

TEST(Cases, ChunksKeepTheTimeAndOriginOfTheirPacket) {  // convo-16
  TcpScript script;
  script.play(R"(HS; @1 C 4 "BB"; @2 C 1 "AAA")");
  EXPECT_EQ(script.told().whole(), R"(C"AAABB")");
  EXPECT_EQ(script.told().times(), "2.000 1.000");
  EXPECT_EQ(script.told().origins(), "5 4");
}

TEST(Cases, OneSidedDataGoesOutAtOnce) {  // convo-14
  TcpScript script;
  script.play(R"(C [S]; C [.] a1; C 1 "A" a1; C 2 "B" a1)");
  EXPECT_EQ(script.budget().peak(), 0U);
  EXPECT_EQ(script.session().deadline(), Timestamp::max());
}

}  // namespace
}  // namespace unspool::test
