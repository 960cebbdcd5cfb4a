// A capture may cut a frame at any byte (snaplen). Whatever is left, no view leaves it, and once the headers are there
// the payload is what was captured of it, and the rest is missing.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/datagram_check.h"
#include "told.h"
#include "wire/checksum.h"

namespace unspool::test {
namespace {

using wire::Kind;

struct Row {
  const char* what;
  Frame frame;
  Kind kind;
  std::size_t headers;  // bytes in front of the payload
};

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
      {"another transport", eth() / kIp / data("gre", 47), Kind::transport, 14 + 20},
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
                      ASSERT_EQ(d.kind, Kind::truncated) << row.what << " cut at " << length;
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
