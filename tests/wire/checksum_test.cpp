#include "wire/checksum.h"

#include <gtest/gtest.h>

#include "support/dice.h"
#include "told.h"

namespace unspool::test {
namespace {

/// As RFC 1071 says it, octet by octet.
unsigned simple_checksum(std::string_view bytes) {
  unsigned long sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += static_cast<unsigned long>(bytes[i] & 0xff) << (i % 2 == 0 ? 8U : 0U);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16U);
  return static_cast<unsigned>(~sum & 0xffff);
}

std::string random_bytes(Dice& dice, std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) bytes += static_cast<char>(dice.chance(300) ? 0xff : dice.next());
  return bytes;
}

TEST(InternetChecksum, Vectors) {
  using namespace std::string_view_literals;
  struct Row {
    const char* what;
    std::string_view bytes;
    unsigned expected;
  };
  const Row rows[] = {
      {"nothing", ""sv, 0xffff},
      {"RFC 1071, 3", "\x00\x01\xf2\x03\xf4\xf5\xf6\xf7"sv, 0x220d},
      {"one octet", "\x01"sv, 0xfeff},
      {"zeros", "\0\0\0\0"sv, 0xffff},
      {"all ones", "\xff\xff\xff\xff"sv, 0},
      {"an IPv4 header with its checksum",
       "\x45\x00\x00\x73\x00\x00\x40\x00\x40\x11\xb8\x61\xc0\xa8\x00\x01\xc0\xa8\x00\xc7"sv, 0},
      {"and without", "\x45\x00\x00\x73\x00\x00\x40\x00\x40\x11\x00\x00\xc0\xa8\x00\x01\xc0\xa8\x00\xc7"sv, 0xb861},
  };
  for (const Row& row : rows) EXPECT_EQ(wire::internet_checksum({as_bytes(row.bytes)}), row.expected) << row.what;
}

TEST(InternetChecksum, AnyLengthFromAnyAddress) {
  Dice dice{1071};
  const std::string bytes = random_bytes(dice, 300);
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t length = 0; start + length <= bytes.size(); ++length) {
      const std::string_view part = std::string_view{bytes}.substr(start, length);
      ASSERT_EQ(wire::internet_checksum({as_bytes(part)}), simple_checksum(part)) << start << " " << length;
    }
  }
  const std::string most(262'144, '\xff');
  EXPECT_EQ(wire::internet_checksum({as_bytes(most)}), 0) << "no carry is lost";
}

TEST(InternetChecksum, PiecesCountAsIfJoined) {
  Dice dice{7};
  for (int round = 0; round < 2000; ++round) {
    const std::string a = random_bytes(dice, dice.between(0, 40)), b = random_bytes(dice, dice.between(0, 40)),
                      c = random_bytes(dice, dice.between(0, 40));
    ASSERT_EQ(wire::internet_checksum({as_bytes(a), as_bytes(b), as_bytes(c)}), simple_checksum(a + b + c))
        << a.size() << " " << b.size() << " " << c.size();
  }
}

const Ip4 kIp = ip4("10.0.0.1", "10.0.0.2");
const Ip6 kIp6 = ip6("2001:db8::1", "2001:db8::2");

Ip4 bad_ip() { return ip4("10.0.0.1", "10.0.0.2").bad_checksum(); }

bool wrong(const Frame& frame) {
  const std::string bytes = frame;
  bool answer = false;
  decode_copy(frame.link_type(), bytes, static_cast<std::uint32_t>(bytes.size()),
              [&](const wire::Datagram& d, Bytes) { answer = wire::wrong_checksum(d); });
  return answer;
}

