// What stands in front of IP: link layers and VLAN tags.
#pragma once

#include <cstdint>

#include "base/cursor.h"
#include "wire/vlan.h"

namespace unspool::wire {

/// Numbers of the IEEE 802 registry.
struct EtherType {
  static constexpr std::uint16_t ip4 = 0x0800, arp = 0x0806, ip6 = 0x86dd;
  static constexpr std::uint16_t vlan = 0x8100, service_vlan = 0x88a8, old_service_vlan = 0x9100;
};

struct LinkHeader {
  enum class Verdict : std::uint8_t { ok, truncated, too_deep, not_ip, unknown };
  Verdict verdict = Verdict::unknown;
  std::uint16_t ethertype = 0;  // of what follows
};

/// Reads the link header of `link_type` (a LINKTYPE_ number, tcpdump.org/linktypes.html) and the VLAN tags behind it off `in`;
/// leaves it at the network layer. `vlans` is empty before.
LinkHeader read_link(std::uint16_t link_type, Cursor& in, VlanStack& vlans);

}  // namespace unspool::wire
