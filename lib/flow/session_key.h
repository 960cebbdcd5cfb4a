// Who talks to whom, with no first or second: both directions have one key.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

#include "wire/address.h"
#include "wire/tunnel_stack.h"
#include "wire/vlan.h"

namespace unspool {

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
  bool operator==(const Endpoint&) const = default;
};

/// Built in either order, it compares and hashes the same: symmetry by construction, so no hash can break it.
class SessionKey {
 public:
  SessionKey() = default;
  SessionKey(std::uint8_t protocol, const Endpoint& a, const Endpoint& b, VlanStack vlans, TunnelStack tunnels = {})
      : SessionKey{protocol, {&a, &b}, b < a, vlans, tunnels} {}

  const Endpoint& low() const { return low_; }
  const Endpoint& high() const { return high_; }
  VlanStack vlans() const { return vlans_; }
  TunnelStack tunnels() const { return tunnels_; }
  std::uint8_t protocol() const { return protocol_; }
  bool operator==(const SessionKey&) const = default;

 private:
  /// The two by index, not by a branch: directions alternate, and no processor would guess it.
  SessionKey(std::uint8_t protocol, std::array<const Endpoint*, 2> ends, bool swapped, VlanStack vlans,
             TunnelStack tunnels)
      : low_{*ends[swapped ? 1 : 0]},
        high_{*ends[swapped ? 0 : 1]},
        protocol_{protocol},
        vlans_{vlans},
        tunnels_{tunnels} {}

  Endpoint low_, high_;
  std::uint8_t protocol_ = 0;
  VlanStack vlans_;
  TunnelStack tunnels_;
};
static_assert(sizeof(SessionKey) == 56);

/// What makes session hashes unguessable: nobody can aim packets at one bucket. Drawn from getrandom(2) once a run.
class HashSecret {
 public:
  static HashSecret draw();
  /// The same secret for the same seed: for tests and benchmarks.
  static HashSecret from_seed(std::uint64_t seed);
  const std::byte* data() const { return bytes_.data(); }
  static constexpr std::size_t kSize = 192;

 private:
  std::array<std::byte, kSize> bytes_{};
};

/// Two halves: `hosts` depends on the two addresses alone (so that related sessions meet in one shard), `session` on
/// the whole key.
struct SessionHash {
  std::uint32_t hosts = 0;
  std::uint32_t session = 0;
};
SessionHash hash(const SessionKey& key, const HashSecret& secret);

}  // namespace unspool
