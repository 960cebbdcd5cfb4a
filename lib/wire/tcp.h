// TCP segments as they stand on the wire (RFC 9293, 3.1).
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace unspool::wire {

struct TcpFlags {
  static constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10, urg = 0x20;
};

/// One TCP segment. `payload` is what was captured of it; `missing` counts its bytes that were on the wire behind
/// `payload` and not captured (snaplen).
struct Segment {
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint16_t window = 0;  // unscaled
  std::uint16_t urgent = 0;  // urgent pointer; counts only with the URG flag
  std::uint8_t flags = 0;
  Bytes options;  // the header's option bytes
  Bytes payload;
  std::uint32_t missing = 0;

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
  /// Payload bytes on the wire, captured or not.
  std::uint32_t length() const { return static_cast<std::uint32_t>(payload.size()) + missing; }
};

struct TcpPorts {
  std::uint16_t source = 0, destination = 0;
};

/// Reads a TCP header at the front of `bytes`, which end with the captured part of the IP datagram; `missing` more
/// bytes were on the wire. False when the header is cut, or its data offset is below 5 words or past the bytes; what it
/// fills is then of no use. In place, because copying a Segment whose fields were just written takes as long as all the
/// rest of decoding.
bool read_tcp(Bytes bytes, std::uint32_t missing, TcpPorts& ports, Segment& segment);

/// The window scale of RFC 7323, 2.2 in these options, at most 14; empty when there is none.
std::optional<std::uint8_t> window_scale(Bytes options);
/// The sender's clock of RFC 7323, 3.2 in these options; empty when there is none.
std::optional<std::uint32_t> timestamp(Bytes options);

}  // namespace unspool::wire
