// When a live source lost packets: to be told with the packets of that time, which come out of the kernel's buffer
// later.
#pragma once

#include <cstdint>
#include <vector>

#include "capture/packet.h"

namespace unspool {

class Losses {
 public:
  /// The kernel counted `packets` more lost ones, some time from `from` to `until`.
  void add(Timestamp from, Timestamp until, std::uint64_t packets);
  /// Others lost packets of this source then, and count them: only Packet::amid_loss is to tell.
  void suspect(Timestamp from, Timestamp until) { remember(from, until, 0); }
  /// Fills in Packet::dropped and Packet::amid_loss; in the order of the source.
  void mark(Packet& packet) {
    if (!pending_.empty()) mark_amid(packet);
    packet.dropped = told_;
  }
  /// All that was added.
  std::uint64_t total() const { return total_; }

 private:
  static constexpr std::size_t kPending = 64;  // times kept apart; then the last one is made longer

  struct Loss {
    Timestamp from, until;
    std::uint64_t packets;
  };
  void remember(Timestamp from, Timestamp until, std::uint64_t packets);
  void mark_amid(Packet& packet);

  std::vector<Loss> pending_;
  std::uint64_t told_ = 0, total_ = 0;
};

}  // namespace unspool
