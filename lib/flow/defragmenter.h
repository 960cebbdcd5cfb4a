// Puts IP fragments together (RFC 791, 3.2; RFC 8200, 4.5; RFC 5722; RFC 6946).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/origin.h"
#include "base/timestamp.h"
#include "wire/datagram.h"

namespace unspool {

struct FragmentLimits {
  Duration timeout = std::chrono::seconds(30);  // from the first fragment on (RFC 791 allows 15 s and more)
  std::uint32_t datagrams = 8192;               // put together at a time
  std::uint32_t bytes = 16U << 20U;             // held for all of them, overhead counted
  std::uint32_t fragments = 1024;               // of one datagram
};

struct FragmentCounters {
  std::uint64_t fragments = 0, reassembled = 0, timed_out = 0, overlapping = 0, malformed = 0;
  std::uint64_t evicted = 0, evicted_for_bytes = 0;  // datagrams, by the limit on them, and on bytes

  void add(const FragmentCounters& other);
};

class Defragmenter {
 public:
  explicit Defragmenter(const FragmentLimits& limits);
  ~Defragmenter();

  struct Whole {
    Bytes payload;                    // of the IP datagram: transport header and all
    std::vector<OriginSpan> origins;  // ascending offsets, the first at 0; neighbours of one origin joined
    std::uint32_t frame_bytes = 0;    // wire lengths of its fragments, added up
    std::uint8_t protocol = 0;        // as its first fragment names it: in IPv6 the others may lie
  };
  /// Takes one fragment (`datagram.kind == fragment`) seen at `now`, which never goes back. The whole when this one
  /// completes it, valid until the next call; else null. The first copy of a byte wins in IPv4; an overlap in IPv6
  /// drops the datagram. Fragments are told apart by addresses, protocol (IPv4), identification, VLANs and tunnels.
  const Whole* add(const wire::Datagram& datagram, std::uint32_t frame_bytes, Timestamp now, Origin origin) {
    const OriginSpan all{.offset = 0, .origin = origin};
    return add_inner(datagram, frame_bytes, now, std::span{&all, 1});
  }
  /// The same of a fragment that was found in a whole, whose bytes may come from several packets: `origins` count from
  /// `datagram.payload` on, the first at 0.
  const Whole* add_inner(const wire::Datagram& datagram, std::uint32_t frame_bytes, Timestamp now,
                         std::span<const OriginSpan> origins);

  const FragmentCounters& counters() const;
  /// Datagrams that wait for more fragments.
  std::size_t waiting() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace unspool
