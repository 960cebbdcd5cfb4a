// Wireless LAN (IEEE 802.11, 9.2 and 9.3.2), and what capturing drivers put in front of it. The check sequence behind a
// frame needs no care: IP says where it ends.
#include "wire/link_readers.h"

namespace unspool::wire {
namespace {

/// Only data that is whole, one packet to a frame, and not encrypted. `padded`: the header is, to whole words.
LinkHeader data_frame(Cursor& in, bool padded) {
  constexpr unsigned kVersion = 0x03, kType = 0x0c, kData = 0x08, kNoData = 0x40, kQos = 0x80;
  constexpr unsigned kToStation = 0x01, kFromStation = 0x02, kMoreFragments = 0x04, kProtected = 0x40, kOrder = 0x80;
  constexpr unsigned kFragment = 0x000f, kAggregate = 0x0080;
  const std::size_t before = in.left();
  const auto control = in.get<std::uint8_t>();
  const auto flags = in.get<std::uint8_t>();
  in.skip(2 + 3 * 6);
  const auto sequence = in.get_le<std::uint16_t>();
  if ((control & (kVersion | kType)) != kData || (control & kNoData) != 0) return not_ip(in);
  if ((flags & (kProtected | kMoreFragments)) != 0 || (sequence & kFragment) != 0) return not_ip(in);
  if ((flags & kToStation) != 0 && (flags & kFromStation) != 0) in.skip(6);
  if ((control & kQos) != 0) {
    if ((in.get_le<std::uint16_t>() & kAggregate) != 0) return not_ip(in);
    if ((flags & kOrder) != 0) in.skip(4);
  }
  if (padded) in.skip((before - in.left()) % 4);  // headers have an even length
  return llc(in);
}

/// A number in the byte order of the machine that captured: small ones, so that the order shows.
std::uint32_t small_number(Cursor& in) {
  const auto number = in.get_le<std::uint32_t>();
  return number > 0xffffU ? __builtin_bswap32(number) : number;
}

constexpr std::uint32_t kAvs = 0x80211000;  // with a version in its last four bits

}  // namespace

LinkHeader ieee80211(Cursor& in) { return data_frame(in, false); }

/// radiotap.org: fields in the order of the bits that announce them, each at its own alignment.
LinkHeader radiotap(Cursor& in) {
  constexpr std::uint32_t kTimer = 1U << 0U, kFlags = 1U << 1U, kMoreWords = 1U << 31U;
  constexpr unsigned kPadded = 0x20, kBad = 0x40;
  const Bytes all = in.rest();
  in.skip(2);
  const std::size_t length = in.get_le<std::uint16_t>();
  const auto present = in.get_le<std::uint32_t>();
  for (auto word = present; (word & kMoreWords) != 0;) word = in.get_le<std::uint32_t>();
  if ((present & kTimer) != 0) in.skip((all.size() - in.left()) % 8 + 8);
  const unsigned flags = (present & kFlags) != 0 ? in.get<std::uint8_t>() : 0U;
  const std::size_t read = all.size() - in.left();
  if (!in.ok() || (flags & kBad) != 0 || length < read) return not_ip(in);
  in.skip(length - read);
  return data_frame(in, (flags & kPadded) != 0);
}

/// The header of the wlan-ng drivers, in whose place AVS's may stand.
LinkHeader prism(Cursor& in) {
  Cursor front = in;
  if ((front.get<std::uint32_t>() & ~0xfU) == kAvs) return avs(in);
  const std::size_t length = small_number(front);
  if (!front.ok() || length < 8) return not_ip(front);
  in.skip(length);
  return data_frame(in, false);
}

LinkHeader avs(Cursor& in) {
  const auto version = in.get<std::uint32_t>();
  const std::size_t length = in.get<std::uint32_t>();
  if (!in.ok() || (version & ~0xfU) != kAvs || length < 8) return not_ip(in);
  in.skip(length - 8);
  return data_frame(in, false);
}

}  // namespace unspool::wire
