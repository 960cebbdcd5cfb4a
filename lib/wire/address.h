// IP addresses, as sessions compare them and people read them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/bytes.h"

namespace unspool {

/// IPv4 stands as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that one type serves both.
struct IpAddress {
  std::array<std::uint8_t, 16> octets{};

  auto operator<=>(const IpAddress&) const = default;
  bool operator==(const IpAddress& other) const { return std::memcmp(octets.data(), other.octets.data(), 16) == 0; }

  /// From 4 octets in network order.
  static IpAddress v4(Bytes four);
  /// From 16 octets in network order.
  static IpAddress v6(Bytes sixteen);

  bool is_v4() const;
  /// The 4 or 16 octets as they stand in an IP header.
  Bytes network_bytes() const;
};

/// "10.0.0.5", or RFC 5952 for IPv6.
std::string to_string(const IpAddress& address);

}  // namespace unspool
