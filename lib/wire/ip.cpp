#include "wire/ip.h"

#include <algorithm>

#include "base/cursor.h"
#include "wire/transport.h"

namespace unspool::wire {
namespace {

struct Protocol {
  static constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment = 44, authentication = 51, destination = 60;
  static constexpr std::uint8_t mobility = 135, host_identity = 139, shim6 = 140;
};
constexpr int kMostExtensions = 12;

/// `body` cut to the `claimed` bytes that the IP header counts; what of them was on the wire and not captured, in
/// `missing`. More than the wire had cannot be missing: the length lies.
Bytes cut(Bytes body, std::size_t claimed, std::uint32_t& missing) {
  if (claimed <= body.size()) {
    missing = 0;
    return body.first(claimed);
  }
  missing = static_cast<std::uint32_t>(std::min<std::size_t>(claimed - body.size(), missing));
  return body;
}

void finish(Bytes payload, std::uint32_t missing, bool is_fragment, Datagram& out) {
  if (!is_fragment) return read_transport(payload, missing, out);
  out.kind = Kind::fragment;
  out.payload = payload;
  out.missing = missing;
}

/// Whether a loose or strict source route among these options of IPv4 is not at its end (RFC 791, 3.1).
bool has_route_ahead(Bytes options) {
  constexpr std::uint8_t kEnd = 0, kNothing = 1, kLooseRoute = 131, kStrictRoute = 137;
  Cursor in{options};
  while (in.left() > 0) {
    const auto kind = in.get<std::uint8_t>();
    if (kind == kEnd) break;
    if (kind == kNothing) continue;
    const auto length = in.get<std::uint8_t>();
    if (length < 2) break;
    Cursor value{in.take(length - 2U)};
    if ((kind == kLooseRoute || kind == kStrictRoute) && value.get<std::uint8_t>() <= length) return value.ok();
  }
  return false;
}

/// Any extension header but the fragment header: its length stands in it.
void read_extension(Cursor& in, Datagram& out) {
  const bool authentication = out.protocol == Protocol::authentication, routing = out.protocol == Protocol::routing;
  out.protocol = in.get<std::uint8_t>();
  const std::size_t words = in.get<std::uint8_t>();
  Cursor body{in.take(authentication ? words * 4 + 6 : words * 8 + 6)};  // RFC 4302, 2.2; RFC 8200, 4.2
  body.skip(1);
  const auto segments_left = body.get<std::uint8_t>();
  if (routing && segments_left > 0) out.source_routed = true;
}

/// The fragment header of RFC 8200, 4.5. An atomic fragment, alone and whole, is none (RFC 6946).
bool read_fragment_header(Cursor& in, Datagram& out) {
  out.protocol = in.get<std::uint8_t>();
  in.skip(1);
  const auto offset = in.get<std::uint16_t>();
  out.fragment = Fragment{.id = in.get<std::uint32_t>(),
                          .offset = static_cast<std::uint16_t>(offset & 0xfff8U),
                          .more = (offset & 1U) != 0};
  return out.fragment.offset != 0 || out.fragment.more;
}

}  // namespace

void decode_ip4(Bytes bytes, std::uint32_t missing, Datagram& out) {
  const auto no_more = [&out](Kind kind) { out.kind = kind; };
  const Fixed<20> fixed{bytes};
  if (!fixed) return no_more(Kind::truncated);
  const auto version_and_length = fixed.u8<0>();
  const auto total = fixed.u16<2>(), fragment = fixed.u16<6>();
  out.protocol = fixed.u8<9>();

  const std::size_t header = (version_and_length & 0xfU) * 4U;
  if (version_and_length >> 4U != 4 || header < 20) return no_more(Kind::malformed);
  out.source = IpAddress::v4(fixed.bytes<12, 4>());
  out.destination = IpAddress::v4(fixed.bytes<16, 4>());
  const std::size_t length = total == 0 ? bytes.size() + missing : total;  // 0: the card cuts it up later (TSO)
  if (length < header) return no_more(Kind::malformed);
  if (bytes.size() < header) return no_more(Kind::truncated);

  out.ip_header = bytes.first(header);
  if (header > 20) out.source_routed = has_route_ahead(out.ip_header.subspan(20));
  const Bytes payload = cut(bytes.subspan(header), length - header, missing);
  const bool is_fragment = (fragment & 0x3fffU) != 0;
  out.fragment = Fragment{.id = fixed.u16<4>(),
                          .offset = static_cast<std::uint16_t>((fragment & 0x1fffU) * 8U),
                          .more = (fragment & 0x2000U) != 0};
  finish(payload, missing, is_fragment, out);
}

void decode_ip6(Bytes bytes, std::uint32_t missing, Datagram& out) {
  constexpr std::size_t kHeader = 40;
  const Fixed<kHeader> fixed{bytes};
  out.kind = Kind::truncated;
  if (!fixed) return;
  out.protocol = fixed.u8<6>();
  out.kind = Kind::malformed;
  if (fixed.u8<0>() >> 4U != 6) return;
  out.source = IpAddress::v6(fixed.bytes<8, 16>());
  out.destination = IpAddress::v6(fixed.bytes<24, 16>());

  // 0: a jumbogram (RFC 2675), or the card cuts it up later (TSO)
  const std::size_t length = fixed.u16<4>();
  const std::size_t claimed = length == 0 ? bytes.size() - kHeader + missing : length;
  const Bytes payload = cut(bytes.subspan(kHeader), claimed, missing);
  if (!is_ip6_extension(out.protocol)) return read_transport(payload, missing, out);
  decode_ip6_payload(payload, missing, out);
}

bool is_ip6_extension(std::uint8_t protocol) {
  return protocol == Protocol::hop_by_hop || protocol == Protocol::routing || protocol == Protocol::fragment ||
         protocol == Protocol::authentication || protocol == Protocol::destination || protocol == Protocol::mobility ||
         protocol == Protocol::host_identity || protocol == Protocol::shim6;
}

void decode_ip6_payload(Bytes bytes, std::uint32_t missing, Datagram& out) {
  Cursor rest{bytes};
  bool is_fragment = false;
  for (int extensions = 0; !is_fragment && is_ip6_extension(out.protocol); ++extensions) {
    if (out.protocol == Protocol::fragment) {
      is_fragment = read_fragment_header(rest, out);
    } else {
      read_extension(rest, out);
    }
    out.kind = Kind::truncated;
    if (!rest.ok()) return;
    out.kind = Kind::too_deep;
    if (extensions == kMostExtensions) return;
  }
  finish(rest.rest(), missing, is_fragment, out);
}

}  // namespace unspool::wire
