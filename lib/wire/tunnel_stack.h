// The tunnels that a session travels in, and which network of each.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace unspool {

/// `ip6in4` is IPv6 in IPv4, `gre` whatever GRE carries but ERSPAN.
enum class Tunnel : std::uint8_t { ipip, ip6in4, ip4in6, ip6in6, gre, erspan, vxlan, geneve, gtp, teredo, mpls };

/// As events name it: "ip6in4".
std::string_view name(Tunnel tunnel);

/// Outermost first, at most four (a fifth makes a frame `too_deep`), in one word that compares and hashes as a whole.
/// It is the same for both directions of a session. So it knows of no outer addresses, and of no number that differs by
/// direction as GTP's TEIDs do, but of the virtual networks (VNI) of VXLAN and Geneve.
class TunnelStack {
 public:
  static constexpr unsigned kMaxDepth = 4;

  constexpr unsigned size() const { return static_cast<unsigned>(bits_ & 0xfU); }
  constexpr Tunnel operator[](unsigned i) const { return static_cast<Tunnel>(bits_ >> (4U + 4U * i) & 0xfU); }
  /// The innermost virtual network; empty when no tunnel has one.
  constexpr std::optional<std::uint32_t> network() const {
    for (unsigned i = 0; i < size(); ++i) {
      if (has_network((*this)[i])) return innermost_network();
    }
    return std::nullopt;
  }
  /// `network`: 24 bits, of tunnels that have one. False, and nothing changes, when the stack is full.
  constexpr bool push(Tunnel kind, std::uint32_t network = 0) {
    if (size() == kMaxDepth) return false;
    if (has_network(kind)) enter(network);
    bits_ |= static_cast<std::uint64_t>(kind) << (4U + 4U * size());
    ++bits_;
    return true;
  }
  constexpr std::uint64_t bits() const { return bits_; }
  constexpr bool operator==(const TunnelStack&) const = default;
  constexpr auto operator<=>(const TunnelStack&) const = default;

 private:
  static constexpr bool has_network(Tunnel kind) { return kind == Tunnel::vxlan || kind == Tunnel::geneve; }
  constexpr std::uint32_t innermost_network() const {
    return static_cast<std::uint32_t>(bits_ >> kNetwork & 0xffffffU);
  }
  /// Networks around the innermost one, of which there are seldom any, share 20 bits.
  constexpr void enter(std::uint32_t network) {
    const std::uint64_t around = (bits_ >> kAround) * 31U + innermost_network() * 0x9e3779b1ULL % 0xfffffU;
    bits_ = (bits_ & 0xfffffU) | std::uint64_t{network & 0xffffffU} << kNetwork | (around & 0xfffffU) << kAround;
  }

  // From bit 0: how many, their kinds, the innermost network, those around it.
  static constexpr unsigned kNetwork = 20, kAround = 44;
  std::uint64_t bits_ = 0;
};

}  // namespace unspool
