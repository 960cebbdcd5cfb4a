// Readers of link headers that have a file of their own; link.cpp has the table of all. Each takes its header off `in`.
#pragma once

#include "wire/link.h"

namespace unspool::wire {

/// What the header just read says of what follows: `ethertype`, if there was a header to read.
inline LinkHeader found(const Cursor& in, std::uint16_t ethertype) {
  constexpr std::uint16_t kSmallest = 0x0600;  // below, the number is an 802.3 length
  if (!in.ok()) return {LinkHeader::Verdict::truncated, 0};
  return {ethertype < kSmallest ? LinkHeader::Verdict::not_ip : LinkHeader::Verdict::ok, ethertype};
}
/// That what follows is nothing that is read here.
inline LinkHeader not_ip(const Cursor& in) { return found(in, 0); }

LinkHeader llc(Cursor& in);

LinkHeader ppp(Cursor& in);
LinkHeader ppp_hdlc(Cursor& in);
LinkHeader ppp_with_direction(Cursor& in);
LinkHeader pppoe(Cursor& in);
LinkHeader cisco_hdlc(Cursor& in);

LinkHeader ieee80211(Cursor& in);
LinkHeader radiotap(Cursor& in);
LinkHeader prism(Cursor& in);
LinkHeader avs(Cursor& in);

}  // namespace unspool::wire
