// Who talks to whom, with no first or second: both directions have one key.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "wire/address.h"
#include "wire/tunnel_stack.h"
#include "wire/vlan.h"

namespace unspool {

/// Compared without a branch: directions alternate, and no processor would guess it.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
  bool operator==(const Endpoint& other) const {
    return (apart(other, 0) | apart(other, 8) | (port ^ other.port)) == 0;
  }
  bool operator<(const Endpoint& other) const {
    const bool front = address.big_half(0) < other.address.big_half(0);
    const bool back = address.big_half(8) < other.address.big_half(8);
    const bool by_port = (apart(other, 8) == 0) & (port < other.port);
    return front | ((apart(other, 0) == 0) & (back | by_port));
  }

 private:
  std::uint64_t apart(const Endpoint& other, std::size_t half) const {
    return address.half(half) ^ other.address.half(half);
  }
};

/// Built in either order, it compares and hashes the same: symmetry by construction, so no hash can break it.
class SessionKey {
 public:
  SessionKey() = default;
  SessionKey(std::uint8_t protocol, const Endpoint& a, const Endpoint& b, VlanStack vlans, TunnelStack tunnels = {})
      : SessionKey{protocol, a, b, b < a, vlans, tunnels} {}
  /// Of ends whose order is known: `low` is low() of another key, `high` its high().
  static SessionKey of_ordered(std::uint8_t protocol, const Endpoint& low, const Endpoint& high, VlanStack vlans,
                               TunnelStack tunnels) {
    SessionKey key;
    key.low_ = low;
    key.high_ = high;
    key.protocol_ = protocol;
    key.vlans_ = vlans;
    key.tunnels_ = tunnels;
    return key;
  }
  /// The key of what `from` sends to `to`, and whether `from` is its high end.
  struct Directed;
  static Directed of(std::uint8_t protocol, const Endpoint& from, const Endpoint& to, VlanStack vlans,
                     TunnelStack tunnels);

  const Endpoint& low() const { return low_; }
  const Endpoint& high() const { return high_; }
  VlanStack vlans() const { return vlans_; }
  TunnelStack tunnels() const { return tunnels_; }
  std::uint8_t protocol() const { return protocol_; }
  bool operator==(const SessionKey&) const = default;

 private:
  SessionKey(std::uint8_t protocol, const Endpoint& a, const Endpoint& b, bool swapped, VlanStack vlans,
             TunnelStack tunnels)
      : low_{one_of(a, b, swapped)},
        high_{one_of(b, a, swapped)},
        protocol_{protocol},
        vlans_{vlans},
        tunnels_{tunnels} {}
  /// By arithmetic: a compiler makes a branch of anything else.
  static Endpoint one_of(const Endpoint& first, const Endpoint& second, bool take_second) {
    const std::uint64_t mask = std::uint64_t{0} - (take_second ? 1U : 0U);
    const auto either = [mask](std::uint64_t a, std::uint64_t b) { return a ^ ((a ^ b) & mask); };
    return {.address = IpAddress::from_halves(either(first.address.half(0), second.address.half(0)),
                                              either(first.address.half(8), second.address.half(8))),
            .port = static_cast<std::uint16_t>(either(first.port, second.port))};
  }

  Endpoint low_, high_;
  std::uint8_t protocol_ = 0;
  VlanStack vlans_;
  TunnelStack tunnels_;
};
static_assert(sizeof(SessionKey) == 56);

struct SessionKey::Directed {
  SessionKey key;
  bool from_high = false;
};
inline SessionKey::Directed SessionKey::of(std::uint8_t protocol, const Endpoint& from, const Endpoint& to,
                                           VlanStack vlans, TunnelStack tunnels) {
  const bool from_high = to < from;
  return {.key = SessionKey{protocol, from, to, from_high, vlans, tunnels}, .from_high = from_high};
}

/// What makes session hashes unguessable: nobody can aim packets at one bucket. Drawn from getrandom(2) once a run.
class HashSecret {
 public:
  static HashSecret draw();
  /// The same secret for the same seed: for tests and benchmarks.
  static HashSecret from_seed(std::uint64_t seed);
  const std::byte* data() const { return bytes_.data(); }
  static constexpr std::size_t kSize = 192;
  /// The round of wyhash and XXH3: both numbers made unguessable, and multiplied; each half of the product goes into
  /// the answer, so each bit depends on all bits. Each `round` has its own secret.
  std::uint64_t mixed(std::uint64_t a, std::uint64_t b, std::size_t round) const {
    __extension__ using Product = unsigned __int128;
    const Product product = Product{a ^ word(2 * round)} * (b ^ word(2 * round + 1));
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  }

 private:
  std::uint64_t word(std::size_t i) const {
    std::uint64_t number;
    std::memcpy(&number, bytes_.data() + i * sizeof number, sizeof number);
    return number;
  }
  std::array<std::byte, kSize> bytes_{};
};

/// Two halves: `hosts` depends on the two addresses alone (so that related sessions meet in one shard), `session` on
/// the whole key.
struct SessionHash {
  std::uint32_t hosts = 0;
  std::uint32_t session = 0;
};
inline SessionHash hash(const SessionKey& key, const HashSecret& secret) {
  // Addresses order as their endpoints do, except where they are equal: so the order is the same for all their
  // sessions.
  const IpAddress &low = key.low().address, &high = key.high().address;
  const std::uint64_t hosts = secret.mixed(secret.mixed(low.half(0), low.half(8), 0) ^ high.half(0), high.half(8), 1);
  const std::uint64_t ports =
      std::uint64_t{key.low().port} << 32U | std::uint64_t{key.high().port} << 16U | key.protocol();
  std::uint64_t session = secret.mixed(hosts, ports, 2);
  if ((key.vlans().bits() | key.tunnels().bits()) != 0) {
    session = secret.mixed(session ^ key.vlans().bits(), key.tunnels().bits(), 3);
  }
  return {.hosts = static_cast<std::uint32_t>(hosts >> 32U), .session = static_cast<std::uint32_t>(session >> 32U)};
}

}  // namespace unspool
