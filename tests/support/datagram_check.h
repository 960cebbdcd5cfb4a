// What holds of every decoded frame, whatever bytes it was made of: for tests and for the fuzzer.
#pragma once

#include <string>

#include "wire/datagram.h"

namespace unspool::test {

/// Empty views may lie anywhere.
inline bool lies_inside(Bytes view, Bytes whole) {
  return view.empty() || (view.data() >= whole.data() && view.data() + view.size() <= whole.data() + whole.size());
}

inline std::string tcp_complaint(const wire::Datagram& d, std::size_t not_captured) {
  if (!lies_inside(d.tcp.options, d.transport)) return "options leave the header";
  if (!lies_inside(d.tcp.payload, d.transport)) return "payload leaves the segment";
  if (d.tcp.options.size() > 40 || d.tcp.options.size() % 4 != 0) return "options have an odd size";
  if (20 + d.tcp.options.size() + d.tcp.payload.size() != d.transport.size())
    return "transport is not header and payload";
  return d.tcp.missing > not_captured ? "more is missing than the wire had" : "";
}

/// What is wrong with `d`, which `frame`, `wire_length` bytes on the wire, was decoded to; empty when nothing is. Looks
/// at what `d.kind` names, as users do.
inline std::string complaint(const wire::Datagram& d, Bytes frame, std::uint32_t wire_length) {
  using wire::Kind;
  const std::size_t not_captured = wire_length > frame.size() ? wire_length - frame.size() : 0;
  if (!lies_inside(d.ip_header, frame)) return "ip_header leaves the frame";
  if (!lies_inside(d.transport, frame)) return "transport leaves the frame";
  if (!d.ip_header.empty() && (d.ip_header.size() < 20 || d.ip_header.size() > 60)) return "ip_header has an odd size";
  switch (d.kind) {
    case Kind::tcp: return tcp_complaint(d, not_captured);
    case Kind::udp:
      if (8 + d.payload.size() != d.transport.size()) return "transport is not header and payload";
      [[fallthrough]];
    case Kind::icmp:
    case Kind::arp:
    case Kind::fragment:
    case Kind::transport:
      if (!lies_inside(d.payload, frame)) return "payload leaves the frame";
      return d.missing > not_captured ? "more is missing than the wire had" : "";
    case Kind::network:
    case Kind::truncated:
    case Kind::malformed:
    case Kind::too_deep:
    case Kind::link: break;
  }
  return {};
}

}  // namespace unspool::test
