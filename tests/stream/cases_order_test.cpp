// Bytes out of order, sent again, and around the wrap of sequence numbers.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/tcp_script.h"

namespace unspool::test {
namespace {

TEST(Cases, Order) {
  expect_all({
      {"order-01", R"(HS; C 1 "AAA"; C 4 "BBB"; C 7 "CCC")", R"(C"AAABBBCCC")"},
      {"order-02", R"(HS; C 4 "BBB"; C 1 "AAA"; C 7 "CCC")", R"(C"AAABBBCCC")"},
      {"order-03", R"(HS; C 7 "CCC"; C 4 "BBB"; C 1 "AAA"; C 10 "DDD")", R"(C"AAABBBCCCDDD")"},
      {"order-09", "HS; C 1+65495", "C+65495"},
      {"order-11", R"(HS; C 1 ""; C 1 "A")", R"(C"A")"},
      // Acknowledgements are cumulative: S's first one does not cover BB, which its host cannot have taken in order
      // yet.
      {"order-12", R"(HS; C 4 "BB"; S 3 "yy"; C 1 "AAA"; S 1 "xx")", R"(C"AAABB" S"xxyy")"},
  });
}

TEST(Cases, OrderStepByStep) {
  // order-04: the last two come in one step.
  EXPECT_EQ(steps(R"(HS; C 1 "123"; C 4 "456"; C 10 "JKL"; C 7 "789")"), R"(C"123" / C"456" / - / C"789JKL")");
  // order-05
  EXPECT_EQ(steps(R"(HS; C 1 "AAA"; C 7 "CCC"; C 13 "EEE"; C 4 "BBB"; C 10 "DDD")"),
            R"(C"AAA" / - / - / C"BBBCCC" / C"DDDEEE")");
  // order-10: data before its SYN.
  EXPECT_EQ(steps("C 1+5700; C [S]; S [SA]"), "- / C+5700 / -");
}

TEST(Cases, OrderReversed) {
  std::string bytewise = "HS";  // order-06
  for (int at = 283; at >= 1; --at) bytewise += fmt::format("; C {}+1", at);
  EXPECT_EQ(run(bytewise), "C+283");

  std::string segments = "HS(wscale=7)", told;  // order-07: all of it when the first one comes
  for (int i = 63; i >= 0; --i) {
    segments += fmt::format("; C {}+1460", 1 + i * 1460);
    told += i > 0 ? "- / " : "C+93440";
  }
  EXPECT_EQ(steps(segments), told);
}

TEST(Cases, OrderEveryOtherThenTheRest) {  // order-08
  std::string script = "HS";
  for (int at = 1; at <= 99; at += 2) script += fmt::format("; C {}+1", at);
  for (int at = 2; at <= 98; at += 2) script += fmt::format("; C {}+1", at);
  EXPECT_EQ(run(script), "C+99");
}

TEST(Cases, Retransmission) {
  const StreamSettings remembering{.history = 1024};
  expect_all({
      {"rexmit-01", R"(HS; C 1 "AAA"; C 1 "AAA"; C 4 "B")", R"(C"AAAB" | retransmission)"},
      {"rexmit-02", R"(HS; C 1 "ABCDEFGHIJKLMNO"; C 11 "KLMNO"; C 16 "P")", R"(C"ABCDEFGHIJKLMNOP" | retransmission)"},
      {"rexmit-03", R"(HS; C 1 "ABCDEFGHIJ"; C 1 "ABCDE"; C 11 "K")", R"(C"ABCDEFGHIJK" | retransmission)"},
      {"rexmit-04", R"(HS; C 1 "ABCDEFG"; C 1 "ABCDEFGHIJ")", R"(C"ABCDEFGHIJ" | retransmission)"},
      {"rexmit-05", R"(HS; C 1 "ABCDEFG"; C 5 "EFGHIJ")", R"(C"ABCDEFGHIJ" | retransmission)"},
      {"rexmit-06", R"(HS; C 1 "ABCDEFG"; C 3 "CDE")", R"(C"ABCDEFG" | retransmission)"},
      {"rexmit-07", R"(HS; C 1 "AA"; C 3 "BB"; ~C 5 "CC"; C 1 "AABBCC")", R"(C"AABBCC" | retransmission)"},
      {"rexmit-08", R"(HS; C 1 "AAA"; S [.] a4; C 1 "AAA"; C 4 "B")", R"(C"AAAB" | retransmission)"},
      {"rexmit-09", R"(HS; C 1 "GOOD"; S [.] a5; C 1 "EVIL"; C 5 "!")", R"(C"GOOD!" | retransmission, overlap_differs)",
       remembering},
      {"rexmit-09, no history", R"(HS; C 1 "GOOD"; S [.] a5; C 1 "EVIL"; C 5 "!")", R"(C"GOOD!" | retransmission)"},
      {"rexmit-10", R"(HS; S 1 "HTTP/1.1 302 x"; S 1 "HTTP/1.1 200 y")",
       R"(S"HTTP/1.1 302 x" | retransmission, overlap_differs)", remembering},
      // Held bytes that come again are counted as they come, and held once.
      {"rexmit-11", R"(HS; C 7 "BBB"; C 7 "BBB"; C 10 "KL"; C 4 "666BB"; C 1 "AAA")",
       R"(C"AAA666BBBKL" | retransmission 2)"},
      {"rexmit-12", R"(HS; C 1 "AAA"; C 1 "AAA" +1457)", R"(C"AAA"+1457 | retransmission)"},
  });
  EXPECT_EQ(steps(R"(HS; C 1 "ABCDEFG"; C 1 "ABCDEFGHIJ")"), R"(C"ABCDEFG" / C"HIJ")");  // rexmit-04
  EXPECT_EQ(steps(R"(HS; C 1 "ABCDEFG"; C 5 "EFGHIJ")"), R"(C"ABCDEFG" / C"HIJ")");      // rexmit-05
}

TEST(Cases, RetransmissionThatDiffersIsToldWithBothCopiesFromTheirDifferenceOn) {
  const StreamSettings remembering{.history = 1024};
  EXPECT_EQ(conflicts(R"(HS; C 1 "GOOD"; S [.] a5; C 1 "EVIL"; C 5 "!")", remembering), R"(C@0"GOOD"!="EVIL")");
  EXPECT_EQ(conflicts(R"(HS; S 1 "HTTP/1.1 302 x"; S 1 "HTTP/1.1 200 y")", remembering), R"(S@9"302 x"!="200 y")");
}

TEST(Cases, Wrap) {
  std::string bytewise = "C isn=4294967289; HS";  // wrap-03
  for (int i = 0; i < 26; ++i) bytewise += fmt::format("; C {} \"{}\"; S [.]", 1 + i, static_cast<char>('a' + i));
  expect_all({
      {"wrap-01", R"(C isn=4294967295; HS; C 1 "1234567890"; C 11 "ABCD")", R"(C"1234567890ABCD")"},
      {"wrap-02", R"(C isn=4294967295; C 11 "ABCD"; C [S] 0 "1234567890"; S [SA] a11)",
       R"(C"1234567890ABCD" | syn_data)"},
      {"wrap-03", bytewise, R"(C"abcdefghijklmnopqrstuvwxyz")"},
      {"wrap-05", R"(C isn=4294967290; HS; C 1 "AAAA"; ~C 5+10; C 15 "BB"; S [.] a17)",
       R"(C"AAAA" C<10 not_captured> C"BB")"},
      {"wrap-07", "C isn=4294967290; HS; C 1+20; S [.] a21", "C+20"},
      {"wrap-08", R"(HS; C 1 "A"; C 2147483650 "Z")", R"(C"A" | out_of_window)"},
  });
}

TEST(Cases, WrapManyTimesInOneSession) {  // wrap-06: 9 GB, of which headers were captured
  constexpr std::uint64_t kSegment = 1'000'000, kSegments = 9'000;
  TcpScript script;
  script.play("HS(wscale=7)");
  for (std::uint64_t i = 0; i < kSegments; ++i) {
    script.play(fmt::format("C +{} cut=0; S [.]", kSegment));
  }
  script.play(R"(C "Z"; S "bye")");
  script.end();
  EXPECT_EQ(script.text(), R"(C<9000000000 snaplen x9000> C"Z" S"bye")");
  EXPECT_EQ(script.budget().peak(), 0U);
}

}  // namespace
}  // namespace unspool::test
