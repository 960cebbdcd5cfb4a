// Ends: FIN, RST, and endpoints that are used again.
#include <gtest/gtest.h>

#include "support/tcp_script.h"

namespace unspool::test {
namespace {

TEST(Cases, Close) {
  expect_all({
      {"close-01", R"(HS; C 1 "A"; C [FA] 2; S [FA] 1 a3; C [.] a2)", R"(C"A" C.fin S.fin =closed)"},
      {"close-02", R"(HS; C 1 "A"; C [FA] 2 "BC"; S [FA] a5)", R"(C"ABC" C.fin S.fin =closed)"},
      {"close-03", R"(HS; C 1 "A"; C [F] 4; C 2 "BC"; S [.] a5)", R"(C"ABC" C.fin)"},
      {"close-04", R"(HS; C 1 "A"; C [F] 2; C [F] 2; S [FA] a3)", R"(C"A" C.fin S.fin =closed)"},
      {"close-05", R"(HS; C [F] 1; C [F] 5; @1)", "C.fin | bad_fin"},
      {"close-06", R"(HS; C 1 "A"; C [F] 2; C 2 "EVIL")", R"(C"A" C.fin | data_after_fin)"},
      {"close-07", R"(HS; C 1 "req"; C [F] 4; S 1 "resp1"; S 6 "resp2"; S [F] 11)",
       R"(C"req" C.fin S"resp1resp2" S.fin =closed)"},
      {"close-08", R"(HS; C [F] 1; S [F] 1 a1; C [.]; S [.])", "C.fin S.fin =closed"},
      {"close-09", R"(HS; C 1 "A"; C [F] 2; S [.] a3; @1)", R"(C"A" C.fin)"},
      {"close-10", R"(HS; C 1 "A"; ~C [F] 2; S [FA] 1 a3; @1)", R"(C"A" C.fin S.fin =closed | fin_inferred)"},
      {"close-11", R"(HS; C 1 "A"; S [R])", R"(C"A" =reset)"},
      {"close-11, later", R"(HS; C 1 "A"; S [R]; @1)", R"(C"A" =reset)"},
      {"close-12", R"(HS; C 1 "A"; C [R] 52; C 2 "B")", R"(C"AB" | rst_inexact)"},
      {"close-13", R"(HS; C 1 "A"; C [R] 10000002; C 2 "B")", R"(C"AB" | rst_inexact)"},
      {"close-14", R"(HS; C 1 "AAAA"; S [.] a5; C [R] 2; C 5 "B")", R"(C"AAAAB" | rst_inexact)"},
      {"close-16", R"(HS; C 1 "AA"; C [R] 3; C 3 "BB"; S [.] a5)", R"(C"AABB" | rst_ignored)"},
      {"close-16, obeyed", R"(HS; C 1 "AA"; C [R] 3; C 3 "BB"; @1)", R"(C"AA" =reset | after_rst)"},
      {"close-17", R"(HS; C 1 "AAAA"; S [R])", R"(C"AAAA" =reset)"},
      {"close-18", R"(HS; C 1 "AA"; C 5 "CC"; S [R])", R"(C"AA" C<2 end> C"CC" =reset)"},
      {"close-19", R"(HS; C 1 "A"; C [R] 2 "diag")", R"(C"A" =reset | rst_data)"},
      {"close-20", R"(HS; S [R]; C 1 "A"; C 2 "B")", R"(C[after_rst]"AB" =reset)"},
      {"close-21", R"(HS; C 1 "A"; S [R] ack=0)", R"(C"A" =reset)"},
      // The reset is at the next byte, so all that stands behind it was never acknowledged: not given out.
      {"close-22", R"(HS; C 5 "567"; C [R] 1 "123"; C 10 "JKL"; @40)", "=reset | rst_data, after_rst"},
      {"close-23", R"(C [S]; S [SA]; C [R] 1; C [.]; S [.])", "=reset"},
      {"close-24", R"(HS; C [F] 1; S [F] 1; C [.]; C [S] isn=90000; S [SA] isn=80000; C 1 "B")",
       R"(C.fin S.fin =closed C"B")"},
      {"close-25", R"(HS; S [R]; C [S] isn=90000; S [SA] isn=80000; C 1 "B")", R"(=reset C"B")"},
      {"close-26", R"(HS; C 1 "A"; C [S] isn=90000000; S [SA] isn=80000000; C 1 "B")",
       R"(C"A" =reused C"B" | syn_ignored)"},
      {"close-27", R"(HS; C 1 "A"; C [S] isn=123456789; C isn=0; C 2 "B")", R"(C"AB" | syn_ignored)"},
      {"close-28", R"(HS; C 1 "A"; C 2 [S]; C 2 "B")", R"(C"AB" | syn_ignored)"},
      {"close-29", R"(HS; C 1 "A"; C [F] 2; S [F] 1; C [.]; C 1 "A")", R"(C"A" C.fin S.fin =closed | after_end)"},
  });
}

TEST(Cases, ResetMarksWhatNobodyAcknowledged) {
  TcpScript script;  // close-17
  script.play(R"(HS; C 1 "AAAA"; S [R]; EOF)");
  EXPECT_EQ(script.session().unacknowledged(0), 4U);

  TcpScript acknowledged;
  acknowledged.play(R"(HS; C 1 "AAAA"; S [RA] a5; EOF)");
  EXPECT_EQ(acknowledged.session().unacknowledged(0), 0U);
}

TEST(Cases, SessionsThatEndedSayHow) {
  TcpScript reset;
  reset.play(R"(HS; C 1 "A"; S [R])");
  EXPECT_EQ(reset.session().ended(), Ending::reset);
  reset.play("@1");
  EXPECT_EQ(reset.session().phase(), TcpSession::Phase::over);
  EXPECT_EQ(reset.session().ended(), Ending::reset);
}

TEST(Cases, SynThatNobodyAnswersIsForgotten) {  // close-27
  TcpScript script;
  script.play(R"(HS; C 1 "A"; C [S] isn=123456789; C isn=0; C 2 "B")");
  EXPECT_TRUE(script.session().waits());
  script.play("@60");
  EXPECT_FALSE(script.session().waits());
}

TEST(Cases, AnIdleSessionWaitsForNothing) {  // close-30: the table ends it
  TcpScript script;
  script.play(R"(HS; C 1 "A"; @1000)");
  EXPECT_EQ(script.session().deadline(), Timestamp::max());
  EXPECT_EQ(script.session().ended(), std::nullopt);
}

}  // namespace
}  // namespace unspool::test
