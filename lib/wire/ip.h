// IPv4 and IPv6 headers (RFC 791, RFC 8200).
#pragma once

#include "wire/datagram.h"

namespace unspool::wire {

/// Read an IP header at the front of `bytes`, of which `missing` more were on the wire; fill `out`, transport and all. Trailing
/// bytes that the header does not count are padding.
void decode_ip4(Bytes bytes, std::uint32_t missing, Datagram& out);
void decode_ip6(Bytes bytes, std::uint32_t missing, Datagram& out);

}  // namespace unspool::wire
