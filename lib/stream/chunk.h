// What a stream is made of: its next bytes, or its next gap.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/origin.h"
#include "base/timestamp.h"

namespace unspool {

enum class Side : std::uint8_t { client, server };

constexpr Side other(Side side) { return side == Side::client ? Side::server : Side::client; }
constexpr std::string_view name(Side side) { return side == Side::client ? "client" : "server"; }

/// Why bytes are missing.
enum class Cause : std::uint8_t {
  capture_drop,    // the kernel, or a ring of ours, counted lost packets just there
  snaplen,         // the packet was seen, but captured cut short
  not_captured,    // the peer acknowledged the bytes; they were never seen
  limit,           // given up because a limit of ours on waiting bytes was reached
  one_sided,       // nothing acknowledges here; given up after streams.hole, or at a limit
  before_capture,  // acknowledged, but sent before the capture began
  end,             // the session ended before the hole was filled or acknowledged
};
std::string_view name(Cause cause);

/// A hole in a stream: a fact, never filler.
struct Gap {
  std::uint64_t offset = 0;  // in its stream
  std::uint64_t length = 0;
  Cause cause = Cause::end;
};

/// Either bytes, or a gap of `missing` bytes with its cause; never both, never neither.
struct Chunk {
  Side from = Side::client;
  bool after_rst = false;     // seen after the peer's reset
  bool more = false;          // of a UDP datagram: the next chunk of this side is the next part of it
  Cause cause = Cause::end;   // of a gap
  std::uint64_t offset = 0;   // in the stream of `from`; its first byte has 0
  Bytes bytes;                // valid until the call returns
  std::uint64_t missing = 0;  // length of a gap
  Timestamp seen;             // of bytes: when they were captured; of a gap: when it became final
  Origin origin;              // of bytes: the packet that brought them

  bool is_gap() const { return missing != 0; }
  std::uint64_t length() const { return bytes.size() + missing; }
};

/// How a session ended. Every one does so exactly once.
enum class Ending : std::uint8_t { closed, reset, rejected, reused, idle, evicted, shutdown, capture_end };
std::string_view name(Ending ending);

/// What told client and server apart.
enum class Roles : std::uint8_t { syn, syn_ack, port, first_sender };
std::string_view name(Roles roles);

}  // namespace unspool
