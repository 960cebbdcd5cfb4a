#include <gtest/gtest.h>

#include "told.h"

namespace unspool::test {
namespace {

const auto kGet = tcp(49152, 80).syn().seq(1).payload("GET");
const auto kAsk = udp(5353, 53).payload("ask");
const auto kOver4 = ip4("10.0.0.1", "10.0.0.2");
const auto kOver6 = ip6("2001:db8::1", "2001:db8::2");

constexpr const char* kGot4 = "tcp 10.0.0.1:49152 > 10.0.0.2:80 S 1 \"GET\"";
constexpr const char* kGot6 = "udp 2001:db8::1:5353 > 2001:db8::2:53 \"ask\"";

TEST(Link, EveryTypeLeadsToBothVersionsOfIp) {
  struct Row {
    const char* what;
    Frame frame;
    const char* expected;
  };
  const Row rows[] = {
      {"NULL", null_link(2) / kOver4 / kGet, kGot4},
      {"NULL, other byte order", null_link(2, true) / kOver4 / kGet, kGot4},
      {"NULL, NetBSD", null_link(24) / kOver6 / kAsk, kGot6},
      {"NULL, FreeBSD", null_link(28) / kOver6 / kAsk, kGot6},
      {"NULL, macOS", null_link(30) / kOver6 / kAsk, kGot6},
      {"NULL, macOS, other byte order", null_link(30, true) / kOver6 / kAsk, kGot6},
      {"NULL, Linux", null_link(10) / kOver6 / kAsk, kGot6},
      {"NULL, IPX", null_link(23) / kOver4 / kGet, "network"},
      {"ETHERNET", eth() / kOver4 / kGet, kGot4},
      {"ETHERNET", eth() / kOver6 / kAsk, kGot6},
      {"RAW", raw() / kOver4 / kGet, kGot4},
      {"RAW", raw() / kOver6 / kAsk, kGot6},
      {"RAW, DLT_RAW", raw(12) / kOver6 / kAsk, kGot6},
      {"RAW, DLT_RAW of OpenBSD", raw(14) / kOver4 / kGet, kGot4},
      {"RAW, neither", raw() / data("\x50 not IP"), "network"},
      {"LOOP", loop(2) / kOver4 / kGet, kGot4},
      {"LOOP", loop(24) / kOver6 / kAsk, kGot6},
      {"LOOP, IPX", loop(23) / kOver6 / kAsk, "network"},
      {"LINUX_SLL", sll() / kOver4 / kGet, kGot4},
      {"LINUX_SLL", sll() / kOver6 / kAsk, kGot6},
      {"LINUX_SLL2", sll2() / kOver4 / kGet, kGot4},
      {"LINUX_SLL2", sll2() / kOver6 / kAsk, kGot6},
      {"IPV4", raw(228) / kOver4 / kGet, kGot4},
      {"IPV4, is 6", raw(228) / kOver6 / kAsk, "malformed"},
      {"IPV6", raw(229) / kOver6 / kAsk, kGot6},
      {"IPV6, is 4", raw(229) / kOver4 / kGet, "malformed"},
      {"one that is not known", raw(147) / kOver4 / kGet, "link"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(told(row.frame), row.expected) << row.what;
    EXPECT_EQ(wire::knows_link_type(row.frame.link_type()), row.expected != std::string{"link"}) << row.what;
  }
}

TEST(Link, WhatIsNotIp) {
  EXPECT_EQ(told(eth() / arp("10.0.0.1", "10.0.0.2")), "arp 28 bytes");
  EXPECT_EQ(told(eth() / vlan(7) / arp("10.0.0.1", "10.0.0.2")), "[7] arp 28 bytes");
  EXPECT_EQ(told(sll() / arp("10.0.0.1", "10.0.0.2")), "arp 28 bytes");
  EXPECT_EQ(told(eth().next(0x88cc) / data("LLDP")), "network");
  EXPECT_EQ(told(eth().next(38) / data("\x42\x42\x03 spanning tree")), "network") << "an 802.3 length";
  EXPECT_EQ(told(eth().next(0x05ff) / kOver4 / kGet), "network") << "the largest number that is no type";
  EXPECT_EQ(told(sll().next(4) / data("\x42\x42\x03")), "network") << "802.2";
}

TEST(Link, VlanTagsStackFourDeep) {
  struct Row {
    Frame frame;
    const char* expected;
  };
  const Frame one = eth() / vlan(1), two = eth() / vlan(2, 0x88a8) / vlan(1),
              three = eth() / vlan(3, 0x9100) / vlan(2) / vlan(1);
  const Row rows[] = {
      {eth() / kOver4 / kGet, "tcp 10.0.0.1:49152 > 10.0.0.2:80 S 1 \"GET\""},
      {one / kOver4 / kGet, "[1] tcp 10.0.0.1:49152 > 10.0.0.2:80 S 1 \"GET\""},
      {two / kOver6 / kAsk, "[2,1] udp 2001:db8::1:5353 > 2001:db8::2:53 \"ask\""},
      {three / kOver4 / kGet, "[3,2,1] tcp 10.0.0.1:49152 > 10.0.0.2:80 S 1 \"GET\""},
      {three / vlan(4095) / kOver4 / kGet, "[3,2,1,4095] tcp 10.0.0.1:49152 > 10.0.0.2:80 S 1 \"GET\""},
      {three / vlan(0) / vlan(5) / kOver4 / kGet, "[3,2,1,0] too_deep"},
      {sll() / vlan(9) / kOver4 / kGet, "[9] tcp 10.0.0.1:49152 > 10.0.0.2:80 S 1 \"GET\""},
      {sll2() / vlan(9) / kOver4 / kGet, "[9] tcp 10.0.0.1:49152 > 10.0.0.2:80 S 1 \"GET\""},
      {eth() / vlan(1).next(46) / data("802.3 in a tag"), "[1] network"},
  };
  for (const Row& row : rows) EXPECT_EQ(told(row.frame), row.expected);
}

TEST(Link, AHundredTagsAreNoMoreWorkThanFive) {
  Frame frame = eth();
  for (int i = 0; i < 100; ++i) frame = frame / vlan(7);
  EXPECT_EQ(told(frame / kOver4 / kGet), "[7,7,7,7] too_deep");
}

TEST(Link, NothingStaysOfTheFrameBefore) {
  wire::Datagram datagram;
  const auto decode = [&](const Frame& frame) {
    const std::string bytes = frame;
    wire::decode(frame.link_type(), as_bytes(bytes), static_cast<std::uint32_t>(bytes.size()), datagram);
    return told(datagram);
  };
  decode(eth() / vlan(1) / vlan(2) / kOver4 / kGet);
  EXPECT_EQ(decode(eth() / vlan(3) / kOver6 / kAsk), "[3] udp 2001:db8::1:5353 > 2001:db8::2:53 \"ask\"");
  EXPECT_TRUE(datagram.ip_header.empty());
  EXPECT_EQ(decode(eth() / arp("10.0.0.1", "10.0.0.2")), "arp 28 bytes");
  EXPECT_TRUE(datagram.transport.empty());
  EXPECT_EQ(decode(raw(147) / data("x")), "link");
}

TEST(VlanStack, HoldsFourOfTwelveBits) {
  VlanStack stack, other;
  EXPECT_EQ(stack, other);
  for (std::uint16_t id = 4092; id < 4096; ++id) EXPECT_TRUE(stack.push(id));
  const auto bits = stack.bits();
  EXPECT_FALSE(stack.push(1));
  EXPECT_EQ(stack.bits(), bits);
  for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(stack[i], 4092 + i);
  EXPECT_TRUE(other.push(0));
  EXPECT_NE(other, VlanStack{}) << "a tag of VLAN 0 is a tag";
}

}  // namespace
}  // namespace unspool::test
