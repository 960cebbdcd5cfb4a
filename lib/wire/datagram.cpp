#include "wire/datagram.h"

#include <optional>

#include "base/cursor.h"
#include "wire/ip.h"
#include "wire/link.h"
#include "wire/transport.h"
#include "wire/tunnel.h"

namespace unspool::wire {
namespace {

/// What `link` leads to. Nothing stays of the network layer before.
void read_network(const LinkHeader& link, Bytes bytes, std::uint32_t missing, Datagram& out) {
  out.ip_header = {};
  out.transport = {};
  out.source_routed = false;
  switch (link.verdict) {
    case LinkHeader::Verdict::ok: break;
    case LinkHeader::Verdict::truncated: out.kind = Kind::truncated; return;
    case LinkHeader::Verdict::too_deep: out.kind = Kind::too_deep; return;
    case LinkHeader::Verdict::not_ip: out.kind = Kind::network; return;
    case LinkHeader::Verdict::unknown: out.kind = Kind::link; return;
  }
  if (link.ethertype == EtherType::ip4) return decode_ip4(bytes, missing, out);
  if (link.ethertype == EtherType::ip6) return decode_ip6(bytes, missing, out);
  out.kind = link.ethertype == EtherType::arp ? Kind::arp : Kind::network;
  out.payload = bytes;
  out.missing = missing;
}

[[gnu::noinline, gnu::flatten]] void read_any_link(std::uint16_t link_type, Bytes frame, std::uint32_t missing,
                                                   Datagram& out) {
  Cursor in{frame};
  const LinkHeader link = read_link(link_type, in, out.vlans);
  read_network(link, in.rest(), missing, out);
}

/// Whether it is sure enough that a UDP session was a tunnel.
bool confirms_tunnel(Kind kind) {
  switch (kind) {
    case Kind::tcp:
    case Kind::udp:
    case Kind::icmp:
    case Kind::arp:
    case Kind::fragment:
    case Kind::too_deep: return true;
    case Kind::transport:
    case Kind::network:
    case Kind::truncated:
    case Kind::malformed:
    case Kind::link: break;
  }
  return false;
}

/// Goes inward as long as `out` is a tunnel. Where nothing is found inside, the session around stands: a port alone
/// makes no tunnel. Not in its callers: most datagrams are none.
[[gnu::noinline]] void enter_tunnels(Datagram& out) {
  std::optional<Datagram> around;  // the innermost UDP session so far
  while (may_be_tunnel(out)) {
    Cursor in{out.payload};
    VlanStack vlans = out.vlans;
    const TunnelHeader tunnel = read_tunnel(out, in, vlans);
    if (tunnel.inner.verdict == LinkHeader::Verdict::not_ip) break;
    if (out.kind == Kind::udp) {
      if (tunnel.inner.verdict == LinkHeader::Verdict::truncated) break;
      around = out;
    }
    if (!out.tunnels.push(tunnel.kind, tunnel.network)) {
      out.kind = Kind::too_deep;
      return;
    }
    out.vlans = vlans;
    read_network(tunnel.inner, in.rest(), out.missing, out);
  }
  if (around && !confirms_tunnel(out.kind)) out = *around;
}

}  // namespace

/// Most frames pass one function each of link, IP and transport: all in one piece, they cost less than their calls.
[[gnu::flatten]] void decode(std::uint16_t link_type, Bytes frame, std::uint32_t wire_length, Datagram& out) {
  const auto missing = static_cast<std::uint32_t>(wire_length > frame.size() ? wire_length - frame.size() : 0);
  out.vlans = {};
  out.tunnels = {};
  if (is_plain_ip4(link_type, frame)) {
    read_network({LinkHeader::Verdict::ok, EtherType::ip4}, frame.subspan(kEthernetHeader), missing, out);
  } else {
    read_any_link(link_type, frame, missing, out);
  }
  if (may_be_tunnel(out)) enter_tunnels(out);
}

void decode_transport(Bytes payload, std::uint32_t missing, Datagram& out) {
  read_transport(payload, missing, out);
  if (may_be_tunnel(out)) enter_tunnels(out);
}

}  // namespace unspool::wire
