// What a frame is decoded to, as a line that a person can read.
#pragma once

#include <string>

#include "support/frame.h"
#include "wire/datagram.h"

namespace unspool::test {

/// "[5,6] tcp 10.0.0.1:49152 > 10.0.0.2:80 SA 1 "GET"+3": VLANs, kind, from, to, TCP flags and sequence number,
/// payload, and what is missing behind it. Tunnels stand in front, with the innermost virtual network: "{gre,vxlan:7}
/// tcp ...". Fragments: "fragment 10.0.0.1 > 10.0.0.2 17 #7 8.. "AAA"": protocol,
/// identification, offset, and
/// ".." when more follow. Where nothing was found but a kind, that alone.
std::string told(const wire::Datagram& datagram);

/// The same of a frame; checks its views, and that the checksums are right. `not_captured` bytes more were on the wire.
std::string told(const Frame& frame, std::uint32_t not_captured = 0);
/// The same of bytes with a link type, whatever their checksums.
std::string told(std::uint16_t link_type, const std::string& bytes, std::uint32_t not_captured = 0);

/// Decodes a copy in memory of just that size, so that sanitizers see every step over its end; `use` sees what came of
/// it.
template <class Use>
void decode_copy(std::uint16_t link_type, std::string_view bytes, std::uint32_t wire_length, const Use& use) {
  const std::vector<char> copy{bytes.begin(), bytes.end()};
  const Bytes frame = std::as_bytes(std::span(copy));
  wire::Datagram datagram;
  wire::decode(link_type, frame, wire_length, datagram);
  use(datagram, frame);
}

}  // namespace unspool::test
