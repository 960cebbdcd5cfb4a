// What the packets of a capture carry for its sessions, fragments put together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "capture/packet.h"
#include "flow/session_key.h"

namespace unspool::test {

/// A capture in memory. Packet::record is the packet's number, from 0.
class HeldPackets {
 public:
  /// Of one file, or of several by time. Empty when it cannot be read.
  explicit HeldPackets(const std::vector<std::string>& files);
  HeldPackets(const HeldPackets&) = delete;
  HeldPackets& operator=(const HeldPackets&) = delete;
  const std::vector<Packet>& list() const { return packets_; }

 private:
  std::vector<std::string> bytes_;
  std::vector<Packet> packets_;
};

/// One direction of what goes on between two endpoints.
struct Way {
  SessionKey key;
  bool from_high = false;

  Way reverse() const { return {key, !from_high}; }
  bool operator==(const Way&) const = default;
  bool operator<(const Way& other) const {
    const auto rank = [](const Way& way) {
      const SessionKey& k = way.key;
      return std::tuple{k.protocol(), k.low(), k.high(), k.vlans().bits(), k.tunnels().bits(), way.from_high};
    };
    return rank(*this) < rank(other);
  }
};

/// A segment, or a datagram of UDP.
struct Carried {
  Way way;
  std::uint8_t flags = 0;
  std::uint32_t seq = 0, ack = 0;  // of a segment
  std::string bytes;
  std::uint32_t missing = 0;          // behind them, not captured
  Timestamp time;                     // when the last of its packets came
  std::optional<std::size_t> packet;  // that brought it; empty when it came in fragments

  bool is_tcp() const { return way.key.protocol() == 6; }
  bool has(std::uint8_t flag) const { return is_tcp() && (flags & flag) != 0; }
  /// Sequence number of the first byte.
  std::uint32_t first() const;
};

/// In the order in which they are whole, without that packet.
std::vector<Carried> carried(const std::vector<Packet>& packets, std::optional<std::size_t> without = {});

}  // namespace unspool::test
