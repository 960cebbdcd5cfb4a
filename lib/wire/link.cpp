#include "wire/link.h"

#include <algorithm>
#include <array>

#include "wire/datagram.h"
#include "wire/link_readers.h"

namespace unspool::wire {
namespace {

using Verdict = LinkHeader::Verdict;

/// IEEE 802.3, 3.2.6: numbers up to 1500 are the length of an LLC frame.
LinkHeader type_or_length(Cursor& in, std::uint16_t number) {
  constexpr std::uint16_t kLongest = 1500;
  return number > kLongest || !in.ok() ? found(in, number) : llc(in);
}

LinkHeader ethernet(Cursor& in) {
  const Fixed<14> header{in.take(14)};
  if (!header) return {Verdict::truncated, 0};
  return type_or_length(in, header.u16<12>());
}

/// The version stands in the first half octet of IP itself.
LinkHeader raw_ip(Cursor& in) {
  if (in.left() == 0) return {Verdict::truncated, 0};
  switch (std::to_integer<unsigned>(in.rest()[0]) >> 4U) {
    case 4: return {Verdict::ok, EtherType::ip4};
    case 6: return {Verdict::ok, EtherType::ip6};
  }
  return {Verdict::not_ip, 0};
}
LinkHeader raw_ip4(Cursor&) { return {Verdict::ok, EtherType::ip4}; }
LinkHeader raw_ip6(Cursor&) { return {Verdict::ok, EtherType::ip6}; }

/// An address family of BSD or Linux; IPv6 has a number for each system.
LinkHeader family(const Cursor& in, std::uint32_t number) {
  switch (number) {
    case 2: return found(in, EtherType::ip4);
    case 10:
    case 24:
    case 28:
    case 30: return found(in, EtherType::ip6);
  }
  return not_ip(in);
}

/// In the byte order of the machine that captured: families are small, so the order shows.
LinkHeader bsd_null(Cursor& in) {
  const auto number = in.get<std::uint32_t>();
  return family(in, number > 0xffffU ? __builtin_bswap32(number) : number);
}
LinkHeader bsd_loop(Cursor& in) { return family(in, in.get<std::uint32_t>()); }

/// Linux has numbers of its own among the lengths.
LinkHeader cooked(Cursor& in, std::uint16_t protocol) {
  constexpr std::uint16_t kLlc = 4;
  return protocol == kLlc ? llc(in) : found(in, protocol);
}
LinkHeader linux_cooked(Cursor& in) {
  in.skip(14);
  return cooked(in, in.get<std::uint16_t>());
}
LinkHeader linux_cooked2(Cursor& in) {
  const auto protocol = in.get<std::uint16_t>();
  in.skip(18);
  return cooked(in, protocol);
}

/// netfilter's log: attributes of which one is the packet, in the byte order of the machine that captured. Types of
/// attributes are small, so the order shows.
LinkHeader nflog(Cursor& in) {
  constexpr std::uint16_t kPacket = 9;
  constexpr int kMostAttributes = 32;
  const auto family_number = in.get<std::uint8_t>();
  in.skip(3);
  for (int i = 0; i < kMostAttributes; ++i) {
    auto length = in.get_le<std::uint16_t>();
    auto type = in.get_le<std::uint16_t>();
    if (type > 0xffU) {
      length = __builtin_bswap16(length);
      type = __builtin_bswap16(type);
    }
    if (type == kPacket) return family(in, family_number);
    if (!in.ok() || length < 4) return not_ip(in);
    in.skip((length - 1U) / 4 * 4);  // without its own first four bytes, up to a multiple of four
  }
  return {Verdict::too_deep, 0};
}

struct LinkType {
  std::uint16_t number;
  LinkHeader (*read)(Cursor& in);
};

constexpr std::array kLinkTypes{
    LinkType{0, bsd_null},              // NULL
    LinkType{1, ethernet},              // ETHERNET
    LinkType{9, ppp},                   // PPP
    LinkType{12, raw_ip},               // DLT_RAW of most systems
    LinkType{14, raw_ip},               // DLT_RAW of OpenBSD
    LinkType{50, ppp_hdlc},             // PPP_HDLC
    LinkType{51, pppoe},                // PPP_ETHER
    LinkType{101, raw_ip},              // RAW
    LinkType{104, cisco_hdlc},          // C_HDLC
    LinkType{105, ieee80211},           // IEEE802_11
    LinkType{108, bsd_loop},            // LOOP
    LinkType{113, linux_cooked},        // LINUX_SLL
    LinkType{119, prism},               // IEEE802_11_PRISM
    LinkType{127, radiotap},            // IEEE802_11_RADIOTAP
    LinkType{163, avs},                 // IEEE802_11_AVS
    LinkType{204, ppp_with_direction},  // PPP_WITH_DIR
    LinkType{228, raw_ip4},             // IPV4
    LinkType{229, raw_ip6},             // IPV6
    LinkType{239, nflog},               // NFLOG
    LinkType{276, linux_cooked2},       // LINUX_SLL2
};

const LinkType* find(std::uint16_t number) {
  const auto row =
      std::find_if(kLinkTypes.begin(), kLinkTypes.end(), [=](const LinkType& t) { return t.number == number; });
  return row == kLinkTypes.end() ? nullptr : &*row;
}

/// IEEE 802.1Q, 9.6.
LinkHeader vlan_tag(Cursor& in, VlanStack& vlans) {
  const auto tag = in.get<std::uint16_t>();
  const auto ethertype = in.get<std::uint16_t>();
  if (!vlans.push(tag & 0x0fffU)) return {Verdict::too_deep, 0};
  return type_or_length(in, ethertype);
}

LinkHeader inner_ethernet(Cursor& in, VlanStack& vlans) {
  vlans = {};
  return ethernet(in);
}

bool looks_like_ethernet(Cursor in) {
  in.skip(12);
  switch (in.get<std::uint16_t>()) {
    case EtherType::ip4:
    case EtherType::arp:
    case EtherType::ip6:
    case EtherType::vlan:
    case EtherType::service_vlan:
    case EtherType::mpls:
    case EtherType::pppoe: return true;
  }
  return false;
}

/// RFC 3032: nothing says what is behind the labels. IP shows its version; what else looks like Ethernet is a
/// pseudowire, with or without a control word (RFC 4448, 4.6).
LinkHeader mpls(Cursor& in, VlanStack& vlans) {
  constexpr int kMostLabels = 16;
  constexpr std::uint32_t kBottom = 0x100;
  constexpr std::size_t kWord = 4, kEthernetHeader = 14;
  for (int labels = 0;; ++labels) {
    if (labels == kMostLabels) return {Verdict::too_deep, 0};
    const auto entry = in.get<std::uint32_t>();
    if (!in.ok()) return {Verdict::truncated, 0};
    if ((entry & kBottom) != 0) break;
  }
  if (const LinkHeader ip = raw_ip(in); ip.verdict != Verdict::not_ip) return ip;
  Cursor behind_word = in;
  const auto word = behind_word.get<std::uint32_t>();
  if (word >> 28U == 0 && looks_like_ethernet(behind_word)) {
    in = behind_word;
    return inner_ethernet(in, vlans);
  }
  if (looks_like_ethernet(in)) return inner_ethernet(in, vlans);
  return {in.left() < kWord + kEthernetHeader ? Verdict::truncated : Verdict::not_ip, 0};
}

/// Goes on behind `header` to the network layer. Not in its callers: most frames have nothing in between.
[[gnu::noinline]] LinkHeader take_off(LinkHeader header, Cursor& in, VlanStack& vlans) {
  constexpr int kMostLayers = 12;
  for (int layers = 0; header.verdict == Verdict::ok; ++layers) {
    if (layers == kMostLayers) return {Verdict::too_deep, 0};
    switch (header.ethertype) {
      case EtherType::vlan:
      case EtherType::service_vlan:
      case EtherType::old_service_vlan: header = vlan_tag(in, vlans); break;
      case EtherType::mpls:
      case EtherType::mpls_multicast: header = mpls(in, vlans); break;
      case EtherType::ethernet: header = inner_ethernet(in, vlans); break;
      case EtherType::pppoe: header = pppoe(in); break;
      case EtherType::ppp: header = ppp(in); break;
      default: return header;
    }
  }
  return header;
}

LinkHeader to_network(LinkHeader header, Cursor& in, VlanStack& vlans) {
  if (header.ethertype == EtherType::ip4 || header.ethertype == EtherType::ip6) return header;
  return take_off(header, in, vlans);
}

}  // namespace

/// IEEE 802.2 with SNAP (RFC 1042; 802.1H).
LinkHeader llc(Cursor& in) {
  constexpr std::uint32_t kSnap = 0xaaaa03, kUnnumbered = 0x000000, kBridged = 0x0000f8;
  const std::uint32_t service = std::uint32_t{in.get<std::uint16_t>()} << 8U | in.get<std::uint8_t>();
  if (!in.ok() || service != kSnap) return not_ip(in);
  const std::uint32_t organization = std::uint32_t{in.get<std::uint16_t>()} << 8U | in.get<std::uint8_t>();
  const auto ethertype = in.get<std::uint16_t>();
  return organization == kUnnumbered || organization == kBridged ? found(in, ethertype) : not_ip(in);
}

LinkHeader read_link(std::uint16_t link_type, Cursor& in, VlanStack& vlans) {
  constexpr std::uint16_t kEthernet = 1;
  if (link_type == kEthernet) return to_network(ethernet(in), in, vlans);
  const LinkType* type = find(link_type);
  return type == nullptr ? LinkHeader{} : to_network(type->read(in), in, vlans);
}

LinkHeader read_ethertype(std::uint16_t ethertype, Cursor& in, VlanStack& vlans) {
  return to_network(found(in, ethertype), in, vlans);
}

bool knows_link_type(std::uint16_t link_type) { return find(link_type) != nullptr; }

}  // namespace unspool::wire
