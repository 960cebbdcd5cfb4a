#include "wire/link.h"

#include <algorithm>
#include <array>

#include "wire/datagram.h"

namespace unspool::wire {
namespace {

using Verdict = LinkHeader::Verdict;

constexpr std::uint16_t kSmallestEtherType = 0x0600;  // below, the field is an 802.3 length

LinkHeader found(const Cursor& in, std::uint16_t ethertype) {
  if (!in.ok()) return {Verdict::truncated, 0};
  return {ethertype < kSmallestEtherType ? Verdict::not_ip : Verdict::ok, ethertype};
}

LinkHeader ethernet(Cursor& in) {
  in.skip(12);
  const auto ethertype = in.get<std::uint16_t>();
  return found(in, ethertype);
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
  return {in.ok() ? Verdict::not_ip : Verdict::truncated, 0};
}

/// In the byte order of the machine that captured: families are small, so the order shows.
LinkHeader bsd_null(Cursor& in) {
  const auto number = in.get<std::uint32_t>();
  return family(in, number > 0xffffU ? __builtin_bswap32(number) : number);
}
LinkHeader bsd_loop(Cursor& in) { return family(in, in.get<std::uint32_t>()); }

LinkHeader linux_cooked(Cursor& in) {
  in.skip(14);
  const auto protocol = in.get<std::uint16_t>();
  return found(in, protocol);
}
LinkHeader linux_cooked2(Cursor& in) {
  const auto protocol = in.get<std::uint16_t>();
  in.skip(18);
  return found(in, protocol);
}

struct LinkType {
  std::uint16_t number;
  LinkHeader (*read)(Cursor& in);
};

constexpr std::array kLinkTypes{
    LinkType{0, bsd_null},         // NULL
    LinkType{1, ethernet},         // ETHERNET
    LinkType{12, raw_ip},          // DLT_RAW of most systems
    LinkType{14, raw_ip},          // DLT_RAW of OpenBSD
    LinkType{101, raw_ip},         // RAW
    LinkType{108, bsd_loop},       // LOOP
    LinkType{113, linux_cooked},   // LINUX_SLL
    LinkType{228, raw_ip4},        // IPV4
    LinkType{229, raw_ip6},        // IPV6
    LinkType{276, linux_cooked2},  // LINUX_SLL2
};

const LinkType* find(std::uint16_t number) {
  const auto row = std::find_if(kLinkTypes.begin(), kLinkTypes.end(), [=](const LinkType& t) { return t.number == number; });
  return row == kLinkTypes.end() ? nullptr : &*row;
}

constexpr bool is_vlan(std::uint16_t ethertype) {
  return ethertype == EtherType::vlan || ethertype == EtherType::service_vlan || ethertype == EtherType::old_service_vlan;
}

}  // namespace

LinkHeader read_link(std::uint16_t link_type, Cursor& in, VlanStack& vlans) {
  constexpr std::uint16_t kEthernet = 1;
  LinkHeader header;
  if (link_type == kEthernet) {
    header = ethernet(in);
  } else if (const LinkType* type = find(link_type)) {
    header = type->read(in);
  }
  while (header.verdict == Verdict::ok && is_vlan(header.ethertype)) {  // IEEE 802.1Q, 9.6
    const auto tag = in.get<std::uint16_t>();
    const auto ethertype = in.get<std::uint16_t>();
    header = found(in, ethertype);
    if (!vlans.push(tag & 0x0fffU)) return {Verdict::too_deep, 0};
  }
  return header;
}

bool knows_link_type(std::uint16_t link_type) { return find(link_type) != nullptr; }

}  // namespace unspool::wire
