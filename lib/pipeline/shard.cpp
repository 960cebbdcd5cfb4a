#include "pipeline/shard.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <tuple>

#include "flow/ports.h"

namespace unspool {

using wire::TcpFlags;

namespace {

constexpr std::size_t kLeaps = 16;  // of the clock, remembered; sessions older than these are idle by any measure
constexpr std::size_t kAhead = 6;   // items whose sessions are brought into the cache early
constexpr auto kFlush = std::chrono::seconds(1);  // of the clock, that events wait in a buffer

/// Of the item's payload. `whole` is for those that came in one packet.
std::span<const OriginSpan> origins_of(const Item& item, const Batch& batch, const OriginSpan& whole) {
  return item.spans == 0 ? std::span(&whole, 1) : std::span(batch.spans).subspan(item.first_span, item.spans);
}

/// xorshift64*, seeded: victims are the same in every run.
std::uint64_t next_random(std::uint64_t& state) {
  state ^= state >> 12U;
  state ^= state << 25U;
  state ^= state >> 27U;
  return state * 0x2545f4914f6cdd1dU;
}

}  // namespace

Shard::Shard(const Settings& settings, unsigned shards, unsigned loops, ShardOutputs outputs)
    : settings_{settings},
      most_sessions_{std::clamp(settings.limits.sessions / shards, 1U, SessionTable<TrackedSession>::kMost)},
      outputs_{std::move(outputs)},
      budget_{settings.streams.held_bytes_host, settings.streams.held_bytes_run / shards},
      context_{settings_.streams, budget_, waiting_pool_},
      recorder_{settings_.streams, std::max(settings.events.anomalies / shards, 1U), outputs_, counters_},
      shortest_timeout_{std::min(
          {settings.timeouts.udp, settings.timeouts.handshake, settings.timeouts.closed, settings.timeouts.idle})},
      unanswered_{std::max(settings.limits.unanswered / shards, 1U)},
      feeds_(loops),
      feed_{&feeds_.front()},
      random_{settings.pipeline.seed * 2 + 1} {}

/// False for nearly all, without a closer look.
inline bool Shard::may_be_due(const TrackedSession& session, Timestamp now) const {
  return now - session.clock >= shortest_timeout_ || session.tcp.waits();
}

/// Whether the capture lost packets since this session's last one.
inline bool Shard::is_after_drop(const TrackedSession& session, const Item& item) const {
  return item.after_drop || feed_->last_drop > session.clock;
}

void Shard::count_packet(TrackedSession& session, const Item& item) {
  session.last = std::max(session.last, item.time);
  session.clock = std::max(session.clock, item.clock);
  ++session.packets[item.from_high ? 1 : 0];
  session.frame_bytes[item.from_high ? 1 : 0] += item.frame_bytes;
}

void Shard::take(const Batch& batch) {
  const std::span<const Item> items{batch.items};
  feed_ = &feeds_[batch.loop];
  auto& leaps = feed_->leaps;
  leaps.insert(leaps.end(), batch.leaps.begin(), batch.leaps.end());
  if (leaps.size() > kLeaps) leaps.erase(leaps.begin(), leaps.end() - static_cast<std::ptrdiff_t>(kLeaps));
  for (std::size_t i = 0; i < std::min(kAhead, items.size()); ++i) table_.prefetch(items[i].hash);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i + kAhead < items.size()) {
      table_.prefetch(items[i + kAhead].hash);
      if (items[i + kAhead].segment.has(TcpFlags::syn | TcpFlags::rst)) unanswered_.prefetch(items[i + kAhead].hash);
    }
    if (i + kAhead / 2 < items.size()) table_.prefetch_session(items[i + kAhead / 2].hash);
    take(items[i], batch);
  }
  move_clock(batch.clock);
  expire_unanswered();
  if (shedding_.sessions) shed_sessions();
  outputs_.transfers->collect(clock_);
  if (clock_ - flushed_ >= kFlush) {
    outputs_.events->flush();
    flushed_ = clock_;
  }
  live_sessions_.store(counters_.sessions_tcp + counters_.sessions_udp, std::memory_order_relaxed);
  live_gaps_.store(std::accumulate(counters_.gaps.begin(), counters_.gaps.end(), std::uint64_t{0}),
                   std::memory_order_relaxed);
}

