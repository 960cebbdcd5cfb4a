#include "wire/checksum.h"

#include <array>
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

/// Of fewer than 32 bytes, without a loop: most packets are small.
std::uint64_t sum_of_rest(const std::byte* at, std::size_t left) {
  std::uint64_t sum = 0;
  if ((left & 16U) != 0) {
    sum += word(at) + word(at + 4) + word(at + 8) + word(at + 12);
    at += 16;
  }
  if ((left & 8U) != 0) {
    sum += word(at) + word(at + 4);
    at += 8;
  }
  if ((left & 4U) != 0) {
    sum += word(at);
    at += 4;
  }
  std::array<std::byte, 4> end{};
  const std::size_t odd = left & 3U;
  for (std::size_t i = 0; i < odd; ++i) end[i] = at[i];
  return sum + word(end.data());
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
  return a + b + c + d + sum_of_rest(at, left);
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

std::uint64_t sum(const IpAddress& address, bool v4) {
  const std::byte* at = std::as_bytes(std::span(address.octets)).data();
  return v4 ? word(at + 12) : word(at) + word(at + 4) + word(at + 8) + word(at + 12);
}

/// The sum of the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1).
std::uint64_t pseudo_header(const Datagram& d) {
  const bool v4 = !d.ip_header.empty();
  return sum(d.source, v4) + sum(d.destination, v4) + in_network_order(static_cast<std::uint32_t>(d.transport.size())) +
         in_network_order(d.protocol);
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
