#include <gtest/gtest.h>

#include "told.h"

namespace unspool::test {
namespace {

Ip6 ip() { return ip6("2001:db8::1", "2001:db8::2"); }
const auto kSay = udp(1, 2).payload("say");
constexpr const char* kSaid = "udp 2001:db8::1:1 > 2001:db8::2:2 \"say\"";

struct Row {
  const char* what;
  Frame frame;
  const char* expected;
};

void check(std::initializer_list<Row> rows) {
  for (const Row& row : rows) EXPECT_EQ(told(row.frame), row.expected) << row.what;
}

TEST(Ip6, ExtensionHeaders) {
  const Frame front = eth() / ip();
  check({
      {"none", front / kSay, kSaid},
      {"hop by hop", front / hop_by_hop() / kSay, kSaid},
      {"routing", front / routing() / kSay, kSaid},
      {"destination options", front / destination_options(256) / kSay, kSaid},
      {"authentication, in words of 4", front / authentication() / kSay, kSaid},
      {"mobility", front / extension6(135) / kSay, kSaid},
      {"host identity", front / extension6(139) / kSay, kSaid},
      {"shim6", front / extension6(140) / kSay, kSaid},
      {"all",
       front / hop_by_hop() / destination_options() / routing() / authentication() / destination_options() / kSay,
       kSaid},
      {"no next header", front / data("rest", 59), "transport 2001:db8::1 > 2001:db8::2 59 \"rest\""},
      {"ESP is not looked into", front / hop_by_hop() / data("secret", 50),
       "transport 2001:db8::1 > 2001:db8::2 50 \"secret\""},
      {"cut in its first byte", front / data("", 60), "truncated"},
      {"longer than the datagram", front / data(std::string("\x11\x05\0\0\0\0\0\0", 8), 60), "truncated"},
      {"of 8 bytes, 7 are there", front / data(std::string("\x11\0\0\0\0\0\0", 7), 60), "truncated"},
  });
}

TEST(Ip6, TwelveExtensionHeadersAndNoMore) {
  Frame frame = eth() / ip();
  for (int i = 0; i < 12; ++i) frame = frame / destination_options();
  EXPECT_EQ(told(frame / kSay), kSaid);
  frame = frame / destination_options();
  EXPECT_EQ(told(frame / kSay), "too_deep");
}

TEST(Ip6, Lengths) {
  check({
      {"0: a jumbogram, or cut up later", eth() / ip().payload_length(0) / kSay, kSaid},
      {"shorter by one", eth() / ip().payload_length(10) / kSay,
       "udp 2001:db8::1:1 > 2001:db8::2:2 \"sa\", checksum wrong"},
      {"shorter than UDP", eth() / ip().payload_length(7) / kSay, "truncated"},
      {"longer than the wire", eth() / ip().payload_length(12) / kSay, kSaid},
      {"longest", eth() / ip().payload_length(65535) / data("x", 99), "transport 2001:db8::1 > 2001:db8::2 99 \"x\""},
      {"version 4", eth() / ip().version(4) / kSay, "malformed"},
  });
  std::string cut = eth() / ip() / hop_by_hop() / kSay;
  cut.resize(cut.size() - 2);
  EXPECT_EQ(told(1, cut, 40), "udp 2001:db8::1:1 > 2001:db8::2:2 \"s\"+2");
}

TEST(Ip6, Fragments) {
  check({
      {"first", eth() / ip() / fragment6(0x12345678, 0, true) / data("AAAAAAAA", 17),
       "fragment 2001:db8::1 > 2001:db8::2 17 #305419896 0.. \"AAAAAAAA\""},
      {"last", eth() / ip() / fragment6(7, 65528, false) / data("B", 6),
       "fragment 2001:db8::1 > 2001:db8::2 6 #7 65528 \"B\""},
      {"behind other headers", eth() / ip() / hop_by_hop() / routing() / fragment6(7, 8, false) / data("C", 60),
       "fragment 2001:db8::1 > 2001:db8::2 60 #7 8 \"C\""},
      {"atomic: alone and whole (ip-11)", eth() / ip() / fragment6(7, 0, false) / kSay, kSaid},
      {"atomic, and more headers", eth() / ip() / fragment6(7, 0, false) / destination_options() / kSay, kSaid},
      {"cut", eth() / ip() / data(std::string("\x11\0\0\0\0\0\0", 7), 44), "truncated"},
  });
}

TEST(Ip6, Icmp) {
  EXPECT_EQ(told(eth() / ip() / icmp6(128).payload("ping")),
            "icmp 2001:db8::1 > 2001:db8::2 \"\\x80\\x00Es\\x00\\x00\\x00\\x00ping\"");
}

// RFC 8200, 4.5: extension headers behind the fragment header are cut up with the rest.
TEST(Ip6, ExtensionHeadersInWhatWasPutTogether) {
  const std::string whole = data("", 60) / destination_options() / destination_options() / kSay;
  wire::Datagram datagram;
  const std::string first = eth() / ip() / fragment6(7, 0, true) / data(whole.substr(0, 8), 60);
  wire::decode(1, as_bytes(first), static_cast<std::uint32_t>(first.size()), datagram);
  wire::decode_transport(as_bytes(whole), 0, datagram);
  EXPECT_EQ(told(datagram), kSaid);
}

}  // namespace
}  // namespace unspool::test
