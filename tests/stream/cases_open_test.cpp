// Beginnings: handshakes of all kinds, and sessions whose beginning was not captured.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/tcp_script.h"

namespace unspool::test {
namespace {

using std::chrono_literals::operator""ms;

TEST(Cases, Open) {
  expect_all({
      {"open-01", R"(C [S] 0 "GET"; S [SA] a4; C [.] 4)", R"(C"GET" | syn_data)"},
      {"open-02", R"(C [S] 0 "GET"; S [SA] a1; C 1 "GET")", R"(C"GET" | syn_data)"},
      {"open-03", R"(C [S] 0 "EVIL"; S [SA] a1; C 1 "GOOD")", R"(C"GOOD" | syn_data)"},
      {"open-04", R"(C 7 "789012345"; C 10 "01234567"; C [S] 0 "1234567890")",
       R"(C"12345678901234567" | retransmission 2, syn_data)"},
      {"open-05", R"(C [S]; S [SA]; C 1 "AAA" a1)", R"(C"AAA")"},
      {"open-06", R"(C [S]; C [S]; S [SA]; C [.]; C 1 "A")", R"(C"A")"},
      {"open-07", R"(C [S] isn=100; C [S] isn=9000; S [SA]; C 1 "A")", R"(C"A")"},
      {"open-08", R"(C [S]; S [SA] isn=500; S [SA] isn=7000; S isn=500; C [.] a1; S 1 "a")",
       R"(S"a" | synack_unexpected)"},
      {"open-09", R"(C [S]; S [SA] isn=500; S [SA] isn=7000; C [.] a1; S 1 "a")", R"(S"a" | synack_unexpected)"},
      {"open-10", R"(C [S]; S [SA] isn=500; S [SA] isn=7000; C [.] ack=3001; @1)", "| invalid_ack, synack_unexpected"},
      // One other SYN-ACK is kept, the latest.
      {"open-11",
       R"(C [S]; S [SA] isn=100; S [SA] isn=200; S [SA] isn=300; S [SA] isn=400; S [SA] isn=500; S [SA] isn=600;
                     C [.] a1; S 1 "a")",
       R"(S"a" | synack_unexpected 5)"},
      {"open-13", R"(C [S]; S [S]; C [SA]; S [.]; C 1 "A"; S 1 "b")", R"(C"A" S"b")"},
      {"open-14", R"(C [S]; S [.]; S [S]; C [SA]; S [.]; C 1 "A")", R"(C"A")"},
      {"open-15", R"(C [S]; S [S]; C [SA]; S [SA]; C 1 "A"; S 1 "b")", R"(C"A" S"b")"},
      {"open-16", R"(S [SA]; C [.]; C 1 "A"; S 1 "b")", R"(C"A" S"b" | roles by syn_ack)"},
      {"open-17", R"(C [S]; C [.] a1; C 1 "A"; S 1 "b")", R"(C"A" S"b")"},
      {"open-18", R"(C [S]; S [SA]; C 1 "A")", R"(C"A")"},
      {"open-19", R"(C [S]; S [RA] a1)", "=rejected"},
      // The stray reset is a session of its own; it says nothing about the one that follows.
      {"open-20", R"(S 77 [R]; C [S]; S [SA]; C 1 "A")", R"(=reset C"A")"},
      {"open-21", R"(C [SF])", "| midstream by first_sender, syn_fin"},
  });
}

TEST(Cases, OpenWithoutAnAnswerKeepsNothingOfEarlierSyns) {  // open-12
  TcpScript script;
  for (int i = 1; i <= 12; ++i) script.play(fmt::format("C [S] isn={}", i * 100'000));
  EXPECT_EQ(script.session().deadline(), Timestamp::max());
  script.play(R"(S [SA]; C 1 "A"; EOF)");
  EXPECT_EQ(script.text(), R"(C"A")");
}

TEST(Cases, SecondSynAckIsForgottenWhenTheChoiceIsMade) {
  TcpScript chosen, begun;
  chosen.play("C [S]; S [SA] isn=500; S [SA] isn=7000; C [.] a1");
  EXPECT_FALSE(chosen.session().waits());
  begun.play(R"(C [S]; S [SA] isn=500; S [SA] isn=7000; S isn=500; S 1 "a" a1; C 1 "b" a2)");
  EXPECT_EQ(begun.text(), R"(S"a" C"b" | synack_unexpected)");
  EXPECT_FALSE(begun.session().waits());
}

TEST(Cases, SynDataIsGivenOutWhenItsAnswerTakesIt) {
  EXPECT_EQ(steps(R"(C [S] 0 "GET"; S [SA] a4; C [.] 4)"), R"(- / C"GET" / -)");    // open-01
  EXPECT_EQ(steps(R"(C [S] 0 "GET"; S [SA] a1; C 1 "GET")"), R"(- / - / C"GET")");  // open-02
}

TEST(Cases, Midstream) {
  expect_all({
      {"mid-01", R"(C 5000 "AAA" a9000; S 9000 "bb" a5003)", R"(C"AAA" S"bb" | midstream by first_sender)"},
      {"mid-02", R"(port=S; S [.] a5000; C 5000 "AAA")", R"(C"AAA" | midstream by port)"},
      // A probe's byte cannot be told from data where nothing is known of what came before; it is not a gap in any
      // case.
      {"mid-03", R"(C 4999 "k" a9000; S [.] a5000; C 5000 "AAA")", R"(C"kAAA" | midstream by first_sender)"},
      {"mid-04", R"(C 5003 "BBB"; C 5000 "AAA")", R"(C"AAABBB" | midstream by first_sender)"},
      {"mid-05", R"(C [FA]; S [FA])", "C.fin S.fin =closed | midstream by first_sender"},
      {"mid-06", R"(port=S; S 1 "HTTP/1.1 200")", R"(S"HTTP/1.1 200" | midstream by port)"},
      {"mid-07", R"(C [S]; C [.]; C 1 "A"; C 2 "B"; C [F] 3)", R"(C"AB" C.fin)"},
      {"mid-08", R"(S [SA]; S 1 "a"; S 2 "b")", R"(S"ab" | roles by syn_ack)"},
      {"mid-09", R"(C [S]; C [.]; C 1 "A"; C 5 "B"; @40)", R"(C"A" C<3 one_sided> C"B")"},
      {"mid-10", R"(C [S]; C [.]; C 1 "A"; C 2 "B"; S 1 "x"; C 3 "C"; S 2 "y")", R"(C"AB" S"x" C"C" S"y")"},
      {"mid-11", "S [SA]; C [R] 1; @1", "=reset | roles by syn_ack"},
  });
}

TEST(Cases, MidstreamStartsAreHeldForOneGrace) {
  EXPECT_EQ(steps(R"(C 5003 "BBB"; @0.05; @0.2; C 5000 "AAA")"), R"(- / - / C"BBB" / -)");  // mid-04, too late
  EXPECT_EQ(steps(R"(C 5000 "AAA" a9000; S [.] a5003)"), R"(- / C"AAA")");                  // or acknowledged
  EXPECT_EQ(steps(R"(C 5003 "BBB" a9000; C 5000 "AAA")", {.start_bytes = 6}), R"(- / C"AAABBB")");
  EXPECT_EQ(run(R"(C 5003 "BBB"; @1 C 5000 "AAA")", {.grace = 100ms}), R"(C"BBB" | midstream by first_sender, before_start)");
}

}  // namespace
}  // namespace unspool::test
