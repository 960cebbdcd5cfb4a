// IP addresses, as sessions compare them and people read them.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/bytes.h"
#include "base/cursor.h"

namespace unspool {

/// IPv4 stands as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that one type serves both.
struct IpAddress {
  std::array<std::uint8_t, 16> octets{};

  std::strong_ordering operator<=>(const IpAddress& other) const {
    const std::uint64_t front = big_half(0), others = other.big_half(0);
    return front == others ? big_half(8) <=> other.big_half(8) : front <=> others;
  }
  bool operator==(const IpAddress& other) const { return ((half(0) ^ other.half(0)) | (half(8) ^ other.half(8))) == 0; }

  /// From 4 octets in network order.
  static IpAddress v4(Bytes four) {
    assert(four.size() == 4);
    std::uint32_t number;
    std::memcpy(&number, four.data(), sizeof number);
    constexpr bool kBig = std::endian::native == std::endian::big;
    return from_halves(0, kBig ? 0xffff'00000000U | number : std::uint64_t{number} << 32U | 0xffff'0000U);
  }
  /// From 16 octets in network order.
  static IpAddress v6(Bytes sixteen) {
    assert(sixteen.size() == 16);
    IpAddress address;
    std::memcpy(address.octets.data(), sixteen.data(), 16);
    return address;
  }

  /// The other way round than half().
  static IpAddress from_halves(std::uint64_t first, std::uint64_t second) {
    IpAddress address;
    std::memcpy(address.octets.data(), &first, sizeof first);
    std::memcpy(address.octets.data() + sizeof first, &second, sizeof second);
    return address;
  }

  bool is_v4() const;
  /// The 4 or 16 octets as they stand in an IP header.
  Bytes network_bytes() const;

  /// Eight octets from `at` (0 or 8) on, as they stand in memory.
  std::uint64_t half(std::size_t at) const {
    std::uint64_t number;
    std::memcpy(&number, octets.data() + at, sizeof number);
    return number;
  }
  /// The same, such that halves order as addresses do.
  std::uint64_t big_half(std::size_t at) const {
    return std::endian::native == std::endian::big ? half(at) : byte_swapped(half(at));
  }
};

/// "10.0.0.5", or RFC 5952 for IPv6.
std::string to_string(const IpAddress& address);

}  // namespace unspool
