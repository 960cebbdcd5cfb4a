// Copies of the same bytes that differ: the first one wins, and both are told.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/tcp_script.h"

namespace unspool::test {
namespace {

const StreamSettings kRemembering{.history = 1024};

/// Sequences in which a hole at 1 holds everything back to the end, so that each overlap is decided among held bytes.
const std::vector<Case> kSuite{
    {"overlap-01",
     R"(C 2 "AAA"; C 6 "BB"; C 8 "CCC"; C 12 "D"; C 15 "EE"; C 17 "FFF"; C 20 "GG"; C 22 "HH"; C 24 "I"; C 3 "JJJJ";
        C 8 "KKK"; C 11 "LLL"; C 14 "MMM"; C 18 "N"; C 21 "O"; C 22 "P"; C 24 "QQ"; C 1 "0")",
     R"(C"0AAAJBBCCCLDLMEEFFFGGHHIQ" | overlap_differs 9)"},
    {"overlap-02", R"(C 3 "B"; C 9 "D"; C 12 "EE"; C 2 "AA"; C 1 "JJJJ"; C 8 "LLL"; C 5 "---"; C 11 "MMM")",
     R"(C"JABJ---LDLMEE" | overlap_differs 5)"},
    {"overlap-03",
     R"(C 2 "CCC"; C 16 "HH"; C 18 "II"; C 2 "KKK"; C 2 "LLLL"; C 16 "P"; C 16 "QQ"; C 6 "----------"; C 1 "0")",
     R"(C"0CCCL----------HHII" | overlap_differs 4)"},
    {"overlap-04", R"(C 2 "AA"; C 17 "FFF"; C 20 "GG"; C 3 "JJ"; C 21 "O"; C 18 "N"; C 5 "------------"; C 1 "0")",
     R"(C"0AAJ------------FFFGG" | overlap_differs 3)"},
};

TEST(Cases, Overlap) {
  for (const Case& row : kSuite) EXPECT_EQ(run(fmt::format("HS; {}", row.script)), row.told) << row.id;
  expect_all({
      {"overlap-05", R"(HS; C 4 "BBB"; C 2 "xxxx"; C 1 "0")", R"(C"0xxBBB" | overlap_differs)"},
      {"overlap-06", R"(HS; C 2 "AAAA"; C 4 "xxxx"; C 1 "0")", R"(C"0AAAAxx" | overlap_differs)"},
      {"overlap-07", R"(HS; C 2 "AAAAA"; C 3 "xx"; C 1 "0")", R"(C"0AAAAA" | overlap_differs)"},
      {"overlap-08", R"(HS; C 2 "AAA"; C 2 "xxx"; C 1 "0")", R"(C"0AAA" | overlap_differs)"},
      {"overlap-09", R"(HS; C 2 "AAA"; C 2 "xxxxx"; C 1 "0")", R"(C"0AAAxx" | overlap_differs)"},
      {"overlap-10", R"(HS; C 2 "AAAA"; C 2 "xx"; C 1 "0")", R"(C"0AAAA" | overlap_differs)"},
      {"overlap-11", R"(HS; C 3 "AAA"; C 2 "xxxx"; C 1 "0")", R"(C"0xAAA" | overlap_differs)"},
      {"overlap-12", R"(HS; C 2 "AAAA"; C 4 "xx"; C 1 "0")", R"(C"0AAAA" | overlap_differs)"},
      {"overlap-13", R"(HS; C 4 "AA"; C 2 "xxxxxx"; C 1 "0")", R"(C"0xxAAxx" | overlap_differs)"},
      {"overlap-14", R"(HS; C 2 "A"; C 4 "A"; C 6 "A"; C 8 "A"; C 1 "xxxxxxxxx")",
       R"(C"xAxAxAxAx" | overlap_differs 4)"},
      {"overlap-15",
       R"(HS; C 11 "AAAAAAAAAA"; C 21 "BBBBBBBBBB"; C 41 "CCCCCCCCCC"; C 6 "aaaaaaaaaaaaaaaaaaaa";
          C 1 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")",
       R"(C"xxxxxaaaaaAAAAAAAAAABBBBBBBBBBxxxxxxxxxxCCCCCCCCCC" | overlap_differs 6)"},
      {"overlap-16", R"(HS; C 2 "AAA"; C 7 "BBB"; C 4 "xxxxx"; C 1 "0")", R"(C"0AAAxxBBB" | overlap_differs 2)"},
      {"overlap-17", R"(HS; C 2 "EVIL"; C 2 "GOOD"; C 1 "0")", R"(C"0EVIL" | overlap_differs)"},
      {"overlap-18", R"(HS; C 2 "AA"; C 2 "BB"; C 2 "CC"; C 1 "0")", R"(C"0AA" | overlap_differs 2)"},
      {"overlap-19", R"(HS; C 3 "C"; C 2 "b"; C 2 "B"; C 3 "c"; C 1 "0")", R"(C"0bC" | overlap_differs 2)"},
      {"overlap-20", R"(HS; C 3 "ABCDE"; C 1 "XXABC")", R"(C"XXABCDE" | retransmission)"},
      {"overlap-21", R"(HS; C 1 "ABCDE"; C 3 "xxxxx")", R"(C"ABCDExx" | retransmission, overlap_differs)",
       kRemembering},
      {"overlap-22", R"(HS; C 7 "789012345"; C 7 "789ABCDE"; C 1 "1234567890")",
       R"(C"123456789012345" | retransmission, overlap_differs)"},
      {"overlap-26", R"(HS; C 1 "EVIL" [-]; C 1 "GOOD")", R"(C"GOOD" | no_ack_flag)"},
      // Nobody agreed on RFC 2385 here, so a host would drop the first one; a passive sensor cannot know.
      {"overlap-29", R"(HS; C 1 "EVIL" opt=131200000000000000000000000000000000; C 1 "GOOD")",
       R"(C"EVIL" | retransmission, overlap_differs)", kRemembering},
  });
  EXPECT_EQ(steps(R"(HS; C 1 "ABCDE"; C 3 "xxxxx")"), R"(C"ABCDE" / C"xx")");  // overlap-21
}

TEST(Cases, OverlapIsToldWithBothCopiesFromTheirDifferenceOn) {
  EXPECT_EQ(conflicts(R"(HS; C 2 "EVIL"; C 2 "GOOD"; C 1 "0")"), R"(C@1"EVIL"!="GOOD")");
  EXPECT_EQ(conflicts(R"(HS; C 2 "HTTP/1.1 302"; C 2 "HTTP/1.1 200"; C 1 "0")"), R"(C@10"302"!="200")");
  EXPECT_EQ(conflicts(R"(HS; C 1 "ABCDE"; C 3 "xxxxx")", kRemembering), R"(C@2"CDE"!="xxx")");  // overlap-21
  EXPECT_EQ(conflicts(R"(HS; C 3 "ABCDE"; C 1 "XXABC")"), "");                                  // overlap-20
}

TEST(Cases, OverlapAroundTheWrap) {  // wrap-04
  for (const std::uint32_t isn : {0U, 1U, 4294967295U, 4294967285U}) {
    for (const Case& row : kSuite) {
      EXPECT_EQ(run(fmt::format("C isn={}; HS; {}", isn, row.script)), row.told) << row.id << " at isn " << isn;
    }
  }
}

}  // namespace
}  // namespace unspool::test
