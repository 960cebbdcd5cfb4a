// A capture may cut a frame at any byte (snaplen). Whatever is left, no view leaves it, and once the headers are there
// the payload is what was captured of it, and the rest is missing.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/datagram_check.h"
#include "support/encapsulation.h"
#include "told.h"
#include "wire/checksum.h"

namespace unspool::test {
namespace {

using wire::Kind;

struct Row {
  const char* what;
  Frame frame;
  Kind kind;
  std::size_t headers;     // bytes in front of the payload
  std::size_t around = 0;  // and of that of the UDP session which is told while its tunnel is not sure
};

constexpr std::size_t kUdpHeaders = 14 + 20 + 8;

const auto kIp = ip4("10.0.0.1", "10.0.0.2");
const auto kIp6 = ip6("2001:db8::1", "2001:db8::2");
const auto kTcp = tcp(1, 2).ack(3).payload("what TCP brings");
const auto kUdp = udp(1, 2).payload("what UDP brings");

const std::vector<Row>& rows() {
  static const std::vector<Row> rows{
      {"TCP", eth() / kIp / kTcp, Kind::tcp, 14 + 20 + 20},
      {"TCP with options", eth() / kIp / tcp(1, 2).options("\x02\x04\x05\xb4").payload("x"), Kind::tcp, 14 + 20 + 24},
      {"TCP, padded", eth().padded() / kIp / tcp(1, 2).payload("x"), Kind::tcp, 14 + 20 + 20},
      {"TCP behind four tags", eth() / vlan(1) / vlan(2) / vlan(3) / vlan(4) / kIp / kTcp, Kind::tcp, 30 + 20 + 20},
      {"UDP behind IPv4 options", eth() / ip4("10.0.0.1", "10.0.0.2").options("\x94\x04\x01\x01\x01") / kUdp, Kind::udp,
       14 + 28 + 8},
      {"UDP, longer than it says", eth() / kIp / udp(1, 2).payload("0123456789").length(12), Kind::udp, 14 + 20 + 8},
      {"ICMP", eth() / kIp / icmp(8).payload("ping"), Kind::icmp, 14 + 20},
      {"another transport", eth() / kIp / data("sctp", 132), Kind::transport, 14 + 20},
      {"fragment", eth() / ip4("10.0.0.1", "10.0.0.2").fragment(7, 8, false) / data("end", 17), Kind::fragment,
       14 + 20},
      {"IPv6", eth() / kIp6 / kTcp, Kind::tcp, 14 + 40 + 20},
      {"IPv6 with extensions",
       eth() / kIp6 / hop_by_hop() / routing() / authentication() / destination_options(24) / kUdp, Kind::udp,
       14 + 40 + 8 + 24 + 24 + 24 + 8},
      {"IPv6 fragment", eth() / kIp6 / hop_by_hop() / fragment6(7, 8, true) / data("BBBBBBBB", 6), Kind::fragment,
       14 + 40 + 16},
      {"IPv6 atomic fragment", eth() / kIp6 / fragment6(7, 0, false) / kUdp, Kind::udp, 14 + 40 + 8 + 8},
      {"ARP", eth() / arp("10.0.0.1", "10.0.0.2"), Kind::arp, 14},
      {"NULL", null_link() / kIp / kTcp, Kind::tcp, 4 + 20 + 20},
      {"LOOP", loop(24) / kIp6 / kUdp, Kind::udp, 4 + 40 + 8},
      {"RAW", raw() / kIp / kTcp, Kind::tcp, 20 + 20},
      {"IPV4", raw(228) / kIp / kTcp, Kind::tcp, 20 + 20},
      {"IPV6", raw(229) / kIp6 / kUdp, Kind::udp, 40 + 8},
      {"LINUX_SLL", sll() / vlan(5) / kIp / kTcp, Kind::tcp, 20 + 20 + 20},
      {"LINUX_SLL2", sll2() / kIp6 / kUdp, Kind::udp, 20 + 40 + 8},
      {"PPP", ppp() / kIp / kTcp, Kind::tcp, 4 + 20 + 20},
      {"PPP, short", ppp("", 50, true) / kIp6 / kUdp, Kind::udp, 1 + 40 + 8},
      {"C_HDLC", cisco_hdlc() / kIp / kTcp, Kind::tcp, 4 + 20 + 20},
      {"PPPoE", eth() / vlan(1) / pppoe() / kIp / kTcp, Kind::tcp, 14 + 4 + 8 + 20 + 20},
      {"802.3", eth().next(200) / llc() / kIp / kTcp, Kind::tcp, 14 + 8 + 20 + 20},
      {"MPLS", eth() / mpls(7, false) / mpls(8) / kIp / kTcp, Kind::tcp, 14 + 8 + 20 + 20},
      {"pseudowire", eth() / mpls(8) / control_word() / eth() / kIp / kTcp, Kind::tcp, 14 + 4 + 4 + 14 + 20 + 20},
      {"IEEE802_11", dot11() / kIp / kTcp, Kind::tcp, 24 + 8 + 20 + 20},
      {"IEEE802_11, QoS, four addresses", dot11({.control = 0x88, .flags = 0x83}) / kIp6 / kUdp, Kind::udp,
       24 + 6 + 2 + 4 + 8 + 40 + 8},
      {"IEEE802_11_RADIOTAP", radiotap(0x20, true, 2) / dot11({.control = 0x88, .padded = true}) / kIp / kTcp,
       Kind::tcp, 16 + 8 + 2 + 28 + 8 + 20 + 20},
      {"IEEE802_11_PRISM", prism() / dot11() / kIp / kTcp, Kind::tcp, 144 + 24 + 8 + 20 + 20},
      {"IEEE802_11_AVS", avs() / dot11() / kIp / kTcp, Kind::tcp, 64 + 24 + 8 + 20 + 20},
      {"NFLOG", nflog() / kIp / kTcp, Kind::tcp, 4 + 2 * 8 + 4 + 20 + 20},
      {"6in4 in IPIP", eth() / kIp / kIp / kIp6 / kTcp, Kind::tcp, 14 + 20 + 20 + 40 + 20},
      {"4in6 behind extensions", eth() / kIp6 / destination_options() / kIp / kUdp, Kind::udp, 14 + 40 + 8 + 20 + 8},
      {"GRE", eth() / kIp / gre(kGreChecksum | kGreKey | kGreSequence) / kIp / kTcp, Kind::tcp, 14 + 20 + 16 + 20 + 20},
      {"GRE, Ethernet in a VLAN", eth() / kIp / gre() / eth() / vlan(5) / kIp / kTcp, Kind::tcp,
       14 + 20 + 4 + 18 + 20 + 20},
      {"PPTP", eth() / kIp / gre(kPptp | kPptpAcknowledgement) / gre_ppp() / kIp / kTcp, Kind::tcp,
       14 + 20 + 16 + 4 + 20 + 20},
      {"ERSPAN II", eth() / kIp / gre(kGreSequence) / erspan(2) / eth() / kIp / kTcp, Kind::tcp,
       14 + 20 + 8 + 8 + 14 + 20 + 20},
      {"ERSPAN III", eth() / kIp / gre(kGreSequence) / erspan(3, 1) / eth() / kIp / kTcp, Kind::tcp,
       14 + 20 + 8 + 20 + 14 + 20 + 20},
      {"a fragment in GRE", eth() / kIp / gre() / ip4("10.0.0.1", "10.0.0.2").fragment(7, 8, false) / data("end", 17),
       Kind::fragment, 14 + 20 + 4 + 20},
      {"VXLAN", eth() / kIp / udp(1, 4789) / vxlan(7) / eth() / kIp / kTcp, Kind::tcp, kUdpHeaders + 8 + 14 + 20 + 20,
       kUdpHeaders},
      {"Geneve", eth() / kIp / udp(1, 6081) / geneve(7, 2) / eth() / kIp / kTcp, Kind::tcp,
       kUdpHeaders + 16 + 14 + 20 + 20, kUdpHeaders},
      {"GTP", eth() / kIp / udp(2152, 2152) / gtp(7, 0x34, std::string("\x01\0\0\0", 4)) / kIp / kTcp, Kind::tcp,
       kUdpHeaders + 16 + 20 + 20, kUdpHeaders},
      {"Teredo", eth() / kIp / udp(1, 3544) / teredo(2, true) / kIp6 / kTcp, Kind::tcp, kUdpHeaders + 17 + 8 + 40 + 20,
       kUdpHeaders},
      {"MPLS in UDP", eth() / kIp / udp(1, 6635) / mpls(7) / kIp / kTcp, Kind::tcp, kUdpHeaders + 4 + 20 + 20,
       kUdpHeaders},
  };
  return rows;
}

Bytes payload_of(const wire::Datagram& d) { return d.kind == Kind::tcp ? d.tcp.payload : d.payload; }
std::uint32_t missing_of(const wire::Datagram& d) { return d.kind == Kind::tcp ? d.tcp.missing : d.missing; }

/// "tcp "wh"+13" would be the whole told twice: here only kind, payload and how many bytes there are with those
/// missing.
std::string told_payload(const wire::Datagram& d) {
  return fmt::format("kind {} \"{}\" of {}", static_cast<int>(d.kind), as_text(payload_of(d)),
                     payload_of(d).size() + missing_of(d));
}

TEST(Prefix, OfEveryFrameDecodes) {
  for (const Row& row : rows()) {
    const std::string bytes = row.frame;
    const auto wire_length = static_cast<std::uint32_t>(bytes.size());
    std::string whole;
    decode_copy(row.frame.link_type(), bytes, wire_length, [&](const wire::Datagram& d, Bytes frame) {
      ASSERT_EQ(d.kind, row.kind) << row.what;
      ASSERT_EQ(missing_of(d), 0U) << row.what;
      ASSERT_EQ(payload_of(d).data(), frame.data() + row.headers) << row.what;
      whole = as_text(payload_of(d));
    });
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      decode_copy(row.frame.link_type(), bytes.substr(0, length), wire_length,
                  [&](const wire::Datagram& d, Bytes frame) {
                    ASSERT_EQ(complaint(d, frame, wire_length), "") << row.what << " cut at " << length;
                    if (length < row.headers) {
                      const bool unsure = row.around > 0 && length >= row.around;
                      ASSERT_EQ(d.kind, unsure ? Kind::udp : Kind::truncated) << row.what << " cut at " << length;
                      ASSERT_TRUE(!unsure || d.payload.size() + d.missing == bytes.size() - row.around) << row.what;
                      return;
                    }
                    const std::string there = whole.substr(0, length - row.headers);
                    ASSERT_EQ(told_payload(d),
                              fmt::format("kind {} \"{}\" of {}", static_cast<int>(row.kind), there, whole.size()))
                        << row.what << " cut at " << length;
                    ASSERT_FALSE(wire::wrong_checksum(d)) << row.what << " cut at " << length;
                  });
    }
  }
}

}  // namespace
}  // namespace unspool::test
