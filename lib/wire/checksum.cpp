#include "wire/checksum.h"

#include <bit>
#include <cstring>

#include "base/cursor.h"

namespace unspool::wire {
namespace {

/// Not through a Cursor: its check of every read would halve the speed.
std::uint64_t word(const std::byte* at) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// 16-bit words in this machine's byte order, carries kept: ones' complement sums do not mind the order until they are
/// read (RFC 1071, 2). Four accumulators so that no addition waits for the one before; no overflow below 64 GiB.
std::uint64_t sum(Bytes bytes) {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t a = 0, b = 0, c = 0, d = 0;
  for (; left >= 32; left -= 32, at += 32) {
    a += word(at);
    b += word(at + 4);
    c += word(at + 8);
    d += word(at + 12);
    a += word(at + 16);
    b += word(at + 20);
    c += word(at + 24);
    d += word(at + 28);
  }
  for (; left >= 4; left -= 4, at += 4) a += word(at);
  std::uint32_t rest = 0;
  if (left > 0) std::memcpy(&rest, at, left);
  return a + b + c + d + rest;
}

std::uint32_t folded(std::uint64_t sum) {
  sum = (sum & 0xffffffffU) + (sum >> 32U);
  sum = (sum & 0xffffffffU) + (sum >> 32U);
  sum = (sum & 0xffffU) + (sum >> 16U);
  sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint32_t>(sum);
}

/// A number as it would add up if it stood in network order.
constexpr std::uint64_t in_network_order(std::uint32_t number) {
  return std::endian::native == std::endian::big ? number : __builtin_bswap32(number);
}

bool is_right(std::uint64_t sum) { return folded(sum) == 0xffffU; }

/// The sum of the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1). The prefix of mapped addresses adds 0xffff, which is
/// nothing, so that all 16 octets serve for IPv4 too.
std::uint64_t pseudo_header(const Datagram& d) {
  return sum(std::as_bytes(std::span(d.source.octets))) + sum(std::as_bytes(std::span(d.destination.octets))) +
         in_network_order(static_cast<std::uint32_t>(d.transport.size())) + in_network_order(d.protocol);
}

bool has_no_udp_checksum(const Datagram& d) {
  Cursor header{d.transport};
  header.skip(6);
  return header.get<std::uint16_t>() == 0;
}

bool wrong_transport(const Datagram& d) {
  if (d.kind == Kind::udp && has_no_udp_checksum(d)) return d.ip_header.empty();
  return !is_right(pseudo_header(d) + sum(d.transport));
}

}  // namespace

std::uint16_t internet_checksum(std::initializer_list<Bytes> pieces) {
  std::uint64_t total = 0;
  bool odd = false;
  for (const Bytes piece : pieces) {
    const std::uint32_t part = folded(sum(piece));
    total += odd ? __builtin_bswap16(static_cast<std::uint16_t>(part)) : part;
    odd ^= piece.size() % 2 != 0;
  }
  const auto checksum = static_cast<std::uint16_t>(~folded(total));
  return std::endian::native == std::endian::big ? checksum : __builtin_bswap16(checksum);
}

bool wrong_checksum(const Datagram& d) {
  if (!d.ip_header.empty() && !is_right(sum(d.ip_header))) return true;
  if (d.source_routed) return false;
  switch (d.kind) {
    case Kind::tcp: return d.tcp.missing == 0 && wrong_transport(d);
    case Kind::udp: return d.missing == 0 && wrong_transport(d);
    case Kind::icmp:
    case Kind::arp:
    case Kind::fragment:
    case Kind::transport:
    case Kind::network:
    case Kind::truncated:
    case Kind::malformed:
    case Kind::too_deep:
    case Kind::link: break;
  }
  return false;
}

}  // namespace unspool::wire
