// PPP, in all that it is framed by.
#include <algorithm>

#include "wire/link_readers.h"

namespace unspool::wire {
namespace {

/// RFC 1661, 2: a number of two octets, or the second alone, which is odd.
LinkHeader protocol(Cursor& in) {
  unsigned number = in.get<std::uint8_t>();
  if (number % 2 == 0) number = number << 8U | in.get<std::uint8_t>();
  switch (number) {
    case 0x0021: return found(in, EtherType::ip4);
    case 0x0057: return found(in, EtherType::ip6);
    case 0x0281: return found(in, EtherType::mpls);
  }
  return not_ip(in);
}

unsigned first_octet(const Cursor& in) { return in.left() == 0 ? 0U : std::to_integer<unsigned>(in.rest()[0]); }

}  // namespace

/// RFC 1662, 3.1: address and control may be left out.
LinkHeader ppp(Cursor& in) {
  constexpr unsigned kAllStations = 0xff;
  if (first_octet(in) == kAllStations) in.skip(2);
  return protocol(in);
}

LinkHeader ppp_hdlc(Cursor& in) {
  constexpr unsigned kCiscoUnicast = 0x0f, kCiscoBroadcast = 0x8f;
  const unsigned address = first_octet(in);
  return address == kCiscoUnicast || address == kCiscoBroadcast ? cisco_hdlc(in) : ppp(in);
}

LinkHeader ppp_with_direction(Cursor& in) {
  in.skip(1);
  return ppp(in);
}

/// RFC 2516, 4. Its length is believed before that of IP: access concentrators are seen to count padding into the
/// latter.
LinkHeader pppoe(Cursor& in) {
  constexpr unsigned kVersionAndType = 0x11, kSession = 0;
  const auto version = in.get<std::uint8_t>();
  const auto code = in.get<std::uint8_t>();
  in.skip(2);
  const std::size_t length = in.get<std::uint16_t>();
  if (!in.ok() || version != kVersionAndType || code != kSession) return not_ip(in);
  in = Cursor{in.rest().first(std::min(length, in.left()))};
  return protocol(in);
}

LinkHeader cisco_hdlc(Cursor& in) {
  in.skip(2);
  const auto ethertype = in.get<std::uint16_t>();
  return found(in, ethertype);
}

}  // namespace unspool::wire
