#include "wire/checksum.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/cursor.h"

namespace unspool::wire {
namespace {

constexpr std::size_t kHeader = 20;  // of IPv4 and of TCP, without options

/// Not through a Cursor: its check of every read would halve the speed.
template <class Number>
std::uint64_t load(const std::byte* at) {
  Number value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
std::uint64_t word(const std::byte* at) { return load<std::uint32_t>(at); }

/// The last 1 to 7 bytes before `end`, with at least 8 before it: as they would add up with zeros behind them.
std::uint64_t last(const std::byte* end, std::size_t left) {
  const std::uint64_t eight = load<std::uint64_t>(end - 8);
  const std::size_t others = 8 * (8 - left);
  return std::endian::native == std::endian::big ? eight << others : eight >> others;
}

/// Of fewer than 8 bytes.
std::uint64_t few(const std::byte* at, std::size_t left) {
  std::array<std::byte, 8> end{};
  for (std::size_t i = 0; i < left; ++i) end[i] = at[i];
  return load<std::uint64_t>(end.data());
}

std::uint64_t halves(std::uint64_t eight) { return (eight & 0xffffffffU) + (eight >> 32U); }

/// Of as many whole pieces of 32 bytes as there are. Four accumulators, so that no addition waits for the one before;
/// not in its caller, where most pieces are small.
[[gnu::noinline]] std::uint64_t sum_of_large(Bytes bytes) {
  const std::byte* at = bytes.data();
  std::uint64_t a = 0, b = 0, c = 0, d = 0;
  for (std::size_t left = bytes.size(); left >= 32; left -= 32, at += 32) {
    a += word(at);
    b += word(at + 4);
    c += word(at + 8);
    d += word(at + 12);
    a += word(at + 16);
    b += word(at + 20);
    c += word(at + 24);
    d += word(at + 28);
  }
  return a + b + c + d;
}

/// 16-bit words in this machine's byte order, carries kept: ones' complement sums do not mind the order until they are
/// read (RFC 1071, 2). No overflow below 32 GiB.
[[gnu::noinline]] std::uint64_t sum(Bytes bytes) {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  if (left < 8) return halves(few(at, left));
  std::uint64_t all = 0;
  if (left >= 64) {
    all = sum_of_large(bytes);
    at += left / 32 * 32;
    left %= 32;
  }
  for (; left >= 8; left -= 8, at += 8) all += word(at) + word(at + 4);
  return left == 0 ? all : all + halves(last(at + left, left));
}

/// Of a header without options.
std::uint64_t sum(const Fixed<20>& header) {
  return std::uint64_t{header.load<std::uint32_t, 0>()} + header.load<std::uint32_t, 4>() +
         header.load<std::uint32_t, 8>() + header.load<std::uint32_t, 12>() + header.load<std::uint32_t, 16>();
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

/// Whether it is 0 in ones' complement: all ones, or a multiple of them.
bool is_right(std::uint64_t sum) { return sum % 0xffffU == 0 && sum != 0; }

std::uint64_t sum(const IpAddress& address, bool v4) {
  const std::byte* at = std::as_bytes(std::span(address.octets)).data();
  return v4 ? word(at + 12) : halves(address.half(0)) + halves(address.half(8));
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

bool has_wrong_header(Bytes ip4) { return !is_right(ip4.size() == kHeader ? sum(Fixed<kHeader>{ip4}) : sum(ip4)); }

bool wrong_udp(const Datagram& d) {
  if (has_no_udp_checksum(d)) return d.ip_header.empty();
  return !is_right(pseudo_header(d) + sum(d.transport));
}

/// Most are small, and all have a whole header.
bool wrong_tcp(const Datagram& d) {
  const Bytes behind = d.transport.subspan(kHeader);
  std::uint64_t all = pseudo_header(d) + sum(Fixed<kHeader>{d.transport});
  if (behind.size() >= 16) {
    all += sum(behind);
  } else {
    const std::byte* at = behind.data();
    if (behind.size() >= 8) all += word(at) + word(at + 4);
    if (const std::size_t left = behind.size() % 8; left > 0) all += halves(last(at + behind.size(), left));
  }
  return !is_right(all);
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
  if (!d.ip_header.empty() && has_wrong_header(d.ip_header)) return true;
  if (d.source_routed) return false;
  switch (d.kind) {
    case Kind::tcp: return d.tcp.missing == 0 && wrong_tcp(d);
    case Kind::udp: return d.missing == 0 && wrong_udp(d);
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
