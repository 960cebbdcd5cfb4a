#include <gtest/gtest.h>

#include <set>

#include "support/encapsulation.h"
#include "told.h"

namespace unspool::test {
namespace {

const auto kGet = tcp(49152, 80).syn().seq(1).payload("GET");
const auto kIn4 = ip4("10.0.0.1", "10.0.0.2");
const auto kIn6 = ip6("2001:db8::1", "2001:db8::2");
const auto kOut4 = ip4("192.0.2.1", "192.0.2.2");
const auto kOut6 = ip6("fd00::1", "fd00::2");
const Frame kFront = eth() / kOut4;

const std::string kGot4 = "tcp 10.0.0.1:49152 > 10.0.0.2:80 S 1 \"GET\"";
const std::string kGot6 = "tcp 2001:db8::1:49152 > 2001:db8::2:80 S 1 \"GET\"";

Frame in_udp(std::uint16_t port) { return kFront / udp(50000, port); }

struct Row {
  const char* what;
  Frame frame;
  std::string expected;
};

void check(std::initializer_list<Row> rows) {
  for (const Row& row : rows) EXPECT_EQ(told(row.frame), row.expected) << row.what;
}

TEST(Tunnel, IpInIp) {
  check({
      {"IPv4 in IPv4", kFront / kIn4 / kGet, "{ipip} " + kGot4},
      {"IPv6 in IPv4", kFront / kIn6 / kGet, "{ip6in4} " + kGot6},
      {"IPv4 in IPv6", eth() / kOut6 / kIn4 / kGet, "{ip4in6} " + kGot4},
      {"IPv6 in IPv6", eth() / kOut6 / kIn6 / kGet, "{ip6in6} " + kGot6},
      {"behind an extension", eth() / kOut6 / destination_options() / kIn4 / kGet, "{ip4in6} " + kGot4},
      {"IPv6 with one", kFront / kIn6 / hop_by_hop() / kGet, "{ip6in4} " + kGot6},
      {"another version than it says", kFront / data(kIn6 / kGet, 4), "{ipip} malformed"},
      {"labels", kFront / mpls(7) / kIn6 / kGet, "{mpls} " + kGot6},
      {"of no bytes", kFront / data("", 4), "{ipip} truncated"},
  });
}

TEST(Tunnel, Gre) {
  check({
      {"IPv4", kFront / gre() / kIn4 / kGet, "{gre} " + kGot4},
      {"IPv6 in IPv6", eth() / kOut6 / gre() / kIn6 / kGet, "{gre} " + kGot6},
      {"a checksum", kFront / gre(kGreChecksum) / kIn4 / kGet, "{gre} " + kGot4},
      {"a key", kFront / gre(kGreKey) / kIn4 / kGet, "{gre} " + kGot4},
      {"a sequence number", kFront / gre(kGreSequence) / kIn4 / kGet, "{gre} " + kGot4},
      {"all of them", kFront / gre(kGreChecksum | kGreKey | kGreSequence) / kIn4 / kGet, "{gre} " + kGot4},
      {"Ethernet", kFront / gre() / eth() / kIn4 / kGet, "{gre} " + kGot4},
      {"labels", kFront / gre() / mpls(7) / kIn4 / kGet, "{gre} " + kGot4},
      {"PPTP", kFront / gre(kPptp) / gre_ppp() / kIn4 / kGet, "{gre} " + kGot4},
      {"PPTP that acknowledges", kFront / gre(kPptp | kPptpAcknowledgement) / gre_ppp() / kIn4 / kGet,
       "{gre} " + kGot4},
      {"ARP", kFront / gre() / eth() / arp("10.0.0.1", "10.0.0.2"), "{gre} arp 28 bytes"},
      {"what is not IP", kFront / gre() / eth().next(0x88cc) / data("LLDP"), "{gre} network"},
  });
}

TEST(Tunnel, GreThatIsNotFollowedIsTold) {
  const auto untouched = [](const std::string& text) { return "transport 192.0.2.1 > 192.0.2.2 47 " + text; };
  check({
      {"a source route", kFront / gre(0x4000) / data("route"), untouched("\"@\\x00\\x00\\x00route\"")},
      {"version 2", kFront / gre(2) / data("2"), untouched("\"\\x00\\x02\\x00\\x002\"")},
      {"PPTP that only acknowledges",
       kFront / data("\x20\x81\x88\x0b"
                     "12345678",
                     47),
       untouched("\" \\x81\\x88\\x0b12345678\"")},
      {"a keepalive, which carries nothing", kFront / gre() / data(""), untouched("\"\\x00\\x00\\x00\\x00\"")},
  });
}

TEST(Tunnel, Erspan) {
  check({
      {"I", kFront / gre() / erspan(1) / eth() / kIn4 / kGet, "{erspan} " + kGot4},
      {"II", kFront / gre(kGreSequence) / erspan(2) / eth() / vlan(5) / kIn4 / kGet, "{erspan} [5] " + kGot4},
      {"II, key", kFront / gre(kGreSequence | kGreKey) / erspan(2) / eth() / kIn4 / kGet, "{erspan} " + kGot4},
      {"III", kFront / gre(kGreSequence) / erspan(3) / eth() / kIn4 / kGet, "{erspan} " + kGot4},
      {"III, subheader", kFront / gre(kGreSequence) / erspan(3, 1) / eth() / kIn6 / kGet, "{erspan} " + kGot6},
      {"III, IP alone", kFront / gre(kGreSequence) / erspan(3, 2U << 10U) / kIn6 / kGet, "{erspan} " + kGot6},
      {"III, an unknown frame", kFront / gre().next(0x22eb) / data(std::string("\x20\0\0\0\0\0\0\0\0\0\x14\0", 12)),
       "transport 192.0.2.1 > 192.0.2.2 47 "
       "\"\\x00\\x00\"\\xeb \\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x14\\x00\""},
      {"II that says it is III", kFront / gre(kGreSequence).next(0x88be) / data(" version"),
       "transport 192.0.2.1 > 192.0.2.2 47 \"\\x10\\x00\\x88\\xbe\\x01\\x02\\x03\\x04 version\""},
  });
}

TEST(Tunnel, InUdp) {
  check({
      {"VXLAN", in_udp(4789) / vxlan(7) / eth() / kIn4 / kGet, "{vxlan:7} " + kGot4},
      {"VXLAN, Linux's port", in_udp(8472) / vxlan(0xffffff) / eth() / kIn6 / kGet, "{vxlan:16777215} " + kGot6},
      {"VXLAN with a group", in_udp(4789) / vxlan(0, 0x88) / eth() / kIn4 / kGet, "{vxlan:0} " + kGot4},
      {"VXLAN in IPv6", eth() / kOut6 / udp(5, 4789) / vxlan(7) / eth() / kIn4 / kGet, "{vxlan:7} " + kGot4},
      {"Geneve, Ethernet", in_udp(6081) / geneve(7) / eth() / kIn4 / kGet, "{geneve:7} " + kGot4},
      {"Geneve, IP, options", in_udp(6081) / geneve(7, 63) / kIn6 / kGet, "{geneve:7} " + kGot6},
      {"GTP", in_udp(2152) / gtp(7) / kIn4 / kGet, "{gtp} " + kGot4},
      {"GTP, IPv6", in_udp(2152) / gtp(7) / kIn6 / kGet, "{gtp} " + kGot6},
      {"GTP, from the port", kFront / udp(2152, 9) / gtp(7) / kIn4 / kGet, "{gtp} " + kGot4},
      {"GTP, a sequence number", in_udp(2152) / gtp(7, 0x32) / kIn4 / kGet, "{gtp} " + kGot4},
      {"GTP, two extensions",
       in_udp(2152) / gtp(7, 0x34, std::string("\x01\0\0\x85\x02\0\0\0\0\0\0\0", 12)) / kIn4 / kGet, "{gtp} " + kGot4},
      {"Teredo", in_udp(3544) / teredo() / kIn6 / kGet, "{teredo} " + kGot6},
      {"Teredo, from a server", kFront / udp(3544, 9) / teredo(kTruth, true) / kIn6 / kGet, "{teredo} " + kGot6},
      {"Teredo, authentication", in_udp(3544) / teredo(0) / kIn6 / kGet, "{teredo} " + kGot6},
      {"Teredo, all", in_udp(3544) / teredo(16, true) / kIn6 / kGet, "{teredo} " + kGot6},
      {"labels", in_udp(6635) / mpls(7) / kIn4 / kGet, "{mpls} " + kGot4},
      {"a session inside that is UDP", in_udp(4789) / vxlan(7) / eth() / kIn4 / udp(1, 2).payload("say"),
       "{vxlan:7} udp 10.0.0.1:1 > 10.0.0.2:2 \"say\""},
      {"ARP inside", in_udp(4789) / vxlan(7) / eth() / arp("10.0.0.1", "10.0.0.2"), "{vxlan:7} arp 28 bytes"},
      {"a fragment inside", in_udp(2152) / gtp(7) / ip4("10.0.0.1", "10.0.0.2").fragment(3, 8, false) / data("end", 17),
       "{gtp} fragment 10.0.0.1 > 10.0.0.2 17 #3 8 \"end\""},
  });
}

/// A port alone makes no tunnel.
TEST(Tunnel, UdpWithNothingInsideStandsForItself) {
  const std::string bare = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP";
  constexpr std::uint16_t kPorts[] = {2152, 3544, 4789, 6081, 6635, 8472};
  for (const std::uint16_t port : kPorts) {
    const std::string session = "udp 192.0.2.1:50000 > 192.0.2.2:" + std::to_string(port);
    EXPECT_EQ(told(in_udp(port) / data(bare)), session + " \"" + bare + "\"");
    EXPECT_EQ(told(in_udp(port) / data("short")), session + " \"short\"");
    EXPECT_EQ(told(in_udp(port)), session + " \"\"");
  }
  const auto kept = [](const Frame& frame) { return told(frame).substr(0, 4); };
  EXPECT_EQ(kept(in_udp(4789) / vxlan(7) / eth() / data("x", 4)), "udp ");
  EXPECT_EQ(kept(in_udp(4789) / vxlan(7, 0x00) / eth() / kIn4 / kGet), "udp ") << "no network";
  EXPECT_EQ(kept(in_udp(4789) / vxlan(7) / eth().next(0x88cc) / data("LLDP")), "udp ");
  EXPECT_EQ(kept(in_udp(4789) / vxlan(7) / eth() / kIn4 / data("unknown")), "udp ");
  EXPECT_EQ(kept(in_udp(4789) / vxlan(7) / eth() / ip4("1.1.1.1", "2.2.2.2").header_words(4) / kGet), "udp ");
  EXPECT_EQ(kept(in_udp(4789) / vxlan(7) / eth() / kIn4 / gre() / ip6("::1", "::2").version(5)), "udp ")
      << "two tunnels in";
  EXPECT_EQ(kept(in_udp(2152) / gtp(7, 0x30, {}, 1) / data("echo")), "udp ");
  EXPECT_EQ(kept(in_udp(2152) / gtp(7, 0x50) / kIn4 / kGet), "udp ") << "version 2";
  EXPECT_EQ(kept(in_udp(2152) / gtp(7, 0x34, std::string("\0\0\0\0", 4)) / kIn4 / kGet), "udp ")
      << "an extension of no length";
  EXPECT_EQ(kept(in_udp(3544) / teredo() / kIn4 / kGet), "udp ") << "IPv4";
}

TEST(Tunnel, UdpInATunnelStandsForItselfToo) {
  EXPECT_EQ(told(kFront / gre() / kIn4 / udp(1, 4789).payload("no tunnel")),
            "{gre} udp 10.0.0.1:1 > 10.0.0.2:4789 \"no tunnel\"");
  EXPECT_EQ(told(in_udp(4789) / vxlan(7) / eth() / vlan(5) / kIn4 / udp(1, 2152) / gtp(7) / data("no IP")),
            "{vxlan:7} [5] udp 10.0.0.1:1 > 10.0.0.2:2152 \"0\\xff\\x00\\x05\\x00\\x00\\x00\\x07no IP\"");
}

TEST(Tunnel, TagsAreThoseOfTheInnermostFrame) {
  const Frame tagged = eth() / vlan(1) / vlan(2) / kOut4;
  check({
      {"IP in IP", tagged / kIn4 / kGet, "{ipip} [1,2] " + kGot4},
      {"a new frame with one", tagged / udp(1, 4789) / vxlan(7) / eth() / vlan(5) / kIn4 / kGet,
       "{vxlan:7} [5] " + kGot4},
      {"a new frame without", tagged / gre() / eth() / kIn4 / kGet, "{gre} " + kGot4},
      {"a frame that leads nowhere", tagged / udp(1, 4789) / vxlan(7) / eth() / vlan(5) / data("?"),
       "[1,2] udp 192.0.2.1:1 > 192.0.2.2:4789 "
       "\"\\x08\\x00\\x00\\x00\\x00\\x00\\x07\\x00\\x02\\x00\\x00\\x00\\x00\\x02\\x02\\x00\\x00\\x00\\x00\\x01\\x81\\x0"
       "0"
       "`\\x05\\x00\\x00?\""},
      {"five in a new frame", kFront / gre() / eth() / vlan(1) / vlan(2) / vlan(3) / vlan(4) / vlan(5) / kIn4 / kGet,
       "{gre} [1,2,3,4] too_deep"},
  });
}

TEST(Tunnel, FourDeep) {
  check({
      {"four", kFront / kOut4 / kOut6 / gre() / kOut4 / kIn4 / kGet, "{ipip,ip6in4,gre,ipip} " + kGot4},
      {"five", kFront / kOut4 / kOut4 / kOut4 / kOut4 / kIn4 / kGet, "{ipip,ipip,ipip,ipip} too_deep"},
      {"two networks", in_udp(4789) / vxlan(5) / eth() / kOut4 / udp(1, 6081) / geneve(6) / kIn4 / kGet,
       "{vxlan,geneve:6} " + kGot4},
      {"a network, and a tunnel inside", in_udp(4789) / vxlan(5) / eth() / kOut4 / gre() / kIn4 / kGet,
       "{vxlan,gre:5} " + kGot4},
  });
}

TEST(Tunnel, SixtyFourAreNoMoreWorkThanFive) {  // ip-19
  Frame ip = eth(), gres = eth(), vxlans = eth();
  for (int i = 0; i < 64; ++i) {
    ip = ip / kOut4;
    gres = gres / kOut4 / gre();
    vxlans = vxlans / kOut4 / udp(1, 4789).no_checksum() / vxlan(7) / eth();
  }
  EXPECT_EQ(told(ip / kIn4 / kGet), "{ipip,ipip,ipip,ipip} too_deep");
  EXPECT_EQ(told(gres / kIn4 / kGet), "{gre,gre,gre,gre} too_deep");
  EXPECT_EQ(told(vxlans / kIn4 / kGet), "{vxlan,vxlan,vxlan,vxlan:7} too_deep");
}

TEST(Tunnel, WhatTheCaptureLeftOutIsMissing) {
  const Frame frame = kFront / gre() / eth().padded() / kIn4 / kGet;
  std::string bytes = kFront / gre() / eth() / kIn4 / kGet;
  bytes.pop_back();
  EXPECT_EQ(told(1, bytes, 1), "{gre} tcp 10.0.0.1:49152 > 10.0.0.2:80 S 1 \"GE\"+1");
  EXPECT_EQ(told(frame), "{gre} " + kGot4) << "padding of the inner frame";
}

TEST(Tunnel, OfADatagramThatWasPutTogether) {
  wire::Datagram datagram;
  const auto put_together = [&](const Frame& fragment, const std::string& whole) {
    const std::string bytes = fragment;
    wire::decode(1, as_bytes(bytes), static_cast<std::uint32_t>(bytes.size()), datagram);
    EXPECT_EQ(datagram.kind, wire::Kind::fragment);
    wire::decode_transport(as_bytes(whole), 0, datagram);
    return told(datagram);
  };
  const auto part = [](std::uint8_t protocol) {
    return eth() / vlan(5) / ip4("192.0.2.1", "192.0.2.2").fragment(7, 8, false) / data("part", protocol);
  };
  const std::string vxlan_bytes = udp(1, 4789) / vxlan(7) / eth() / kIn4 / kGet;
  EXPECT_EQ(put_together(part(4), kIn4 / kGet), "{ipip} [5] " + kGot4);
  EXPECT_EQ(put_together(part(17), vxlan_bytes), "{vxlan:7} " + kGot4);
  EXPECT_EQ(put_together(part(17), Frame{udp(1, 4789).payload("no tunnel")}),
            "[5] udp 192.0.2.1:1 > 192.0.2.2:4789 \"no tunnel\"");
  EXPECT_EQ(put_together(part(47), gre() / ip4("10.0.0.1", "10.0.0.2").fragment(3, 0, true) / data("01234567", 17)),
            "{gre} [5] fragment 10.0.0.1 > 10.0.0.2 17 #3 0.. \"01234567\"");
  EXPECT_EQ(put_together(part(47), gre() / kIn4 / kIn4 / kIn4 / kIn4 / kGet), "{gre,ipip,ipip,ipip} [5] " + kGot4);
  EXPECT_EQ(put_together(eth() / kOut4 / kOut4 / ip4("192.0.2.1", "192.0.2.2").fragment(7, 8, false) / data("part", 4),
                         kIn4 / kIn4 / kIn4 / kGet),
            "{ipip,ipip,ipip,ipip} too_deep")
      << "the tunnels around the fragment count";
}

TEST(Tunnel, NothingStaysOfTheFrameBefore) {
  wire::Datagram datagram;
  const auto decode = [&](const Frame& frame) {
    const std::string bytes = frame;
    wire::decode(1, as_bytes(bytes), static_cast<std::uint32_t>(bytes.size()), datagram);
    return told(datagram);
  };
  decode(in_udp(4789) / vxlan(7) / eth() / vlan(5) / kIn4 / kGet);
  EXPECT_EQ(decode(eth() / kIn6 / kGet), kGot6);
  EXPECT_EQ(decode(kFront / kIn6 / kGet), "{ip6in4} " + kGot6);
  EXPECT_TRUE(datagram.ip_header.empty());
}

TEST(TunnelStack, HoldsFour) {
  TunnelStack stack;
  EXPECT_EQ(stack.network(), std::nullopt);
  EXPECT_TRUE(stack.push(Tunnel::mpls));
  EXPECT_TRUE(stack.push(Tunnel::ipip));
  EXPECT_EQ(stack.network(), std::nullopt);
  EXPECT_TRUE(stack.push(Tunnel::geneve, 0xffffff));
  EXPECT_TRUE(stack.push(Tunnel::teredo));
  const auto bits = stack.bits();
  EXPECT_FALSE(stack.push(Tunnel::vxlan, 1));
  EXPECT_EQ(stack.bits(), bits);
  EXPECT_EQ(stack.network(), 0xffffffU);
  EXPECT_EQ(stack[0], Tunnel::mpls);
  EXPECT_EQ(stack[2], Tunnel::geneve);
}

TEST(TunnelStack, KindsNetworksAndTheirOrderTellApart) {
  const auto stack = [](std::initializer_list<std::pair<Tunnel, std::uint32_t>> tunnels) {
    TunnelStack all;
    for (const auto& [kind, network] : tunnels) all.push(kind, network);
    return all.bits();
  };
  using enum Tunnel;
  const std::set<std::uint64_t> all{
      stack({}),
      stack({{ipip, 0}}),
      stack({{gre, 0}}),
      stack({{gre, 0}, {ipip, 0}}),
      stack({{ipip, 0}, {gre, 0}}),
      stack({{ipip, 0}, {ipip, 0}}),
      stack({{vxlan, 0}}),
      stack({{vxlan, 1}}),
      stack({{vxlan, 0xffffff}}),
      stack({{geneve, 1}}),
      stack({{vxlan, 1}, {vxlan, 2}}),
      stack({{vxlan, 2}, {vxlan, 1}}),
      stack({{vxlan, 2}, {vxlan, 2}}),
      stack({{vxlan, 0x800002}, {vxlan, 2}}),
      stack({{vxlan, 1}, {vxlan, 2}, {vxlan, 3}}),
      stack({{vxlan, 2}, {vxlan, 1}, {vxlan, 3}}),
  };
  EXPECT_EQ(all.size(), 16U);
  EXPECT_EQ(stack({{gre, 5}}), stack({{gre, 6}})) << "GRE has no networks";
}

}  // namespace
}  // namespace unspool::test
