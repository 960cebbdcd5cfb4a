// Packets that were captured twice: a mirror port (SPAN) often shows each packet where it comes in and where it goes
// out.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

#include "capture/packet.h"
#include "wire/datagram.h"

namespace unspool {

/// Remembers the datagrams of the last moments. The same datagram is one with the same addresses, tunnels,
/// identification (RFC 791) and, byte for byte, the same transport header and payload; link headers, TTL and the
/// tunnels' own headers may differ. A host that sends again uses another identification; where there is none (IPv6, or
/// 0), only TCP segments that take up sequence numbers are judged, since the loss of a second copy changes no stream.
/// Lives on the capture loop, and holds up to two of the blocks that packets stand in.
class Duplicates {
 public:
  /// `window`: how long after the first a second one may come, by the packets' stamps; 0: nothing is a duplicate.
  explicit Duplicates(std::chrono::milliseconds window);

  /// What has_seen() wants to know of this TCP, UDP or fragment `datagram`; some time before, so that what it will
  /// touch is on its way into the cache.
  std::uint64_t fingerprint(const wire::Datagram& datagram) const;
  /// Whether the datagram with this fingerprint, decoded from `packet`, was here already. `hash` is of all that tells
  /// its session from others.
  bool has_seen(const wire::Datagram& datagram, std::uint64_t print, std::uint32_t hash, const Packet& packet);

 private:
  static constexpr unsigned kBits = 13, kShift = 64 - kBits;
  static constexpr std::size_t kRemembered = 1U << kBits;
  struct Seen {
    std::uint32_t tag = 0;
    std::uint32_t micros = 0;  // of its stamp, wrapping
    const std::byte* bytes = nullptr;
  };
  bool is_same(const Seen& seen, std::uint32_t micros, Bytes bytes) const;
  void hold(Block* block);
  bool holds(Bytes bytes) const;

  std::uint32_t window_;            // microseconds
  std::vector<Seen> seen_;          // by fingerprint; the last one with it
  std::array<BlockRef, 2> blocks_;  // which `bytes` may point into; the last one first
};

}  // namespace unspool
