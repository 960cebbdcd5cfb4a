// IPv4 and IPv6 headers (RFC 791, RFC 8200).
#pragma once

#include "wire/datagram.h"

namespace unspool::wire {

/// Read an IP header at the front of `bytes`, of which `missing` more were on the wire; fill `out`, transport and all.
/// Trailing bytes that the header does not count are padding.
void decode_ip4(Bytes bytes, std::uint32_t missing, Datagram& out);
void decode_ip6(Bytes bytes, std::uint32_t missing, Datagram& out);

/// Whether this number, where it stands for what follows in IPv6, names an extension header that is read here.
bool is_ip6_extension(std::uint8_t protocol);
/// Reads the extension headers at the front of `bytes`, the first of which `out.protocol` names, and what follows them.
void decode_ip6_payload(Bytes bytes, std::uint32_t missing, Datagram& out);

}  // namespace unspool::wire
