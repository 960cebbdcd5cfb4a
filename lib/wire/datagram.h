// One captured frame, taken apart down to the payload of the innermost transport. This is the whole face of the wire
// layer to those above; link.h, ip.h, tunnel.h and transport.h are its parts.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "wire/address.h"
#include "wire/tcp.h"
#include "wire/tunnel_stack.h"
#include "wire/vlan.h"

namespace unspool::wire {

enum class Kind : std::uint8_t {
  tcp,        // ports, segment
  udp,        // ports, payload, missing
  icmp,       // payload: the ICMP or ICMPv6 message
  arp,        // payload: the ARP packet (RFC 826)
  fragment,   // fragment, payload: this fragment's bytes
  transport,  // IP, with a transport that is none of these: protocol says which
  network,    // not IP and not ARP (LLDP, STP, what is encrypted ...)
  truncated,  // the capture, or a length in it, ends before a header does
  malformed,  // a header contradicts itself
  too_deep,   // more tags, labels, extension headers or tunnels than are followed
  link,       // a link type that is not known
};

/// One fragment of an IP datagram (RFC 791, 3.2; RFC 8200, 4.5).
struct Fragment {
  std::uint32_t id = 0;
  std::uint16_t offset = 0;  // bytes
  bool more = false;
};

struct Datagram {
  Kind kind = Kind::malformed;
  std::uint8_t protocol = 0;  // IP protocol number, of a fragment too
  IpAddress source, destination;
  std::uint16_t source_port = 0, destination_port = 0;
  VlanStack vlans;      // of the innermost frame: Ethernet in a tunnel begins anew, IP in one changes nothing
  TunnelStack tunnels;  // around the addresses; an error's are those that were found before it
  Segment tcp;
  Bytes payload;              // not of tcp: that is tcp.payload
  std::uint32_t missing = 0;  // bytes behind `payload` that were on the wire and not captured
  Fragment fragment;
  Bytes ip_header;             // of IPv4, options and all; empty for IPv6
  Bytes transport;             // of tcp and udp: header and payload, as far as captured
  bool source_routed = false;  // `destination` is only the next stop of a source route
};

/// Takes apart one frame. `link_type` is a LINKTYPE_ number (tcpdump.org/linktypes.html), `wire_length` the frame's
/// length on the wire, at least `frame.size()`. Ethernet padding is never payload; an IP total length of 0 (offload)
/// means all that was captured. Tunnels are looked into, so that all is of the innermost datagram; a UDP datagram whose
/// port is a tunnel's stands for itself unless TCP, UDP, ICMP, ARP or a fragment is found in it. Fills all that
/// `out.kind` names, the addresses where there are any, and what checksums are judged by; views in it point into
/// `frame`.
void decode(std::uint16_t link_type, Bytes frame, std::uint32_t wire_length, Datagram& out);

/// Takes apart the payload of an IP datagram that was put together from fragments; `out` holds what decode() made of
/// one of them, with the protocol that the first one names. Extension headers of IPv6 may stand in it. Looks into
/// tunnels as decode() does, so that another fragment may be what is found.
void decode_transport(Bytes payload, std::uint32_t missing, Datagram& out);

/// Whether frames of this link type can be taken apart.
bool knows_link_type(std::uint16_t link_type);

}  // namespace unspool::wire
