#include <gtest/gtest.h>

#include "told.h"

namespace unspool::test {
namespace {

Ip4 ip() { return ip4("10.0.0.1", "10.0.0.2"); }
const auto kSay = udp(1, 2).payload("say");

struct Row {
  const char* what;
  Frame frame;
  const char* expected;
};

void check(std::initializer_list<Row> rows) {
  for (const Row& row : rows) EXPECT_EQ(told(row.frame), row.expected) << row.what;
}

TEST(Ip4, Options) {
  check({
      {"one word", eth() / ip().options("\x94\x04") / kSay, "udp 10.0.0.1:1 > 10.0.0.2:2 \"say\""},
      {"ten words", eth() / ip().options(std::string(40, '\x01')) / kSay, "udp 10.0.0.1:1 > 10.0.0.2:2 \"say\""},
      {"an option that is longer than all", eth() / ip().options("\x83\xff") / kSay,
       "udp 10.0.0.1:1 > 10.0.0.2:2 \"say\""},
      {"an option of no length", eth() / ip().options(std::string("\x07\0", 2)) / kSay,
       "udp 10.0.0.1:1 > 10.0.0.2:2 \"say\""},
  });
}

TEST(Ip4, HeaderLengthsThatLie) {
  check({
      {"four words", eth() / ip().header_words(4) / kSay, "malformed"},
      {"none", eth() / ip().header_words(0) / kSay, "malformed"},
      {"longer than the datagram (ip-17)", raw() / ip().header_words(15) / data("twenty bytes are here", 17),
       "malformed"},
      {"longer than the frame", raw() / ip().header_words(15).total_length(60) / data("cut", 17), "truncated"},
      {"version 5", eth() / ip().version(5) / kSay, "malformed"},
      {"version 6", eth() / ip().version(6) / kSay, "malformed"},
  });
}

TEST(Ip4, TotalLengths) {
  check({
      {"0: the card cuts it up later", eth() / ip().total_length(0) / kSay, "udp 10.0.0.1:1 > 10.0.0.2:2 \"say\""},
      {"the header alone", eth() / ip().total_length(20) / kSay, "truncated"},
      {"less than the header", eth() / ip().total_length(19) / kSay, "malformed"},
      {"shorter by one", eth() / ip().total_length(30) / kSay, "udp 10.0.0.1:1 > 10.0.0.2:2 \"sa\", checksum wrong"},
      {"longer than the wire", eth() / ip().total_length(32) / kSay, "udp 10.0.0.1:1 > 10.0.0.2:2 \"say\""},
      {"longest", eth() / ip().total_length(65535) / data("short", 99), "transport 10.0.0.1 > 10.0.0.2 99 \"short\""},
  });
}

TEST(Ip4, WhatTheCaptureLeftOutIsMissing) {
  const Frame frame = eth() / ip() / kSay;
  std::string cut = frame;
  cut.resize(cut.size() - 2);
  EXPECT_EQ(told(1, cut, 2), "udp 10.0.0.1:1 > 10.0.0.2:2 \"s\"+2");
  EXPECT_EQ(told(1, cut, 1000), "udp 10.0.0.1:1 > 10.0.0.2:2 \"s\"+2") << "the rest was padding";
  EXPECT_EQ(told(1, cut, 0), "udp 10.0.0.1:1 > 10.0.0.2:2 \"s\"") << "what the wire did not have is not missing";
  EXPECT_EQ(told(eth() / ip().total_length(0) / kSay, 7), "udp 10.0.0.1:1 > 10.0.0.2:2 \"say\"");
  EXPECT_EQ(told(eth() / ip().total_length(0) / data("abc", 99), 7), "transport 10.0.0.1 > 10.0.0.2 99 \"abc\"+7");
}

TEST(Ip4, PaddingIsNeverPayload) {
  check({
      {"UDP", eth().padded() / ip() / kSay, "udp 10.0.0.1:1 > 10.0.0.2:2 \"say\""},
      {"a bare ACK", eth().padded() / ip() / tcp(1, 2).ack(5).seq(4), "tcp 10.0.0.1:1 > 10.0.0.2:2 A 4 \"\""},
      {"behind a VLAN tag", eth().padded() / vlan(5) / ip() / tcp(1, 2).seq(4),
       "[5] tcp 10.0.0.1:1 > 10.0.0.2:2 - 4 \"\""},
      {"a fragment", eth().padded() / ip().fragment(7, 8, false).protocol(17) / data("end"),
       "fragment 10.0.0.1 > 10.0.0.2 17 #7 8 \"end\""},
      {"IPv6 in a short frame", eth().padded() / ip6("::1", "::2") / data("x", 99), "transport ::1 > ::2 99 \"x\""},
  });
}

TEST(Ip4, Fragments) {
  check({
      {"first", eth() / ip().fragment(7, 0, true) / data("AAAAAAAA", 17),
       "fragment 10.0.0.1 > 10.0.0.2 17 #7 0.. \"AAAAAAAA\""},
      {"in between", eth() / ip().fragment(0xffff, 8, true) / data("B", 6),
       "fragment 10.0.0.1 > 10.0.0.2 6 #65535 8.. \"B\""},
      {"last", eth() / ip().fragment(7, 65528, false) / data("C", 1), "fragment 10.0.0.1 > 10.0.0.2 1 #7 65528 \"C\""},
      {"of no bytes", eth() / ip().fragment(7, 8, true) / data("", 17), "fragment 10.0.0.1 > 10.0.0.2 17 #7 8.. \"\""},
      {"none: neither offset nor more", eth() / ip().fragment(7, 0, false) / kSay,
       "udp 10.0.0.1:1 > 10.0.0.2:2 \"say\""},
  });
}

TEST(Ip4, DontFragmentAndTheReservedBitMakeNoFragment) {
  for (const char bits : {'\x40', '\x80', '\xc0'}) {
    std::string bytes = raw() / ip() / data("abc", 99);
    bytes[6] = bits;
    EXPECT_EQ(told(101, bytes), "transport 10.0.0.1 > 10.0.0.2 99 \"abc\"");
  }
}

TEST(Ip4, OtherTransports) {
  check({
      {"ICMP", eth() / ip() / icmp(8).payload("ping"),
       "icmp 10.0.0.1 > 10.0.0.2 \"\\x08\\x00\\x19/\\x00\\x00\\x00\\x00ping\""},
      {"SCTP", eth() / ip() / data("sctp", 132), "transport 10.0.0.1 > 10.0.0.2 132 \"sctp\""},
      {"numbers of IPv6's extension headers", eth() / ip() / data("opt", 60),
       "transport 10.0.0.1 > 10.0.0.2 60 \"opt\""},
      {"the same", eth() / ip() / data("hop", 0), "transport 10.0.0.1 > 10.0.0.2 0 \"hop\""},
      {"the same", eth() / ip() / data("fragment", 44), "transport 10.0.0.1 > 10.0.0.2 44 \"fragment\""},
  });
}

}  // namespace
}  // namespace unspool::test
