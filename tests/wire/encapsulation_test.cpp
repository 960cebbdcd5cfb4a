// Links and labels beyond Ethernet and VLANs, with IP behind them.
#include <gtest/gtest.h>

#include "support/encapsulation.h"
#include "told.h"

namespace unspool::test {
namespace {

const auto kGet = tcp(49152, 80).syn().seq(1).payload("GET");
const auto kOver4 = ip4("10.0.0.1", "10.0.0.2");
const auto kOver6 = ip6("2001:db8::1", "2001:db8::2");

constexpr const char* kGot4 = "tcp 10.0.0.1:49152 > 10.0.0.2:80 S 1 \"GET\"";
constexpr const char* kGot6 = "tcp 2001:db8::1:49152 > 2001:db8::2:80 S 1 \"GET\"";

struct Row {
  const char* what;
  Frame frame;
  std::string expected;
};

void check(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    EXPECT_EQ(told(row.frame), row.expected) << row.what;
    EXPECT_TRUE(wire::knows_link_type(row.frame.link_type())) << row.what;
  }
}

TEST(Link, Ppp) {
  check({
      {"with address and control", ppp() / kOver4 / kGet, kGot4},
      {"without", ppp("") / kOver6 / kGet, kGot6},
      {"its number in one byte", ppp("", 9, true) / kOver4 / kGet, kGot4},
      {"both", ppp("\xff\x03", 9, true) / kOver6 / kGet, kGot6},
      {"labels", ppp() / mpls(7) / kOver4 / kGet, kGot4},
      {"LCP", ppp() / data("LCP"), "network"},
      {"PPP_HDLC", ppp("\xff\x03", 50) / kOver4 / kGet, kGot4},
      {"PPP_HDLC without address", ppp("", 50) / kOver4 / kGet, kGot4},
      {"PPP_HDLC of Cisco's", cisco_hdlc(50) / kOver4 / kGet, kGot4},
      {"PPP_HDLC of Cisco's, to all", cisco_hdlc(50, 0x8f) / kOver6 / kGet, kGot6},
      {"PPP_ETHER", pppoe() / kOver4 / kGet, kGot4},
      {"PPP_WITH_DIR", ppp(std::string("\0\xff\x03", 3), 204) / kOver4 / kGet, kGot4},
      {"C_HDLC", cisco_hdlc() / kOver4 / kGet, kGot4},
      {"C_HDLC", cisco_hdlc(104, 0x8f) / kOver6 / kGet, kGot6},
      {"C_HDLC, SLARP", cisco_hdlc().next(0x8035) / data("SLARP"), "network"},
  });
}

TEST(Link, Pppoe) {
  check({
      {"a session", eth() / pppoe() / kOver4 / kGet, kGot4},
      {"in two tags", eth() / vlan(3704, 0x88a8) / vlan(2474) / pppoe() / kOver6 / kGet,
       std::string("[3704,2474] ") + kGot6},
      {"LCP", eth() / pppoe() / data("LCP"), "network"},
      {"a code that is no session", eth() / pppoe(kTruth, 0x09) / kOver4 / kGet, "network"},
      {"shorter than IP says", eth() / pppoe(2 + 20 + 20 + 1) / kOver4 / kGet,
       "tcp 10.0.0.1:49152 > 10.0.0.2:80 S 1 \"G\", checksum wrong"},
      {"longer than the frame", eth() / pppoe(9999) / kOver4 / kGet, kGot4},
      {"of no bytes", eth() / pppoe(0) / kOver4 / kGet, "truncated"},
  });
}

TEST(Link, LlcAndSnap) {
  check({
      {"802.3", eth().next(51) / llc() / kOver4 / kGet, kGot4},
      {"802.1H", eth().next(51) / llc(0x0000f8) / kOver4 / kGet, kGot4},
      {"another organization", eth().next(51) / llc(0x00000c) / kOver4 / kGet, "network"},
      {"the longest", eth().next(1500) / llc() / kOver4 / kGet, kGot4},
      {"longer is no length", eth().next(1501) / llc() / kOver4 / kGet, "network"},
      {"in a tag", eth() / vlan(5).next(51) / llc() / kOver4 / kGet, std::string("[5] ") + kGot4},
      {"around a tag", eth().next(55) / llc() / vlan(5) / kOver4 / kGet, std::string("[5] ") + kGot4},
      {"LINUX_SLL", sll().next(4) / llc() / kOver4 / kGet, kGot4},
      {"LINUX_SLL2", sll2().next(4) / llc() / kOver6 / kGet, kGot6},
      {"spanning tree", eth().next(38) / data("\x42\x42\x03 spanning tree"), "network"},
      {"cut in its header", eth().next(38) / data("\xaa\xaa\x03"), "truncated"},
  });
}

TEST(Link, Wireless) {
  constexpr std::uint8_t kData = 0x08, kQos = 0x88, kTo = 1, kFrom = 2, kBoth = 3;
  check({
      {"to the station", dot11({.control = kData, .flags = kTo}) / kOver4 / kGet, kGot4},
      {"from it", dot11({.control = kData, .flags = kFrom}) / kOver6 / kGet, kGot6},
      {"between two", dot11({.control = kData, .flags = 0}) / kOver4 / kGet, kGot4},
      {"four addresses", dot11({.control = kData, .flags = kBoth}) / kOver4 / kGet, kGot4},
      {"QoS", dot11({.control = kQos, .flags = kFrom, .qos = 7}) / kOver4 / kGet, kGot4},
      {"QoS and four addresses", dot11({.control = kQos, .flags = kBoth}) / kOver4 / kGet, kGot4},
      {"HT control", dot11({.control = kQos, .flags = kTo | 0x80}) / kOver4 / kGet, kGot4},
      {"order alone", dot11({.control = kData, .flags = kTo | 0x80}) / kOver4 / kGet, kGot4},
      {"sent again", dot11({.control = kData, .flags = kTo | 0x08}) / kOver4 / kGet, kGot4},
      {"ARP", dot11() / arp("10.0.0.1", "10.0.0.2"), "arp 28 bytes"},
      {"a beacon", dot11({.control = 0x80, .flags = 0}) / kOver4 / kGet, "network"},
      {"no data", dot11({.control = 0x48}) / kOver4 / kGet, "network"},
      {"encrypted", dot11({.control = kData, .flags = 0x41}) / kOver4 / kGet, "network"},
      {"a first fragment", dot11({.control = kData, .flags = 0x05}) / kOver4 / kGet, "network"},
      {"a later fragment", dot11({.control = kData, .flags = 0x01, .sequence = 0x11}) / kOver4 / kGet, "network"},
      {"several packets in one", dot11({.control = kQos, .qos = 0x80}) / kOver4 / kGet, "network"},
      {"a request to send", dot11({.control = 0xb4}) / kOver4 / kGet, "network"},
      {"another version", dot11({.control = 0x09}) / kOver4 / kGet, "network"},
  });
}

TEST(Link, InFrontOfWireless) {
  constexpr unsigned kHasCheck = 0x10, kPadded = 0x20, kBad = 0x40;
  const auto padded = dot11({.control = 0x88, .padded = true});
  check({
      {"radiotap", radiotap() / dot11() / kOver4 / kGet, kGot4},
      {"with flags", radiotap(0) / dot11() / kOver4 / kGet, kGot4},
      {"with a timer", radiotap(0, true) / dot11() / kOver6 / kGet, kGot6},
      {"more presence", radiotap(0, true, 1) / dot11() / kOver4 / kGet, kGot4},
      {"still more", radiotap(0, true, 2) / dot11() / kOver4 / kGet, kGot4},
      {"a bad check sequence", radiotap(kHasCheck | kBad) / dot11() / kOver4 / kGet, "network"},
      {"padding", radiotap(kPadded) / padded / kOver4 / kGet, kGot4},
      {"padding of nothing", radiotap(kPadded, true) / dot11() / kOver4 / kGet, kGot4},
      {"padding behind a timer", radiotap(kPadded, true, 1) / padded / kOver4 / kGet, kGot4},
      {"prism", prism() / dot11() / kOver4 / kGet, kGot4},
      {"prism, other byte order", prism(true) / dot11() / kOver4 / kGet, kGot4},
      {"prism that is AVS", avs(119) / dot11() / kOver4 / kGet, kGot4},
      {"AVS", avs() / dot11() / kOver4 / kGet, kGot4},
  });
}

TEST(Link, TheCheckSequenceOfAFrameIsNoPayload) {
  EXPECT_EQ(told(105, (dot11() / kOver4 / kGet).bytes() + "FCS!"), kGot4);
  EXPECT_EQ(told(127, (radiotap(0x10) / dot11() / kOver4 / kGet).bytes() + "FCS!"), kGot4);
}

TEST(Link, Nflog) {
  check({
      {"IPv4", nflog() / kOver4 / kGet, kGot4},
      {"IPv6", nflog(10) / kOver6 / kGet, kGot6},
      {"other byte order", nflog(2, true) / kOver4 / kGet, kGot4},
      {"the packet first", nflog(2, false, 0) / kOver4 / kGet, kGot4},
      {"31 attributes before it", nflog(2, false, 31) / kOver4 / kGet, kGot4},
      {"32", nflog(2, false, 32) / kOver4 / kGet, "too_deep"},
      {"a bridge", nflog(7) / eth() / kOver4 / kGet, "network"},
  });
  EXPECT_EQ(told(239, std::string("\x02\0\0\0\x03\0\x01\0", 8)), "network") << "an attribute shorter than itself";
  EXPECT_EQ(told(239, std::string("\x02\0\0\0\x04\0\x01\0", 8)), "truncated") << "no packet";
}

TEST(Link, Labels) {
  Frame many = eth();
  for (int i = 0; i < 15; ++i) many = many / mpls(100, false);
  check({
      {"one", eth() / mpls(7) / kOver4 / kGet, kGot4},
      {"two", eth() / mpls(7, false) / mpls(8) / kOver6 / kGet, kGot6},
      {"sixteen", many / mpls(9) / kOver4 / kGet, kGot4},
      {"seventeen", many / mpls(8, false) / mpls(9) / kOver4 / kGet, "too_deep"},
      {"multicast", eth().next(0x8848) / mpls(7) / kOver4 / kGet, kGot4},
      {"in a tag", eth() / vlan(5) / mpls(7) / kOver4 / kGet, std::string("[5] ") + kGot4},
      {"pseudowire with a control word", eth() / vlan(5) / mpls(7) / control_word() / eth() / vlan(6) / kOver4 / kGet,
       std::string("[6] ") + kGot4},
      {"without", eth() / vlan(5) / mpls(7) / eth() / kOver4 / kGet, kGot4},
      {"ARP in one", eth() / mpls(7) / control_word() / eth() / arp("10.0.0.1", "10.0.0.2"), "arp 28 bytes"},
      {"neither IP nor Ethernet", eth() / mpls(7) / data("\x10 an associated channel"), "network"},
      {"too short to tell", eth() / mpls(7) / data("\x10 short"), "truncated"},
  });
}

TEST(Link, FramesInFramesEnd) {
  Frame frame = eth();
  for (int i = 0; i < 100; ++i) frame = frame / mpls(7) / control_word() / eth();
  EXPECT_EQ(told(frame / kOver4 / kGet), "too_deep");
}

}  // namespace
}  // namespace unspool::test
