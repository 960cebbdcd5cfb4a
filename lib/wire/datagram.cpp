#include "wire/datagram.h"

#include <algorithm>

#include "base/cursor.h"
#include "wire/ip.h"
#include "wire/link.h"

namespace unspool::wire {
namespace {

constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmp6 = 58;

void decode_tcp(Bytes bytes, std::uint32_t missing, Datagram& out) {
  constexpr std::size_t kShortest = 20;
  TcpPorts ports;
  if (!read_tcp(bytes, missing, ports, out.tcp)) {
    out.kind = missing > 0 || bytes.size() < kShortest ? Kind::truncated : Kind::malformed;
    return;
  }
  out.kind = Kind::tcp;
  out.source_port = ports.source;
  out.destination_port = ports.destination;
  out.transport = bytes;
}

/// RFC 768; a length of 0 is a jumbogram's (RFC 2675, 4), and one beyond the datagram's end counts as what there is.
void decode_udp(Bytes bytes, std::uint32_t missing, Datagram& out) {
  constexpr std::size_t kHeader = 8;
  Cursor in{bytes};
  out.source_port = in.get<std::uint16_t>();
  out.destination_port = in.get<std::uint16_t>();
  const std::size_t length = in.get<std::uint16_t>();
  in.skip(2);
  out.kind = Kind::truncated;
  if (!in.ok()) return;
  out.kind = Kind::malformed;
  if (length != 0 && length < kHeader) return;
  out.kind = Kind::udp;
  out.payload = in.rest();
  out.missing = missing;
  out.transport = bytes;
  if (length == 0 || length - kHeader >= out.payload.size() + missing) return;
  const std::size_t claimed = length - kHeader;
  out.missing = claimed > out.payload.size() ? static_cast<std::uint32_t>(claimed - out.payload.size()) : 0;
  out.payload = out.payload.first(std::min(claimed, out.payload.size()));
  out.transport = bytes.first(kHeader + out.payload.size());
}

}  // namespace

void decode_transport(Bytes payload, std::uint32_t missing, Datagram& out) {
  switch (out.protocol) {
    case kTcp: return decode_tcp(payload, missing, out);
    case kUdp: return decode_udp(payload, missing, out);
    default: break;
  }
  if (is_ip6_extension(out.protocol) && out.ip_header.empty()) return decode_ip6_payload(payload, missing, out);
  out.kind = out.protocol == kIcmp || out.protocol == kIcmp6 ? Kind::icmp : Kind::transport;
  out.payload = payload;
  out.missing = missing;
}

void decode(std::uint16_t link_type, Bytes frame, std::uint32_t wire_length, Datagram& out) {
  const auto missing = static_cast<std::uint32_t>(wire_length > frame.size() ? wire_length - frame.size() : 0);
  Cursor in{frame};
  out.vlans = {};
  out.ip_header = {};
  out.transport = {};
  out.source_routed = false;
  const LinkHeader link = read_link(link_type, in, out.vlans);
  switch (link.verdict) {
    case LinkHeader::Verdict::ok: break;
    case LinkHeader::Verdict::truncated: out.kind = Kind::truncated; return;
    case LinkHeader::Verdict::too_deep: out.kind = Kind::too_deep; return;
    case LinkHeader::Verdict::not_ip: out.kind = Kind::network; return;
    case LinkHeader::Verdict::unknown: out.kind = Kind::link; return;
  }
  if (link.ethertype == EtherType::ip4) return decode_ip4(in.rest(), missing, out);
  if (link.ethertype == EtherType::ip6) return decode_ip6(in.rest(), missing, out);
  out.kind = link.ethertype == EtherType::arp ? Kind::arp : Kind::network;
  out.payload = in.rest();
  out.missing = missing;
}

}  // namespace unspool::wire
