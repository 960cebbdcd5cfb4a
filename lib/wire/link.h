// What stands in front of IP: link layers, VLAN tags, labels, PPPoE.
#pragma once

#include <cstdint>

#include "base/cursor.h"
#include "wire/vlan.h"

namespace unspool::wire {

/// Numbers of the IEEE 802 registry.
struct EtherType {
  static constexpr std::uint16_t ip4 = 0x0800, arp = 0x0806, ip6 = 0x86dd;
  static constexpr std::uint16_t vlan = 0x8100, service_vlan = 0x88a8, old_service_vlan = 0x9100;
  static constexpr std::uint16_t mpls = 0x8847, mpls_multicast = 0x8848, pppoe = 0x8864, ppp = 0x880b;
  static constexpr std::uint16_t ethernet = 0x6558;  // a whole Ethernet frame, as tunnels carry it
};

struct LinkHeader {
  enum class Verdict : std::uint8_t { ok, truncated, too_deep, not_ip, unknown };
  Verdict verdict = Verdict::unknown;
  std::uint16_t ethertype = 0;  // of what follows
};

constexpr std::size_t kEthernetHeader = 14;
/// Whether IPv4 stands right behind an Ethernet header, as in most frames: read_link() would say the same.
inline bool is_plain_ip4(std::uint16_t link_type, Bytes frame) {
  constexpr std::uint16_t kEthernet = 1;
  const Fixed<kEthernetHeader> header{frame};
  return link_type == kEthernet && header && header.u16<12>() == EtherType::ip4;
}

/// Reads the link header of `link_type` (a LINKTYPE_ number, tcpdump.org/linktypes.html) and what stands between it and
/// the network layer off `in`; leaves it there. `vlans` is empty before. Where a frame carries a frame, the tags are
/// those of the innermost one.
LinkHeader read_link(std::uint16_t link_type, Cursor& in, VlanStack& vlans);

/// The same behind a header that names `ethertype`.
LinkHeader read_ethertype(std::uint16_t ethertype, Cursor& in, VlanStack& vlans);

}  // namespace unspool::wire
