// Windows, probes and keep-alives, odd options, captures cut short; urgent data, which stays in line.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/tcp_script.h"

namespace unspool::test {
namespace {

TEST(Cases, Probe) {
  const StreamSettings remembering{.history = 1024};
  expect_all({
      {"probe-01", R"(HS; C 1 "AAA"; S [.] a4 win=0; C 4 "B"; S [.] a4; C 4 "BCD")", R"(C"AAABCD" | retransmission)"},
      {"probe-02", R"(HS; S [.] win=0; C 1 "x"; S [.] a1; S [.] a1 win=100; C 1 "Good")",
       R"(C"xood" | retransmission, overlap_differs)", remembering},
      {"probe-03", R"(HS; C 1 "AAA"; S [.] a4; C 3 "\0"; S [.] a4; C 4 "B")", R"(C"AAAB" | retransmission)"},
      {"probe-03, before any data", R"(HS; C 0 "\0"; S [.] a1; C 1 "A")", R"(C"A" | before_start)"},
      {"probe-04", R"(HS; C 1 "AAA"; S [.] a4; C [.] 3; C 4 "B")", R"(C"AAAB")"},
      {"probe-05", R"(HS(win=100); C 1000001 "Z"; C 1 "A")", R"(C"A" | out_of_window)"},
      {"probe-06", R"(HS(win=4); C 1 "ABCDEFGH"; S [.] a9)", R"(C"ABCDEFGH")"},
      {"probe-07", R"(HS(wscale=14); C 900000001 "Z"; C 1 "A")", R"(C"A" C<899999999 end> C"Z")"},
      {"probe-08", R"(HS(wscale=255); C 900000001 "Z"; C 1 "A")", R"(C"A" C<899999999 end> C"Z")"},
      {"probe-11", R"(HS; C 1 "A" opt=03000101; C 2 "B" opt=01010303; C 3 "C" opt=0301ff01)", R"(C"ABC")"},
      {"probe-11, in a SYN", R"(C [S] opt=03000101; S [SA] opt=01010303; C 1 "A")", R"(C"A")"},
      {"probe-12", R"(HS; C [.] opt=01010502; C 1 "A")", R"(C"A")"},
      {"probe-15", R"(HS; C 1+1460 cut=100; C 1461 "B"; S [.] a1462; @1)", R"(C+100 C<1360 snaplen> C"B")"},
  });
}

TEST(Cases, ProbeFarAheadIsNotHeldForLong) {  // probe-05
  TcpScript script;
  script.play(R"(HS(win=100); C 1000001 "Z"; C 1 "A"; @1)");
  EXPECT_EQ(script.budget().peak(), 1 + HeldBudget::kOverhead);
  script.play("@60");
  EXPECT_EQ(script.budget().held(), 0U);
  EXPECT_EQ(script.session().deadline(), Timestamp::max());
}

TEST(Cases, UrgentInLine) {
  expect_all({
      {"urgent-01", R"(HS; C 1 "ABX" [U] urg=3; C 4 "C")", R"(C"ABXC" | urgent)"},
      {"urgent-02", R"(HS; C 1 "ABXY" [U] urg=4; C 5 "C")", R"(C"ABXYC" | urgent)"},
      {"urgent-03", R"(HS; C 1 "AB" [U] urg=100; C 3 "C")", R"(C"ABC" | urgent)"},
      {"urgent-04", R"(HS; C 1 "AB" [U] urg=0; C 3 "C")", R"(C"ABC" | urgent)"},
      {"urgent-05", R"(HS; C 1 "ABC" urg=2)", R"(C"ABC")"},
      {"urgent-06", R"(HS; C 1 "X" [U] urg=1; C 2 "A")", R"(C"XA" | urgent)"},
  });
  TcpScript flood;  // urgent-07
  flood.play("HS");
  for (int i = 0; i < 66000; ++i) flood.play("C +1 [U] urg=1");
  flood.end();
  EXPECT_EQ(flood.text(), "C+66000 | urgent 66000");
}

}  // namespace
}  // namespace unspool::test
