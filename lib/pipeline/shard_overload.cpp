// What a shard leaves out when more comes than it can follow.
#include <algorithm>

#include "pipeline/shard.h"

namespace unspool {

using wire::TcpFlags;

void Shard::shed(Shedding shedding) {
  if (shedding == shedding_) return;
  if (shedding.bodies != shedding_.bodies) outputs_.transfers->shed_bodies(shedding.bodies);
  shedding_ = shedding;
  recorder_.shed(shedding);
}

/// So many a batch: of some sessions that no protocol claimed, the one that began first.
void Shard::shed_sessions() {
  constexpr int kABatch = 2, kCandidates = 8;
  constexpr std::uint64_t kStride = 0x9e3779b97f4a7c15U;  // odd: in time it comes by every slot, in no order of theirs
  for (int i = 0; i < kABatch && table_.size() > 0; ++i) {
    std::uint32_t oldest = table_.kNone;
    const auto consider = [&](std::uint32_t index) {
      if (!may_be_shed(table_[index])) return;
      if (oldest == table_.kNone || table_[index].start < table_[oldest].start) oldest = index;
    };
    if (table_.size() <= kCandidates) table_.for_each(consider);
    for (int j = 0; table_.size() > kCandidates && j < kCandidates; ++j) consider(table_.sample(hand_ += kStride));
    if (oldest != table_.kNone) let_go(oldest);
  }
}

/// Not one that says nothing yet, has its end behind it, or may still be claimed.
bool Shard::may_be_shed(TrackedSession& session) {
  if (!session.begun || session.claimed || session.ended || session.shed) return false;
  return !session.details || !session.details->follower || !session.details->follower->undecided();
}

/// It stays in the table, so that all of its packets are counted in one flow.
void Shard::let_go(std::uint32_t index) {
  TrackedSession& session = table_[index];
  recorder_.turn_to(session);
  if (session.is_tcp()) session.tcp.finish(std::max(clock_, session.clock), context_, recorder_);
  session.shed = !session.is_tcp() || !session.tcp.ended();
  recorder_.end_parsers(session.shed ? Ending::evicted : *session.tcp.ended());
  counters_.shed[static_cast<std::size_t>(Shed::sessions)] += session.shed ? 1U : 0U;
  wheel_.look_by(index, deadline(session));
}

/// Of a session that is followed no more. False when it has ended: the packet begins another one.
bool Shard::only_counts(std::uint32_t index, const Item& item) {
  TrackedSession& session = table_[index];
  const std::uint8_t flags = item.kind == Item::Kind::tcp ? item.segment.flags : std::uint8_t{0};
  if ((flags & (TcpFlags::syn | TcpFlags::ack)) == TcpFlags::syn) {
    end(index, Ending::evicted, item.clock);
    return false;
  }
  count_packet(session, item);
  if (session.leaving || (flags & (TcpFlags::fin | TcpFlags::rst)) == 0) return true;
  session.leaving = true;
  wheel_.look_by(index, deadline(session));
  return true;
}

}  // namespace unspool
