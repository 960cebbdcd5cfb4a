// What a shard does with handshakes that nobody has answered yet.
#include <array>

#include "pipeline/shard.h"

namespace unspool {

using wire::TcpFlags;

namespace {

constexpr std::uint8_t kAnyButPush = TcpFlags::syn | TcpFlags::ack | TcpFlags::fin | TcpFlags::rst | TcpFlags::urg;

Syn syn_of(const Item& item) {
  return {.key = item.key,
          .hash = item.hash,
          .from_high = item.from_high,
          .time = item.time,
          .clock = item.clock,
          .seq = item.segment.seq,
          .frame_bytes = item.frame_bytes,
          .source = item.origin.source,
          .window = item.segment.window,
          .scale = wire::window_scale(item.segment.options)};
}

}  // namespace

/// The SYN that waits for an answer between the endpoints of this packet, if it has not waited too long.
std::uint32_t Shard::find_waiting(const Item& item) {
  const std::uint32_t waiting = unanswered_.find(item.key, item.hash);
  if (waiting == unanswered_.kNone) return waiting;
  const Timestamp deadline = heard_unanswered(waiting) + settings_.timeouts.handshake;
  if (deadline > item.clock) return waiting;
  end_unanswered(waiting, Ending::idle, deadline);
  return unanswered_.kNone;
}

/// Whether that is all: the packet is a lone SYN, which waits from now on, or the one that waits, sent again.
bool Shard::keep_waiting(const Item& item, std::uint32_t waiting) {
  const bool lone = item.kind == Item::Kind::tcp && (item.segment.flags & kAnyButPush) == TcpFlags::syn &&
                    item.segment.length() == 0 && !item.bad_checksum;
  if (!lone) return false;
  if (waiting != unanswered_.kNone) return unanswered_.repeat(waiting, syn_of(item));
  if (unanswered_.full()) {
    ++counters_.unanswered_evicted;
    end_unanswered(unanswered_.oldest(), Ending::evicted, clock_);
  }
  if (!unanswered_.add(syn_of(item))) return false;
  ++counters_.sessions_tcp;
  return true;
}

/// The session whose SYN waited, made whole.
std::uint32_t Shard::promote(std::uint32_t waiting, const Item& item) {
  const UnansweredSyn syn = unanswered_.at(waiting);
  unanswered_.erase(waiting);
  --counters_.sessions_tcp;  // start() counts it again
  Item first = item;
  first.time = syn.time;
  first.from_high = syn.from_high;
  first.origin.source = syn.source;
  const std::uint32_t index = start(first, 0);
  TrackedSession& session = table_[index];
  session.clock = syn.clock;  // until its packet is counted: what was lost since the SYN was lost of this session too
  session.packets[syn.from_high ? 1 : 0] = syn.times;
  session.frame_bytes[syn.from_high ? 1 : 0] = syn.frame_bytes;
  replay({.seq = syn.seq,
          .window = syn.window,
          .scale = syn.scale,
          .from = syn.from_high ? 1U : 0U,
          .time = syn.time,
          .origin = {.record = 0, .source = syn.source}},
         session, item);
  return index;
}

/// Gives a session a SYN that was remembered.
void Shard::replay(const TcpSession::RememberedSyn& syn, TrackedSession& session, const Item& item) {
  constexpr std::byte kNop{1}, kScale{3}, kLength{3};
  const std::array options{kNop, kScale, kLength, std::byte{syn.scale.value_or(0)}};
  const wire::Segment segment{
      .seq = syn.seq, .window = syn.window, .flags = TcpFlags::syn, .options = syn.scale ? Bytes{options} : Bytes{}};
  const OriginSpan origin{.offset = 0, .origin = syn.origin};
  recorder_.turn_to(session);
  session.tcp.take({.from = syn.from,
                    .segment = &segment,
                    .time = syn.time,
                    .clock = item.clock,
                    .origins = {&origin, 1},
                    .source = syn.from == 1 ? &item.key.high().address : &item.key.low().address},
                   context_, recorder_);
}

void Shard::end_unanswered(std::uint32_t waiting, Ending ending, Timestamp when) {
  const UnansweredSyn syn = unanswered_.at(waiting);
  unanswered_.erase(waiting);
  ++counters_.unanswered;
  ++counters_.endings[static_cast<std::size_t>(ending)];
  if (settings_.events.unanswered == Unanswered::summary) return unanswered_summary_.add(syn);
  FlowRecord flow{.session = {.key = syn.key, .start = syn.time, .last = syn.time, .source = syn.source},
                  .ended = ending,
                  .end = ending == Ending::idle ? when : syn.time};
  flow.session.client_is_low = !syn.from_high;
  flow.session.roles = Roles::syn;
  flow.packets[0] = syn.times;
  flow.wire_bytes[0] = syn.frame_bytes;
  outputs_.events->on_flow(flow);
}

Timestamp Shard::heard_unanswered(std::uint32_t waiting) const {
  return heard(unanswered_.clock(waiting), unanswered_.source(waiting));
}

void Shard::expire_unanswered() {
  for (;;) {
    const std::uint32_t oldest = unanswered_.oldest();
    if (oldest == unanswered_.kNone) return;
    const Timestamp deadline = heard_unanswered(oldest) + settings_.timeouts.handshake;
    if (deadline > clock_) return;
    end_unanswered(oldest, Ending::idle, deadline);
  }
}

}  // namespace unspool
