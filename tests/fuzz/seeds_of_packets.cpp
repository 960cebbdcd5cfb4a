// Frames, fragments and captures.
#include <algorithm>

#include "fuzz/link_types.h"
#include "fuzz/seeds.h"
#include "support/capture_file.h"
#include "support/dialog.h"
#include "support/encapsulation.h"
#include "support/first_look.h"

namespace unspool::test {
namespace {

const auto kGet = tcp(49152, 80).seq(1000).ack(9000).psh().payload("GET / HTTP/1.1\r\n\r\n");
const auto kIn4 = ip4("10.0.0.1", "10.0.0.2");
const auto kIn6 = ip6("2001:db8::1", "2001:db8::2");
const auto kOut4 = ip4("10.9.0.1", "10.9.0.2");
const auto kOut6 = ip6("2001:db8:9::1", "2001:db8:9::2");

Frame in_udp(std::uint16_t port) { return eth() / kOut4 / udp(49153, port); }

/// An input of the decoder.
std::string decoded(std::uint16_t link_type, const std::string& bytes, unsigned not_captured = 0) {
  const auto place = std::find(kLinkTypes.begin(), kLinkTypes.end(), link_type) - kLinkTypes.begin();
  return std::string{static_cast<char>(place), static_cast<char>(not_captured)} + bytes;
}

using Frames = std::map<std::string, Frame>;

Frames links() {
  constexpr unsigned kPadded = 0x20;
  const auto padded = dot11({.control = 0x88, .padded = true});
  return {
      {"null", null_link() / kIn4 / kGet},
      {"null-big", null_link(2, true) / kIn4 / kGet},
      {"null-ip6", null_link(30) / kIn6 / kGet},
      {"ethernet", eth() / kIn4 / kGet},
      {"ethernet-vlans", eth() / vlan(5, 0x88a8) / vlan(6) / kIn6 / kGet},
      {"ethernet-llc", eth().next(60) / llc() / kIn4 / kGet},
      {"ethernet-pppoe", eth() / vlan(5) / pppoe() / kIn4 / kGet},
      {"ethernet-labels", eth() / mpls(7, false) / mpls(8) / kIn4 / kGet},
      {"ethernet-pseudowire", eth() / mpls(7) / control_word() / eth() / vlan(6) / kIn4 / kGet},
      {"ppp", ppp() / kIn4 / kGet},
      {"ppp-short", ppp("", 9, true) / kIn6 / kGet},
      {"ppp-labels", ppp() / mpls(7) / kIn4 / kGet},
      {"raw-12", raw(12) / kIn4 / kGet},
      {"raw-14", raw(14) / kIn6 / kGet},
      {"ppp-hdlc", ppp("\xff\x03", 50) / kIn4 / kGet},
      {"ppp-hdlc-cisco", cisco_hdlc(50) / kIn4 / kGet},
      {"ppp-ether", pppoe() / kIn6 / kGet},
      {"raw", raw() / kIn4 / kGet},
      {"cisco-hdlc", cisco_hdlc() / kIn4 / kGet},
      {"wlan", dot11() / kIn4 / kGet},
      {"wlan-qos-four-addresses", dot11({.control = 0x88, .flags = 3}) / kIn4 / kGet},
      {"loop", loop() / kIn4 / kGet},
      {"sll", sll() / kIn4 / kGet},
      {"sll-llc", sll().next(4) / llc() / kIn4 / kGet},
      {"prism", prism() / dot11() / kIn4 / kGet},
      {"prism-avs", avs(119) / dot11() / kIn4 / kGet},
      {"radiotap", radiotap(0, true, 1) / dot11() / kIn4 / kGet},
      {"radiotap-padded", radiotap(kPadded) / padded / kIn4 / kGet},
      {"avs", avs() / dot11() / kIn4 / kGet},
      {"ppp-direction", ppp(std::string("\0\xff\x03", 3), 204) / kIn4 / kGet},
      {"ipv4", raw(228) / kIn4 / kGet},
      {"ipv6", raw(229) / kIn6 / kGet},
      {"nflog", nflog() / kIn4 / kGet},
      {"nflog-big", nflog(10, true, 3) / kIn6 / kGet},
      {"sll2", sll2() / kIn6 / kGet},
  };
}

Frames tunnels() {
  const auto front = eth() / kOut4;
  const std::string extensions{"\x01\0\0\x85\x01\0\0\0", 8};
  return {
      {"tunnel-ipip", front / kIn4 / kGet},
      {"tunnel-ip6in4", front / kIn6 / kGet},
      {"tunnel-ip4in6", eth() / kOut6 / destination_options() / kIn4 / kGet},
      {"tunnel-ip6in6", eth() / kOut6 / kIn6 / kGet},
      {"tunnel-gre", front / gre() / kIn4 / kGet},
      {"tunnel-gre-all-fields", front / gre(kGreChecksum | kGreKey | kGreSequence) / eth() / kIn4 / kGet},
      {"tunnel-gre-route", front / gre(0x4000) / data("route")},
      {"tunnel-pptp", front / gre(kPptp | kPptpAcknowledgement) / gre_ppp() / kIn4 / kGet},
      {"tunnel-erspan-1", front / gre() / erspan(1) / eth() / kIn4 / kGet},
      {"tunnel-erspan-2", front / gre(kGreSequence) / erspan(2) / eth() / vlan(5) / kIn4 / kGet},
      {"tunnel-erspan-3", front / gre(kGreSequence) / erspan(3, 1) / eth() / kIn6 / kGet},
      {"tunnel-erspan-3-ip", front / gre(kGreSequence) / erspan(3, 2U << 10U) / kIn6 / kGet},
      {"tunnel-vxlan", in_udp(4789) / vxlan(7) / eth() / kIn4 / kGet},
      {"tunnel-vxlan-linux", in_udp(8472) / vxlan(0xffffff, 0x88) / eth() / kIn6 / kGet},
      {"tunnel-vxlan-not", in_udp(4789) / data("no header")},
      {"tunnel-geneve", in_udp(6081) / geneve(7, 5) / eth() / kIn4 / kGet},
      {"tunnel-gtp", in_udp(2152) / gtp(7) / kIn4 / kGet},
      {"tunnel-gtp-extensions", in_udp(2152) / gtp(7, 0x34, extensions) / kIn4 / kGet},
      {"tunnel-teredo", in_udp(3544) / teredo() / kIn6 / kGet},
      {"tunnel-teredo-all", in_udp(3544) / teredo(16, true) / kIn6 / kGet},
      {"tunnel-labels", front / mpls(7) / kIn6 / kGet},
      {"tunnel-labels-in-udp", in_udp(6635) / mpls(7) / kIn4 / kGet},
      {"tunnel-four", front / kOut4 / kOut6 / gre() / kOut4 / kIn4 / kGet},
      {"tunnel-five", front / kOut4 / kOut4 / kOut4 / kOut4 / kIn4 / kGet},
      {"tunnel-in-tunnel", in_udp(4789) / vxlan(5) / eth() / kOut4 / udp(1, 6081) / geneve(6) / kIn4 / kGet},
      {"tunnel-inner-fragment",
       in_udp(2152) / gtp(7) / ip4("10.0.0.1", "10.0.0.2").fragment(3, 8, false) / data("end", 17)},
      {"tunnel-outer-fragment",
       eth() / ip4("10.9.0.1", "10.9.0.2").fragment(3, 0, true) / udp(1, 4789) / vxlan(7) / eth() / kIn4 / kGet},
  };
}

Frames transports() {
  const auto at = [](std::uint16_t offset, bool more) { return ip4("10.0.0.1", "10.0.0.2").fragment(7, offset, more); };
  return {
      {"tcp-options", eth() / kIn4 / tcp(1, 2).syn().options("\x02\x04\x05\xb4\x01\x03\x03\x0e")},
      {"tcp-urgent", eth() / kIn6 / tcp(1, 2).urg(3).ack(1).payload("urgent")},
      {"tcp-offset-lie", eth() / kIn4 / tcp(1, 2).header_words(15).payload("short")},
      {"tcp-padded", eth().padded() / kIn4 / tcp(1, 2).ack(1)},
      {"udp", eth() / kIn4 / udp(1, 53).payload("what is")},
      {"udp-length-lies", eth() / kIn6 / udp(1, 53).length(4).payload("what is")},
      {"udp-no-checksum", eth() / kIn4 / udp(1, 53).no_checksum().payload("what is")},
      {"icmp", eth() / kIn4 / icmp(8).payload("ping")},
      {"icmp6", eth() / kIn6 / icmp6(128).payload("ping")},
      {"arp", eth() / arp("10.0.0.1", "10.0.0.2")},
      {"ip4-options", eth() / ip4("10.0.0.1", "10.0.0.2").options(std::string("\x83\x07\x04\x0a\0\0\x07\0", 8)) / kGet},
      {"ip4-total-0", eth() / ip4("10.0.0.1", "10.0.0.2").total_length(0) / kGet},
      {"ip4-header-lie", eth() / ip4("10.0.0.1", "10.0.0.2").header_words(15) / kGet},
      {"ip4-fragment-first", eth() / at(0, true) / udp(1, 53).length(60).payload("12345678")},
      {"ip4-fragment-last", eth() / at(16, false) / data("the end", 17)},
      {"ip4-fragment-far", eth() / at(65528, false) / data("too far", 17)},
      {"ip6-extensions", eth() / kIn6 / hop_by_hop() / routing() / destination_options(16) / kGet},
      {"ip6-route-ahead", eth() / kIn6 / routing(1) / kGet},
      {"ip6-authentication", eth() / kIn6 / authentication() / kGet},
      {"ip6-atomic", eth() / kIn6 / fragment6(7, 0, false) / kGet},
      {"ip6-fragment-first", eth() / kIn6 / fragment6(7, 0, true) / data("12345678", 17)},
      {"ip6-fragment-last", eth() / kIn6 / destination_options() / fragment6(7, 8, false) / data("the end", 17)},
      {"ip6-length-0", eth() / ip6("::1", "::2").payload_length(0) / hop_by_hop() / kGet},
  };
}

// ---- fragments

struct Part {
  unsigned what, offset, length;  // in eights
  unsigned odd = 255, cut = 0, seconds = 0;
};

std::string parts(const std::string& limits, std::initializer_list<Part> list) {
  std::string text = limits;
  for (const Part& part : list) {
    for (const unsigned number : {part.what, part.offset, part.length, part.odd, part.cut, part.seconds}) {
      text += static_cast<char>(number);
    }
  }
  return text;
}

// ---- captures

std::string captured(unsigned settings, const Stamped& packets) {
  return std::string(1, static_cast<char>(settings)) + to_pcap(packets);
}

Stamped stamped(const Frames& frames, std::uint16_t link_type) {
  Stamped packets;
  Timestamp time = kTestTime;
  for (const auto& [name, frame] : frames) {
    if (frame.link_type() != link_type) continue;
    packets.emplace_back(time, frame);
    time += std::chrono::milliseconds(1);
  }
  return packets;
}

Dialog page() {
  return Dialog(80)
      .open()
      .client("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
      .server("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab")
      .server("cdef")
      .close();
}

}  // namespace

Seeds decoder_seeds() {
  Seeds seeds;
  for (const Frames& frames : {links(), tunnels(), transports()}) {
    for (const auto& [name, frame] : frames) seeds[name] = decoded(frame.link_type(), frame);
  }
  const std::string get = eth() / kIn4 / kGet;
  seeds["tcp-snaplen"] = decoded(1, get.substr(0, 60), 12);
  seeds["tcp-cut-in-its-header"] = decoded(1, get.substr(0, 40), 20);
  seeds["nothing"] = decoded(1, "");
  return seeds;
}

Seeds fragments_seeds() {
  constexpr unsigned kOther = 2, kSix = 4, kTwoOrigins = 8, kDiffers = 16, kVlan = 32, kTunnel = 64, kMore = 128;
  const std::string wide = "\x0f\xff\x27", narrow = "\x01\x01\x03";
  return {
      {"in-order", parts(wide, {{kMore, 0, 2}, {kMore, 2, 3}, {0, 5, 1, 3}})},
      {"backwards", parts(wide, {{0, 5, 1}, {kMore, 2, 3}, {kMore, 0, 2}})},
      {"ip6", parts(wide, {{kSix | kMore, 0, 2}, {kSix, 2, 3, 5}})},
      {"ip6-copy", parts(wide, {{kSix | kMore, 0, 2}, {kSix | kMore, 0, 2}, {kSix, 2, 3}})},
      {"ip6-overlap", parts(wide, {{kSix | kMore, 0, 3}, {kSix | kMore, 2, 3}, {kSix, 3, 3}})},
      {"overlap", parts(wide, {{kMore, 1, 4}, {kMore | kDiffers, 0, 3}, {kDiffers, 3, 6}})},
      {"two-origins", parts(wide, {{kTwoOrigins | kMore, 0, 4}, {kTwoOrigins, 3, 6, 1}})},
      {"two-datagrams", parts(wide, {{kMore, 0, 1}, {kMore | kOther, 0, 1}, {kOther, 1, 1}, {0, 1, 1}})},
      {"around-them", parts(wide, {{kMore | kVlan, 0, 1}, {kTunnel, 1, 1}, {kVlan, 1, 1}, {kMore | kTunnel, 0, 1}})},
      {"two-ends", parts(wide, {{0, 4, 2}, {0, 5, 2}, {kMore, 6, 2}, {kMore, 0, 4}})},
      {"just-too-late", parts(wide, {{kMore, 0, 2}, {0, 2, 1, 255, 0, 230}})},
      {"too-late", parts(wide, {{kMore, 0, 2}, {0, 2, 1, 255, 0, 235}})},
      {"not-captured", parts(wide, {{kMore, 0, 2, 255, 252}, {kMore, 0, 0}, {kMore, 0, 0, 3}, {0, 255, 210}})},
      {"no-room", parts(narrow, {{kMore, 0, 30}, {kMore | kOther, 0, 30}, {kMore | kVlan, 0, 99}, {kOther, 30, 1}})},
      {"too-many-parts", parts(narrow, {{kMore, 0, 1}, {kMore, 2, 1}, {kMore, 4, 1}, {kMore, 6, 1}, {kMore, 8, 1}})},
      {"largest", parts(wide, {{kMore, 0, 254}, {0, 254, 201, 7}})},
  };
}

Seeds pipeline_seeds() {
  constexpr unsigned kCramped = 2, kDigests = 4, kStrict = 8, kEach = 32;
  Seeds seeds{
      {"first-look", captured(0, first_look())},
      {"page", captured(kDigests, page().packets())},
      {"page-in-disorder", captured(0, page().swap(3, 5).repeat(4).packets())},
      {"page-with-a-gap", captured(kEach, page().lose(5).packets())},
      {"page-from-the-middle", captured(kStrict, page().lose(0).lose(0).packets())},
      {"reset", captured(0, Dialog(6667).open().client("USER\r\n").server("hello").client_resets().packets())},
      {"unanswered", captured(kEach, {{kTestTime, eth() / kIn4 / tcp(49152, 80).syn()}})},
      {"many", captured(kCramped, together({Dialog(80, 1).open().client("GET / HTTP/1.0\r\n\r\n"), Dialog(81, 2).open(),
                                            Dialog(82, 3).open().server("x").close(), Dialog(83, 4).open()}))},
      {"tunnels", captured(0, stamped(tunnels(), 1))},
      {"transports", captured(kCramped, stamped(transports(), 1))},
  };
  for (const std::uint16_t link_type : kLinkTypes) {
    const Stamped packets = stamped(links(), link_type);
    seeds["link-" + std::to_string(link_type)] = captured(0, packets);
  }
  PcapngImage image;
  image.interface(1).interface(101).packet(0, 1000, (eth() / kIn4 / kGet).bytes());
  image.packet(1, 1001, (raw() / kIn6 / kGet).bytes());
  seeds["pcapng"] = std::string(1, '\0') + image.bytes();
  return seeds;
}

}  // namespace unspool::test
