#include "wire/tunnel.h"

#include <algorithm>
#include <array>

namespace unspool::wire {
namespace {

using Verdict = LinkHeader::Verdict;

constexpr std::uint16_t kRawIp = 101;  // LINKTYPE_RAW
constexpr LinkHeader kNoTunnel{.verdict = Verdict::not_ip};
constexpr LinkHeader kTruncated{.verdict = Verdict::truncated};

bool is_over_ip4(const Datagram& outer) { return !outer.ip_header.empty(); }

/// RFC 2003, RFC 2473.
TunnelHeader ip4(const Datagram& outer, Cursor&, VlanStack&) {
  return {.inner = {Verdict::ok, EtherType::ip4}, .kind = is_over_ip4(outer) ? Tunnel::ipip : Tunnel::ip4in6};
}
/// RFC 4213, RFC 2473.
TunnelHeader ip6(const Datagram& outer, Cursor&, VlanStack&) {
  return {.inner = {Verdict::ok, EtherType::ip6}, .kind = is_over_ip4(outer) ? Tunnel::ip6in4 : Tunnel::ip6in6};
}
/// RFC 4023, RFC 7510.
TunnelHeader labels(const Datagram&, Cursor& in, VlanStack& vlans) {
  return {.inner = read_ethertype(EtherType::mpls, in, vlans), .kind = Tunnel::mpls};
}

/// draft-foschiano-erspan: type I has no header, type II has one and type III a longer one, behind which
/// another may stand; III may carry IP alone.
TunnelHeader erspan(unsigned type, Cursor& in, VlanStack& vlans) {
  constexpr unsigned kFrameType = 0x7c00, kEthernet = 0, kIp = 2U << 10U, kSubheader = 1;
  TunnelHeader tunnel{.inner = kNoTunnel, .kind = Tunnel::erspan};
  unsigned what = kEthernet;
  if (type > 1) {
    const unsigned version = in.get<std::uint8_t>() >> 4U;
    in.skip(type == 2 ? 7 : 9);
    if (type == 3) {
      const auto flags = in.get<std::uint16_t>();
      if ((flags & kSubheader) != 0) in.skip(8);
      what = flags & kFrameType;
    }
    if (in.ok() && version != type - 1) return tunnel;
  }
  if (what == kEthernet || !in.ok()) tunnel.inner = read_ethertype(EtherType::ethernet, in, vlans);
  if (what == kIp) tunnel.inner = read_link(kRawIp, in, vlans);
  return tunnel;
}

/// RFC 2784 with the fields of RFC 2890; version 1 is that of PPTP (RFC 2637, 4.1), whose packets without a sequence
/// number only acknowledge. Source routes (RFC 1701) are not followed.
TunnelHeader gre(const Datagram&, Cursor& in, VlanStack& vlans) {
  constexpr unsigned kChecksum = 0x8000, kRouting = 0x4000, kKey = 0x2000, kSequence = 0x1000;
  constexpr unsigned kAcknowledgement = 0x0080, kVersion = 0x0007;
  constexpr std::uint16_t kErspan = 0x88be, kErspan3 = 0x22eb;
  TunnelHeader tunnel{.inner = kNoTunnel, .kind = Tunnel::gre};
  const auto flags = in.get<std::uint16_t>();
  const auto type = in.get<std::uint16_t>();
  const unsigned version = flags & kVersion;
  const bool sequence = (flags & kSequence) != 0;
  if (in.ok() && ((flags & kRouting) != 0 || version > 1 || (version == 1 && !sequence))) return tunnel;
  if ((flags & kChecksum) != 0) in.skip(4);
  if ((flags & kKey) != 0) in.skip(4);
  if (sequence) in.skip(4);
  if (version == 1 && (flags & kAcknowledgement) != 0) in.skip(4);
  if (type == kErspan) return erspan(sequence ? 2 : 1, in, vlans);
  if (type == kErspan3) return erspan(3, in, vlans);
  tunnel.inner = read_ethertype(type, in, vlans);
  return tunnel;
}

/// RFC 7348, 5; the group of draft-smith-vxlan-group-policy may stand in reserved bits.
TunnelHeader vxlan(const Datagram&, Cursor& in, VlanStack& vlans) {
  constexpr unsigned kHasNetwork = 0x08, kHasGroup = 0x80;
  const auto flags = in.get<std::uint8_t>();
  in.skip(3);
  const auto network = in.get<std::uint32_t>() >> 8U;
  if (in.ok() && (flags & ~kHasGroup) != kHasNetwork) return {.inner = kNoTunnel};
  return {.inner = read_ethertype(EtherType::ethernet, in, vlans), .kind = Tunnel::vxlan, .network = network};
}

/// RFC 8926, 3.4.
TunnelHeader geneve(const Datagram&, Cursor& in, VlanStack& vlans) {
  constexpr unsigned kReserved = 0x3f, kOptionWords = 0x3f;
  const auto version_and_length = in.get<std::uint8_t>();
  const auto flags = in.get<std::uint8_t>();
  const auto type = in.get<std::uint16_t>();
  const auto network = in.get<std::uint32_t>() >> 8U;
  if (in.ok() && (version_and_length >> 6U != 0 || (flags & kReserved) != 0)) return {.inner = kNoTunnel};
  in.skip((version_and_length & kOptionWords) * 4U);
  return {.inner = read_ethertype(type, in, vlans), .kind = Tunnel::geneve, .network = network};
}

/// 3GPP TS 29.281, 5: version 1, a packet of a user, perhaps with extension headers (5.2.1).
TunnelHeader gtp(const Datagram&, Cursor& in, VlanStack& vlans) {
  constexpr unsigned kVersion1 = 0x30, kVersion = 0xf0, kExtension = 0x04, kOptional = 0x07, kUserPacket = 255;
  constexpr int kMostExtensions = 8;
  const auto flags = in.get<std::uint8_t>();
  const auto type = in.get<std::uint8_t>();
  in.skip(6);
  if (in.ok() && ((flags & kVersion) != kVersion1 || type != kUserPacket)) return {.inner = kNoTunnel};
  if ((flags & kOptional) != 0) in.skip(3);
  unsigned next = (flags & kOptional) != 0 ? in.get<std::uint8_t>() : 0U;
  if ((flags & kExtension) == 0) next = 0;
  for (int i = 0; next != 0 && in.ok(); ++i) {
    const auto words = in.get<std::uint8_t>();
    if (in.ok() && (words == 0 || i == kMostExtensions)) return {.inner = kNoTunnel};
    in.skip(words * std::size_t{4} - 2);
    next = in.get<std::uint8_t>();
  }
  if (!in.ok()) return {.inner = kTruncated};
  return {.inner = read_link(kRawIp, in, vlans), .kind = Tunnel::gtp};
}

/// RFC 4380, 5.1.1: IPv6, in front of which may stand an authentication and then the origin.
TunnelHeader teredo(const Datagram&, Cursor& in, VlanStack& vlans) {
  constexpr std::uint16_t kAuthentication = 1, kOrigin = 0;
  const auto comes = [&](std::uint16_t indicator) { return Cursor{in}.get<std::uint16_t>() == indicator; };
  if (comes(kAuthentication)) {
    in.skip(2);
    const std::size_t identifier = in.get<std::uint8_t>(), value = in.get<std::uint8_t>();
    in.skip(identifier + value + 9);
  }
  if (comes(kOrigin)) in.skip(8);
  if (!in.ok()) return {.inner = kTruncated};
  const LinkHeader ip = read_link(kRawIp, in, vlans);
  return {.inner = ip.ethertype == EtherType::ip4 ? kNoTunnel : ip, .kind = Tunnel::teredo};
}

struct TunnelType {
  std::uint8_t protocol;
  std::uint16_t port;  // of either side; 0: the protocol alone says it
  TunnelHeader (*read)(const Datagram& outer, Cursor& in, VlanStack& vlans);
};

constexpr std::uint8_t kUdp = 17;
constexpr std::array kTunnelTypes{
    TunnelType{4, 0, ip4},         TunnelType{41, 0, ip6},         TunnelType{47, 0, gre},
    TunnelType{137, 0, labels},    TunnelType{kUdp, 2152, gtp},    TunnelType{kUdp, 3544, teredo},
    TunnelType{kUdp, 4789, vxlan}, TunnelType{kUdp, 6081, geneve}, TunnelType{kUdp, 6635, labels},
    TunnelType{kUdp, 8472, vxlan},
};

const TunnelType* find(const Datagram& d) {
  const auto fits = [&](const TunnelType& type) {
    const bool port = type.port == 0 || type.port == d.destination_port || type.port == d.source_port;
    return type.protocol == d.protocol && port;
  };
  const auto row = std::find_if(kTunnelTypes.begin(), kTunnelTypes.end(), fits);
  return row == kTunnelTypes.end() ? nullptr : &*row;
}

}  // namespace

bool names_tunnel(const Datagram& datagram) { return find(datagram) != nullptr; }

TunnelHeader read_tunnel(const Datagram& outer, Cursor& in, VlanStack& vlans) {
  const TunnelType* type = find(outer);
  return type == nullptr ? TunnelHeader{.inner = kNoTunnel} : type->read(outer, in, vlans);
}

}  // namespace unspool::wire
