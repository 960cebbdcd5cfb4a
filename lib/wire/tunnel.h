// Tunnels: what of an IP datagram's payload is a datagram or frame of its own.
#pragma once

#include "wire/datagram.h"
#include "wire/link.h"

namespace unspool::wire {

struct TunnelHeader {
  LinkHeader inner;  // what the tunnel leads to; not_ip: it is none, or carries nothing that is read here
  Tunnel kind = Tunnel::gre;
  std::uint32_t network = 0;  // VNI, of kinds that have one
};

/// Whether protocol or port say that `datagram` may be a tunnel.
bool names_tunnel(const Datagram& datagram);
inline bool may_be_tunnel(const Datagram& datagram) {
  return (datagram.kind == Kind::udp || datagram.kind == Kind::transport) && names_tunnel(datagram);
}

/// Reads the tunnel's header, and what it carries in front of IP, off `in`: the payload of `outer`, for which
/// may_be_tunnel() holds. `vlans` are those of `outer` before, and of the frame that was found after.
TunnelHeader read_tunnel(const Datagram& outer, Cursor& in, VlanStack& vlans);

}  // namespace unspool::wire