TEST(WrongChecksum, Table) {
  using namespace std::string_literals;
  struct Row {
    const char* what;
    Frame frame;
    bool expected;
  };
  const Row rows[] = {
      {"TCP", eth() / kIp / tcp(1, 2).payload("odd"), false},
      {"TCP, wrong", eth() / kIp / tcp(1, 2).payload("odd").bad_checksum(), true},
      {"TCP, IPv6", eth() / kIp6 / tcp(1, 2).options("\x01").payload("even"), false},
      {"TCP, IPv6, wrong", eth() / kIp6 / tcp(1, 2).bad_checksum(), true},
      {"UDP", eth() / kIp / udp(1, 2).payload("odd"), false},
      {"UDP, wrong", eth() / kIp / udp(1, 2).bad_checksum(), true},
      {"UDP, none", eth() / kIp / udp(1, 2).payload("x").no_checksum(), false},
      {"UDP, IPv6", eth() / kIp6 / udp(1, 2).payload("odd"), false},
      {"UDP, IPv6, wrong", eth() / kIp6 / udp(1, 2).bad_checksum(), true},
      {"UDP, IPv6, none", eth() / kIp6 / udp(1, 2).payload("x").no_checksum(), true},
      {"UDP that is shorter than its datagram", eth() / kIp / udp(1, 2).payload("0123").length(10), false},
      {"padding does not count", eth().padded() / kIp / udp(1, 2).payload("x"), false},
      {"IPv4 header, wrong (ip-16)", eth() / bad_ip() / tcp(1, 2).payload("EVIL"), true},
      {"and of a fragment", eth() / bad_ip().fragment(1, 8, false) / data("x", 6), true},
      {"and of any transport", eth() / bad_ip() / data("x", 99), true},
      {"options of IPv4 count", eth() / ip4("10.0.0.1", "10.0.0.2").options("\x94\x04") / udp(1, 2), false},
      {"ICMP is not judged", eth() / kIp / data("\x08 any", 1), false},
      {"behind extension headers", eth() / kIp6 / hop_by_hop() / routing() / udp(1, 2), false},
      {"the same, wrong", eth() / kIp6 / hop_by_hop() / routing() / udp(1, 2).bad_checksum(), true},
      {"on a route, the destination is another", eth() / kIp6 / routing(1) / udp(1, 2).bad_checksum(), false},
      {"a route of IPv4",
       eth() / ip4("10.0.0.1", "10.0.0.2").options("\x01\x83\x07\x04\x0a\x00\x00\x09"s) / udp(1, 2).bad_checksum(),
       false},
      {"at its end",
       eth() / ip4("10.0.0.1", "10.0.0.2").options("\x01\x83\x07\x08\x0a\x00\x00\x09"s) / udp(1, 2).bad_checksum(),
       true},
      {"no IP at all", eth() / arp("10.0.0.1", "10.0.0.2"), false},
  };
  for (const Row& row : rows) EXPECT_EQ(wrong(row.frame), row.expected) << row.what;
}

// A sum that comes out as 0 is sent as 0xffff (RFC 768).
TEST(WrongChecksum, EveryUdpChecksumThereIs) {
  for (unsigned i = 0; i < 65536; ++i) {
    const std::string two{static_cast<char>(i >> 8U), static_cast<char>(i & 0xffU)};
    ASSERT_FALSE(wrong(raw() / kIp / udp(1, 2).payload(two))) << i;
  }
}

TEST(WrongChecksum, NoBitMayChange) {
  for (const Frame& frame : {raw() / kIp / tcp(1, 2).payload("abc"), raw() / kIp6 / udp(1, 2).payload("abcd")}) {
    const std::string right = frame;
    const std::size_t first = right[0] == '\x45' ? 0 : 8;  // IPv6 has no checksum of its header, but of its addresses
    for (std::size_t bit = first * 8; bit < right.size() * 8; ++bit) {
      std::string bytes = right;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
      decode_copy(101, bytes, static_cast<std::uint32_t>(bytes.size()), [&](const wire::Datagram& d, Bytes) {
        const bool whole = d.kind == wire::Kind::tcp || d.kind == wire::Kind::udp;
        ASSERT_TRUE(!whole || wire::wrong_checksum(d)) << "bit " << bit << ": " << told(d);
      });
    }
  }
}

// Short and long payloads are added up in different ways.
TEST(WrongChecksum, NoByteOfASegmentOfAnyLengthMayChange) {
  for (std::size_t length = 0; length < 100; ++length) {
    const std::string right = raw() / kIp / tcp(1, 2).payload(std::string(length, 'x'));
    for (std::size_t at = right.size() - length; at <= right.size(); ++at) {
      std::string bytes = right;
      if (at < bytes.size()) bytes[at] = 'y';
      decode_copy(101, bytes, static_cast<std::uint32_t>(bytes.size()), [&](const wire::Datagram& d, Bytes) {
        ASSERT_EQ(wire::wrong_checksum(d), at < bytes.size()) << length << " " << at;
      });
    }
  }
}

TEST(WrongChecksum, ADatagramThatWasPutTogetherIsJudgedToo) {
  const std::string segment = std::string{raw() / kIp / tcp(1, 2).payload("in pieces")}.substr(20);
  std::string frame = raw() / ip4("10.0.0.1", "10.0.0.2").fragment(1, 16, false) / data(segment.substr(16), 6);
  wire::Datagram datagram;
  wire::decode(101, as_bytes(frame), static_cast<std::uint32_t>(frame.size()), datagram);
  ASSERT_FALSE(wire::wrong_checksum(datagram)) << "of the fragment, only its header";
  wire::decode_transport(as_bytes(segment), 0, datagram);
  EXPECT_EQ(told(datagram), "tcp 10.0.0.1:1 > 10.0.0.2:2 - 0 \"in pieces\"");
  EXPECT_FALSE(wire::wrong_checksum(datagram));
  std::string other = segment;
  other.back() = 'S';
  wire::decode_transport(as_bytes(other), 0, datagram);
  EXPECT_TRUE(wire::wrong_checksum(datagram));
}

}  // namespace
}  // namespace unspool::test
