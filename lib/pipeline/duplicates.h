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
  std::uint64_t fingerprint(const wire::Datagram& datagram) const {
    if (window_ == 0) return 0;
    const std::uint64_t print = distinguished(datagram) * 0x9e3779b97f4a7c15U;
    __builtin_prefetch(&seen_[print >> kShift]);
    return print;
  }
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
  /// Of RFC 791; 0: it has none.
  static std::uint32_t identification(const wire::Datagram& datagram) {
    const bool has_one = datagram.kind == wire::Kind::fragment || !datagram.ip_header.empty();
    return has_one ? datagram.fragment.id : 0;
  }
  /// What tells the datagrams of one moment apart, whoever sends them: once multiplied, the upper half is spread
  /// evenly, the lower one different for each place in a stream or datagram.
  static std::uint64_t distinguished(const wire::Datagram& datagram) {
    const std::uint32_t place = datagram.kind == wire::Kind::tcp ? datagram.tcp.seq : datagram.fragment.offset;
    const std::uint64_t sender = datagram.kind == wire::Kind::fragment ? 0 : datagram.source_port;
    const std::uint64_t others = (sender + datagram.transport.size()) << 48U;
    return others ^ std::uint64_t{identification(datagram)} << 32U ^ place;
  }
  bool is_again(Seen& seen, const Seen& now, std::size_t size, Block* block);
  void hold(Block* block);
  bool holds(Bytes bytes) const;

  std::uint32_t window_;            // microseconds
  std::vector<Seen> seen_;          // by fingerprint; the last one with it
  std::array<BlockRef, 2> blocks_;  // which `bytes` may point into; the last one first
};

}  // namespace unspool
