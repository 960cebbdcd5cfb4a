// The Internet checksum (RFC 1071), and whether a datagram's are right. Runs on every packet, at tens of gigabytes a
// second.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "base/bytes.h"
#include "wire/datagram.h"

namespace unspool::wire {

/// The checksum of `pieces` as if they were joined, each of any length: what the field of a header holds whose own
/// value counted as 0. 0 for bytes that hold their checksum already, and it is right.
std::uint16_t internet_checksum(std::initializer_list<Bytes> pieces);

/// Whether the checksum of the IPv4 header, TCP or UDP is wrong. Of a datagram that decode() or decode_transport()
/// filled and whose frame is still there; any other kind has at most its IPv4 header judged. TCP and UDP are judged
/// only when nothing of them is missing, and not where a source route still leads to an address that the headers do not
/// name as the destination. A UDP checksum of 0 is none in IPv4 (RFC 768), and wrong in IPv6 (RFC 8200, 8.1). On the
/// host that sends, wrong ones are normal: the card fills them in later.
bool wrong_checksum(const Datagram& datagram);

}  // namespace unspool::wire