void Shard::take(const Item& item, const Batch& batch) {
  move_clock(item.clock);
  if (item.after_drop) feed_->last_drop = item.clock;
  if (item.kind == Item::Kind::arp) {
    outputs_.events->on_arp(
        {.time = item.time, .source = item.origin.source, .vlans = item.key.vlans(), .packet = item.segment.payload});
    return;
  }
  const std::uint32_t index = table_.find(item.key, item.hash);
  if (index != table_.kNone && take_in_order(table_[index], index, item)) return;
  take_any(index, item, batch);
}

/// The way of nearly all packets, in short: nothing is odd about it, or due before it. False: it is take_any()'s.
bool Shard::take_in_order(TrackedSession& session, std::uint32_t index, const Item& item) {
  if (item.kind != Item::Kind::tcp || item.spans != 0 || item.bad_checksum || item.source_routed ||
      may_be_due(session, item.clock) || session.shed || is_after_drop(session, item))
    return false;
  const unsigned from = item.from_high ? 1 : 0;
  if (!session.tcp.take_in_order(from, item.segment, context_)) return false;
  recorder_.turn_to(session);
  if (!item.segment.payload.empty()) session.tcp.give_in_order(from, item.segment, item.time, item.origin, recorder_);
  count_packet(session, item);
  if (session.unanswered) after_packet(session, index);
  return true;
}

[[gnu::noinline]] void Shard::take_any(std::uint32_t index, const Item& item, const Batch& batch) {
  std::uint8_t ordinal = 0;
  if (index != table_.kNone && may_be_due(table_[index], item.clock) && deadline(table_[index]) <= item.clock) {
    const Timestamp start = table_[index].start;
    ordinal = static_cast<std::uint8_t>(table_[index].ordinal + 1);
    if (run_timers(table_[index], index, item.clock)) index = table_.kNone;
    if (start != item.time) ordinal = 0;
  }
  if (index != table_.kNone && table_[index].shed) {
    if (only_counts(index, item)) return;
    index = table_.kNone;
  }
  const bool spoilt = item.bad_checksum && settings_.streams.checksums == Checksums::drop;
  if (index == table_.kNone) {
    if (spoilt) ++counters_.oddities[static_cast<std::size_t>(Oddity::bad_checksum)];
    const std::uint32_t waiting = item.kind == Item::Kind::tcp && !spoilt ? find_waiting(item) : unanswered_.kNone;
    if (spoilt || (waiting == unanswered_.kNone && !may_start(item))) {
      ++counters_.strays;
      return;
    }
    if (keep_waiting(item, waiting)) return;
    index = waiting == unanswered_.kNone ? start(item, ordinal) : promote(waiting, item);
  }
  TrackedSession& session = table_[index];
  recorder_.turn_to(session);
  if (item.bad_checksum) recorder_.on_oddity(Oddity::bad_checksum);
  if (item.source_routed) recorder_.on_oddity(Oddity::source_route);
  if (item.kind == Item::Kind::tcp && !spoilt) return take_tcp(session, index, item, batch);
  count_packet(session, item);
  if (item.kind == Item::Kind::udp && !spoilt) {
    const Side from = item.from_high == session.client_is_low ? Side::server : Side::client;
    const OriginSpan whole{.offset = 0, .origin = item.origin};
    recorder_.on_datagram(from, {.bytes = item.segment.payload,
                                 .missing = item.segment.missing,
                                 .seen = item.time,
                                 .origins = origins_of(item, batch, whole)});
  }
}

bool Shard::may_start(const Item& item) {
  if (item.kind != Item::Kind::tcp) return true;
  if ((item.segment.flags & TcpFlags::rst) != 0) return false;
  return settings_.streams.midstream || (item.segment.flags & TcpFlags::syn) != 0;
}

std::uint32_t Shard::start(const Item& item, std::uint8_t ordinal) {
  if (table_.size() >= most_sessions_) evict();
  const bool tcp = item.kind == Item::Kind::tcp;
  const auto service = service_port(item.key.low().port, item.key.high().port);
  Session session{
      .key = item.key, .start = item.time, .last = item.time, .source = item.origin.source, .ordinal = ordinal};
  session.client_is_low = !item.from_high;
  if (!tcp && service) {
    session.client_is_low = *service == 1;
    session.roles = Roles::port;
  }
  const std::uint32_t index = table_.insert(session, item.hash, item.clock, service);
  ++(tcp ? counters_.sessions_tcp : counters_.sessions_udp);
  if (tcp) {
    table_[index].unanswered = true;
    handshakes_.add({.index = index, .hash = item.hash, .start = item.time},
                    [this](const auto& entry) { return is_open(entry); });
  }
  wheel_.look_by(index, deadline(table_[index]));
  return index;
}

