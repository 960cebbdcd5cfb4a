#include "wire/transport.h"

#include <algorithm>

#include "base/cursor.h"
#include "wire/ip.h"

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
  const Fixed<kHeader> fixed{bytes};
  out.kind = Kind::truncated;
  if (!fixed) return;
  out.source_port = fixed.u16<0>();
  out.destination_port = fixed.u16<2>();
  const std::size_t length = fixed.u16<4>();
  out.kind = Kind::malformed;
  if (length != 0 && length < kHeader) return;
  out.kind = Kind::udp;
  out.payload = bytes.subspan(kHeader);
  out.missing = missing;
  out.transport = bytes;
  if (length == 0 || length - kHeader >= out.payload.size() + missing) return;
  const std::size_t claimed = length - kHeader;
  out.missing = claimed > out.payload.size() ? static_cast<std::uint32_t>(claimed - out.payload.size()) : 0;
  out.payload = out.payload.first(std::min(claimed, out.payload.size()));
  out.transport = bytes.first(kHeader + out.payload.size());
}

}  // namespace

void read_transport(Bytes payload, std::uint32_t missing, Datagram& out) {
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

}  // namespace unspool::wire
