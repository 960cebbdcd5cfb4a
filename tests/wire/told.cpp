#include "told.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/datagram_check.h"
#include "wire/checksum.h"

namespace unspool::test {
namespace {

using wire::Kind;

std::string quoted(Bytes bytes, std::uint32_t missing) {
  std::string text = "\"";
  for (const char c : as_text(bytes)) {
    if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", c & 0xff);
    }
  }
  text += '"';
  if (missing > 0) text += fmt::format("+{}", missing);
  return text;
}

std::string vlans(VlanStack stack) {
  std::string text;
  for (unsigned i = 0; i < stack.size(); ++i) text += fmt::format("{}{}", i == 0 ? "[" : ",", stack[i]);
  return text.empty() ? text : text + "] ";
}

std::string tunnels(TunnelStack stack) {
  std::string text;
  for (unsigned i = 0; i < stack.size(); ++i) text += fmt::format("{}{}", i == 0 ? "{" : ",", name(stack[i]));
  if (const auto network = stack.network()) text += fmt::format(":{}", *network);
  return text.empty() ? text : text + "} ";
}

std::string flags(const wire::Segment& segment) {
  std::string text;
  for (unsigned bit = 0; bit < 6; ++bit) {
    if (segment.has(static_cast<std::uint8_t>(1U << bit))) text += "FSRPAU"[bit];
  }
  return text.empty() ? "-" : text;
}

std::string with_ports(const wire::Datagram& d) {
  return fmt::format("{}:{} > {}:{}", to_string(d.source), d.source_port, to_string(d.destination), d.destination_port);
}

std::string without_ports(const wire::Datagram& d) {
  return fmt::format("{} > {}", to_string(d.source), to_string(d.destination));
}

std::string told_kind(const wire::Datagram& d) {
  switch (d.kind) {
    case Kind::tcp:
      return fmt::format("tcp {} {} {} {}", with_ports(d), flags(d.tcp), d.tcp.seq,
                         quoted(d.tcp.payload, d.tcp.missing));
    case Kind::udp: return fmt::format("udp {} {}", with_ports(d), quoted(d.payload, d.missing));
    case Kind::icmp: return fmt::format("icmp {} {}", without_ports(d), quoted(d.payload, d.missing));
    case Kind::arp: return fmt::format("arp {} bytes", d.payload.size());
    case Kind::fragment:
      return fmt::format("fragment {} {} #{} {}{} {}", without_ports(d), d.protocol, d.fragment.id, d.fragment.offset,
                         d.fragment.more ? ".." : "", quoted(d.payload, d.missing));
    case Kind::transport:
      return fmt::format("transport {} {} {}", without_ports(d), d.protocol, quoted(d.payload, d.missing));
    case Kind::network: return "network";
    case Kind::truncated: return "truncated";
    case Kind::malformed: return "malformed";
    case Kind::too_deep: return "too_deep";
    case Kind::link: return "link";
  }
  return {};
}

}  // namespace

std::string told(const wire::Datagram& datagram) {
  return tunnels(datagram.tunnels) + vlans(datagram.vlans) + told_kind(datagram);
}

std::string told(const Frame& frame, std::uint32_t not_captured) {
  const std::string bytes = frame.bytes();
  std::string line = told(frame.link_type(), bytes, not_captured);
  decode_copy(frame.link_type(), bytes, static_cast<std::uint32_t>(bytes.size()) + not_captured,
              [&](const wire::Datagram& d, Bytes) { line += wire::wrong_checksum(d) ? ", checksum wrong" : ""; });
  return line;
}

std::string told(std::uint16_t link_type, const std::string& bytes, std::uint32_t not_captured) {
  std::string line;
  const auto wire_length = static_cast<std::uint32_t>(bytes.size()) + not_captured;
  decode_copy(link_type, bytes, wire_length, [&](const wire::Datagram& d, Bytes frame) {
    line = told(d);
    if (const std::string wrong = complaint(d, frame, wire_length); !wrong.empty()) line += ", " + wrong;
  });
  return line;
}

}  // namespace unspool::test