void Shard::take_tcp(TrackedSession& session, std::uint32_t index, const Item& item, const Batch& batch) {
  const OriginSpan whole{.offset = 0, .origin = item.origin};
  const bool high = item.from_high;
  const Arrival arrival{.from = high ? 1U : 0U,
                        .segment = &item.segment,
                        .time = item.time,
                        .clock = std::max(session.clock, item.clock),
                        .origins = origins_of(item, batch, whole),
                        .after_drop = is_after_drop(session, item),
                        .source = high ? &item.key.high().address : &item.key.low().address};
  if (session.tcp.take(arrival, context_, recorder_) == TcpSession::Outcome::reused) {
    restart(session, index, item, batch);
    return;
  }
  count_packet(session, item);
  after_packet(session, index);
}

/// A new session between the endpoints of one that is at its end: first the SYN that foretold it, then this packet.
void Shard::restart(TrackedSession& old, std::uint32_t index, const Item& item, const Batch& batch) {
  const auto remembered = old.tcp.remembered_syn();
  Item first = item;
  if (remembered) {
    first.time = remembered->time;
    first.from_high = remembered->from == 1;
    first.origin = remembered->origin;
  }
  const std::uint8_t ordinal = old.start == first.time ? static_cast<std::uint8_t>(old.ordinal + 1) : 0;
  end(index, Ending::reused, item.clock);
  const std::uint32_t fresh = start(first, ordinal);
  TrackedSession& session = table_[fresh];
  if (remembered) replay(*remembered, session, item);
  recorder_.turn_to(session);
  take_tcp(session, fresh, item, batch);
}

void Shard::after_packet(TrackedSession& session, std::uint32_t index) {
  const TcpSession::Phase phase = session.tcp.phase();
  if (phase == TcpSession::Phase::open && !session.tcp.waits() && !session.unanswered) return;
  if (phase != TcpSession::Phase::handshake) settle(session);
  if (phase == TcpSession::Phase::over) recorder_.end_parsers(*session.tcp.ended());
  wheel_.look_by(index, deadline(session));
}

// ---- time

/// Sources of one loop are numbered in a row.
const Shard::Feed& Shard::feed_of(std::uint16_t source) const {
  const std::size_t of_loop = std::max<std::size_t>(settings_.capture.sources_of_loop(), 1);
  return feeds_.size() == 1 ? feeds_.front() : feeds_[std::min(source / of_loop, feeds_.size() - 1)];
}

Timestamp Shard::least_clock() const { return std::ranges::min_element(feeds_, {}, &Feed::clock)->clock; }

/// When a packet of that source came, by its loop's clock: at a leap, when the clock stood still; or as if it had been
/// set earlier.
Timestamp Shard::heard(Timestamp clock, std::uint16_t source) const {
  for (const Clock::Leap& leap : feed_of(source).leaps) {
    const auto came = std::chrono::floor<std::chrono::microseconds>(clock);
    const auto before = std::chrono::floor<std::chrono::microseconds>(leap.before);
    if (leap.was_set && came <= before) {
      clock += leap.after - leap.before;
    } else if (came == before) {
      return leap.after;
    }
  }
  return clock;
}

Timestamp Shard::deadline(const TrackedSession& session) const {
  const Timeouts& timeouts = settings_.timeouts;
  if (!session.is_tcp()) return heard(session.clock, session.source) + timeouts.udp;
  switch (session.tcp.phase()) {
    case TcpSession::Phase::handshake:
      return std::min(session.tcp.deadline(), heard(session.clock, session.source) + timeouts.handshake);
    case TcpSession::Phase::over:
      return heard(session.clock, session.source) +
             (session.shed && !session.leaving ? timeouts.idle : timeouts.closed);
    case TcpSession::Phase::open:
    case TcpSession::Phase::resetting: break;
  }
  return std::min(session.tcp.deadline(), heard(session.clock, session.source) + timeouts.idle);
}

