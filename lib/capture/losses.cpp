#include "capture/losses.h"

#include <algorithm>
#include <utility>

namespace unspool {

void Losses::add(Timestamp from, Timestamp until, std::uint64_t packets) {
  if (packets == 0) return;
  total_ += packets;
  remember(from, until, packets);
}

void Losses::remember(Timestamp from, Timestamp until, std::uint64_t packets) {
  if (until < from) std::swap(from, until);
  if (!pending_.empty() && until < pending_.front().from) {  // the clock was set back: those times do not come again
    for (const Loss& loss : pending_) told_ += loss.packets;
    pending_.clear();
  }
  const bool follows = !pending_.empty() && from <= pending_.back().until;
  if (follows || pending_.size() == kPending) {
    pending_.back().until = std::max(pending_.back().until, until);
    pending_.back().packets += packets;
    return;
  }
  pending_.push_back({.from = from, .until = until, .packets = packets});
}

/// The first packet behind a loss is told of it too: what was lost may have stood just before it.
void Losses::mark_amid(Packet& packet) {
  while (!pending_.empty() && packet.time >= pending_.front().from) {
    Loss& loss = pending_.front();
    told_ += std::exchange(loss.packets, 0);
    packet.amid_loss = true;
    if (packet.time <= loss.until) return;
    pending_.erase(pending_.begin());
  }
}

}  // namespace unspool
