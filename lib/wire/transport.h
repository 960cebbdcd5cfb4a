// What IP carries: TCP, UDP (RFC 768) and ICMP.
#pragma once

#include "wire/datagram.h"

namespace unspool::wire {

/// Reads the transport header, `out.protocol` names it, at the front of an IP datagram's payload; fills what `out.kind`
/// then names. Extension headers of IPv6 may stand in front. Looks into no tunnel.
void read_transport(Bytes payload, std::uint32_t missing, Datagram& out);

}  // namespace unspool::wire