bool Shard::run_timers(TrackedSession& session, std::uint32_t index, Timestamp now) {
  for (Timestamp due = deadline(session); due <= now; due = deadline(session)) {
    if (!session.is_tcp() || session.tcp.deadline() > due) {
      end(index, Ending::idle, due);
      return true;
    }
    recorder_.turn_to(session);
    session.tcp.advance(due, context_, recorder_);
    if (session.tcp.phase() == TcpSession::Phase::over) recorder_.end_parsers(*session.tcp.ended());
  }
  wheel_.look_by(index, deadline(session));
  return false;
}

void Shard::turn_wheel(Timestamp now) {
  for (due_.clear(); wheel_.turn(now, due_); due_.clear()) {
    std::sort(due_.begin(), due_.end(),
              [this](std::uint32_t a, std::uint32_t b) { return deadline(table_[a]) < deadline(table_[b]); });
    for (const std::uint32_t index : due_) run_timers(table_[index], index, now);
  }
}

// ---- ends

/// `ending` is why it is not followed any more; one that closed before, or with what it gives out now, ended so.
void Shard::end(std::uint32_t index, Ending ending, Timestamp when) {
  TrackedSession& session = table_[index];
  recorder_.turn_to(session);
  if (session.is_tcp()) {
    session.tcp.finish(std::max(when, session.clock), context_, recorder_);
    ending = session.tcp.ended().value_or(ending);
  }
  if (session.shed) ending = Ending::evicted;
  recorder_.end_parsers(ending);
  const bool by_timer = ending == Ending::idle;
  recorder_.write_flow(ending, by_timer ? when : session.last);
  ++counters_.endings[static_cast<std::size_t>(ending)];
  if (session.is_tcp() && (session.packets[0] == 0 || session.packets[1] == 0)) ++counters_.one_sided;
  wheel_.forget(index);
  settle(session);
  table_.erase(index);
}

/// Makes room: the oldest unanswered handshake, else of some sessions the one that was silent longest.
void Shard::evict() {
  constexpr int kCandidates = 8;
  ++counters_.sessions_evicted;
  if (const auto unanswered = handshakes_.oldest([this](const auto& entry) { return is_open(entry); })) {
    return end(*unanswered, Ending::evicted, clock_);
  }
  std::uint32_t victim = table_.sample(next_random(random_));
  for (int i = 1; i < kCandidates; ++i) {
    const std::uint32_t other = table_.sample(next_random(random_));
    if (table_[other].clock < table_[victim].clock) victim = other;
  }
  end(victim, Ending::evicted, clock_);
}

bool Shard::is_open(const OpenHandshakes::Entry& handshake) {
  return table_.holds(handshake.index, handshake.hash) && table_[handshake.index].unanswered &&
         table_[handshake.index].start == handshake.start;
}

/// The handshake was answered, or there is none any more.
void Shard::settle(TrackedSession& session) {
  if (!session.unanswered) return;
  session.unanswered = false;
  handshakes_.settle();
}

/// In the order in which they began; those of one moment in that of their endpoints.
bool Shard::began_before(std::uint32_t a, std::uint32_t b) {
  const auto what = [](const TrackedSession& session) {
    return std::tuple{session.start,       session.key.low(),     session.key.high(), session.key.protocol(),
                      session.key.vlans(), session.key.tunnels(), session.ordinal};
  };
  const TrackedSession &first = table_[a], &second = table_[b];
  return first.start == second.start ? what(first) < what(second) : first.start < second.start;
}

void Shard::finish(Ending ending) {
  wheel_ = TimerWheel{};  // its memory is enough for what follows
  std::vector<std::uint32_t> left;
  left.reserve(table_.size());
  table_.for_each([&](std::uint32_t index) { left.push_back(index); });
  std::sort(left.begin(), left.end());  // nearly the order that is wanted, and that of memory
  std::sort(left.begin(), left.end(), [this](std::uint32_t a, std::uint32_t b) { return began_before(a, b); });
  for (const std::uint32_t index : left) end(index, ending, clock_);
  while (unanswered_.oldest() != unanswered_.kNone) end_unanswered(unanswered_.oldest(), ending, clock_);
  outputs_.transfers->finish(clock_);
  outputs_.events->flush();
}

const ShardCounters& Shard::counters() {
  counters_.held_refused = budget_.refused();
  counters_.shed[static_cast<std::size_t>(Shed::bodies)] = outputs_.transfers->bodies_shed();
  return counters_;
}

}  // namespace unspool
