#include "support/stream_judge.h"

#include <fmt/format.h>

#include <algorithm>

namespace unspool::test {

Judge::Judge(const Recording& recording, const Conditions& conditions, const StreamSettings& settings,
             std::vector<std::string>* trace)
    : recording_{recording},
      conditions_{conditions},
      settings_{settings},
      trace_{trace},
      budget_{settings.held_bytes_host, settings.held_bytes_run} {
  for (const unsigned side : {0U, 1U}) {
    hosts_[side].octets.back() = static_cast<std::uint8_t>(side + 1);
    streams_[side].first.resize(recording.streams[side].size() + 1);
    streams_[side].fate.resize(recording.streams[side].size() + 1);
    streams_[side].came_answered.resize(recording.streams[side].size() + 1);
    streams_[side].forgettable.resize(recording.streams[side].size() + 1);
  }
}

void Judge::complain(std::string what) {
  if (trace_ != nullptr) trace_->push_back("    *** " + what);
  if (complaint_.empty()) complaint_ = fmt::format("at packet {}: {}", fed_, std::move(what));
}

std::string Judge::run(std::optional<std::uint64_t> ticks) {
  Dice dice{ticks.value_or(0)};
  for (const CapturedPacket& packet : recording_.packets) {
    if (ticks && begun_ && packet.clock > clock_ && dice.chance(300)) {
      const auto gap = static_cast<std::uint64_t>((packet.clock - clock_).count());
      clock_ += Duration{dice.between(1, gap)};
      session_.advance(clock_, context_, *this);
    }
    begun_ |= !packet.segment.has(wire::TcpFlags::rst);
    if (!begun_) {  // a reset begins no session
      ++fed_;
      continue;
    }
    feed(packet);
    if (!complaint_.empty()) return complaint_;
    if (session_.phase() == TcpSession::Phase::over && was_reset()) break;
  }
  for (const unsigned side : {0U, 1U}) check_prompt(side);
  clock_ += std::chrono::milliseconds{recording_.packets.size() % 3 * 80};
  finishing_ = true;
  session_.advance(clock_, context_, *this);
  session_.finish(clock_, context_, *this);
  session_.finish(clock_, context_, *this);
  for (const unsigned side : {0U, 1U}) check_end(side);
  check_ending();
  return complaint_;
}

/// The shard's contract: due timers first, then the segment.
void Judge::feed(const CapturedPacket& packet) {
  clock_ = packet.clock;
  if (session_.deadline() <= clock_) session_.advance(clock_, context_, *this);
  if (session_.deadline() <= clock_) complain("a timer is due after it was run");
  if (trace_ != nullptr) trace_->push_back(fmt::format("{:>4} {}", fed_, describe(packet)));
  note(packet);
  ++fed_;
  if (confirms_ == packet.from) {
    doubted_ = clock_;
    confirms_.reset();
  }
  const Arrival arrival{.from = packet.from,
                        .segment = &packet.segment,
                        .time = packet.time,
                        .clock = packet.clock,
                        .origins = packet.origins,
                        .after_drop = packet.after_drop,
                        .source = &hosts_[packet.from]};
  const bool was_over = session_.phase() == TcpSession::Phase::over && was_reset();
  if (session_.take(arrival, context_, *this) == TcpSession::Outcome::reused && !was_over) {
    complain("said to belong to another session");
  }
  for (const unsigned side : {0U, 1U}) check_prompt(side);
  if (session_.waits() && session_.deadline() == Timestamp::max() && !conditions_.cramped)
    ++happened_["waits without a timer"];
  const std::uint64_t most =
      std::min<std::uint64_t>({settings_.held_bytes + settings_.held_segments * HeldBudget::kOverhead,
                               2 * settings_.held_bytes_host, settings_.held_bytes_run});
  if (budget_.peak() > most) complain(fmt::format("{} bytes held, {} allowed", budget_.peak(), most));
}

/// What a perfect reader knows after this packet.
void Judge::note(const CapturedPacket& packet) {
  Stream& mine = streams_[packet.from];
  Stream& peer = streams_[1 - packet.from];
  const wire::Segment& segment = packet.segment;
  after_drop_ |= packet.after_drop;
  const bool first = !peer.seen && !mine.seen && !mine.start && !peer.start;
  if (first && segment.has(wire::TcpFlags::syn)) mine.must_be_whole = true;
  if (first && segment.has(wire::TcpFlags::syn) && segment.has(wire::TcpFlags::ack)) peer.must_be_whole = true;

  if (segment.has(wire::TcpFlags::rst)) {
    if (!reset_at_) {
      reset_at_ = packet.at;
      reset_from_ = packet.from;
    }
    reset_at_ = std::min(*reset_at_, packet.at);
    if (segment.has(wire::TcpFlags::ack)) peer.reset_acked = std::max(peer.reset_acked, packet.acks);
  } else if (segment.length() > 0) {
    const bool starting = !mine.start || (!peer.seen && packet.clock < *mine.start + settings_.grace &&
                                          mine.start_bytes < settings_.start_bytes);
    if (!mine.start) mine.start = packet.clock;
    if (starting) mine.lowest_at_start = std::min(mine.lowest_at_start.value_or(packet.at), packet.at);
    mine.start_bytes += segment.length();
    for (std::uint64_t at = packet.at; at < packet.at + segment.payload.size(); ++at) {
      if (mine.first[at] != 0 || mine.fate[at] != Fate::waits) continue;
      mine.first[at] = static_cast<std::uint32_t>(fed_ + 1);
      mine.came_answered[at] = at < mine.answered;
    }
    for (std::uint64_t at = packet.at + segment.payload.size(); at < packet.at + segment.length(); ++at) {
      if (mine.first[at] == 0 && mine.fate[at] == Fate::waits) mine.fate[at] = Fate::cut;
    }
    mine.top = std::max(mine.top, packet.at + segment.length());
  }
  if (segment.has(wire::TcpFlags::fin)) mine.fin_seen = true;
  if (segment.has(wire::TcpFlags::fin) && !mine.start) mine.began_with_end = true;
  if (segment.has(wire::TcpFlags::ack) && !segment.has(wire::TcpFlags::rst)) {  // a reset's opens no hole
    mine.seen = true;
    if (packet.acks > peer.acked() || peer.acks.empty()) peer.acks.push_back({packet.acks, packet.clock});
  }
}

std::optional<Timestamp> Judge::acked_when(const Stream& stream, std::uint64_t at) const {
  const auto found = std::upper_bound(stream.acks.begin(), stream.acks.end(), at,
                                      [](std::uint64_t a, const Ack& ack) { return a < ack.upto; });
  if (found == stream.acks.end()) return std::nullopt;
  return found->clock;
}

// ---- what is given out

void Judge::on_roles(unsigned client, Roles roles, bool) {
  if (++roles_told_ > 1) complain("roles told twice");
  client_ = client;
  if (roles == Roles::syn || roles == Roles::syn_ack) {
    if (client != recording_.client) complain("the wrong client");
  } else {
    ++happened_["midstream"];
  }
}

void Judge::on_chunk(const Chunk& chunk) {
  if (roles_told_ == 0) return complain("a chunk before the roles");
  const unsigned side = side_of(chunk.from);
  Stream& mine = streams_[side];
  if (trace_ != nullptr) {
    trace_->push_back(fmt::format("       > {} {}+{} {}{}", side, chunk.offset, chunk.length(),
                                  chunk.is_gap() ? name(chunk.cause) : "", chunk.after_rst ? " after_rst" : ""));
  }
  log_.push_back({side, chunk.offset, chunk.bytes.size(), chunk.missing,
                  static_cast<std::uint64_t>(chunk.seen.time_since_epoch().count()), chunk.origin.record});
  if (chunk.length() == 0 || (chunk.missing > 0 && !chunk.bytes.empty())) return complain("neither bytes nor a gap");
  if (chunk.offset != mine.given) return complain(fmt::format("offset {} where {} is next", chunk.offset, mine.given));
  if (mine.fin_told) complain("a chunk after the end of its stream");
  if (session_.phase() == TcpSession::Phase::over && !finishing_) complain("a chunk after the end of the session");
  if (!chunk.is_gap()) {
    take_bytes(side, chunk);
  } else if (mine.base) {
    take_gap(side, chunk, fed_);
  } else {
    mine.leading.push_back({chunk, fed_});
  }
  mine.given += chunk.length();
  mine.moved = clock_;
}

/// The first bytes of a side say where its base is: they are those of the packet that brought them.
void Judge::learn_base(unsigned side, const Chunk& chunk) {
  Stream& mine = streams_[side];
  const CapturedPacket& brought = recording_.packets[chunk.origin.record / Recording::kRecords];
  const auto& truth = recording_.streams[side];
  const auto fits = [&](std::uint64_t at) {
    return std::equal(chunk.bytes.begin(), chunk.bytes.end(), truth.begin() + static_cast<std::ptrdiff_t>(at));
  };
  std::uint64_t at = brought.at;
  const std::uint64_t end = brought.at + brought.segment.payload.size();
  while (at + chunk.bytes.size() <= end && !fits(at)) ++at;
  if (at + chunk.bytes.size() > end) return complain("bytes that their packet does not hold");
  if (at < chunk.offset) return complain("a stream that begins before its first byte");
  mine.base = at - chunk.offset;
  if (*mine.base != 0 && mine.must_be_whole) complain(fmt::format("begins at {} after its SYN", *mine.base));
  const bool too_late =
      mine.lowest_at_start && *mine.lowest_at_start < mine.answered;  // the answer was given out before they came
  if (mine.lowest_at_start && *mine.base > *mine.lowest_at_start && !too_late) {
    complain(fmt::format("begins at {}, though {} was held", *mine.base, *mine.lowest_at_start));
  }
  if (*mine.base < mine.base_at_least) complain("the other side was given out before what it acknowledges");
  const std::uint64_t given = std::exchange(mine.given, 0);
  for (const LeadingGap& gap : std::exchange(mine.leading, {})) {
    take_gap(side, gap.chunk, gap.fed);
    mine.given += gap.chunk.missing;
  }
  if (mine.given != given) complain("gaps that do not add up");
}

void Judge::take_bytes(unsigned side, const Chunk& chunk) {
  Stream& mine = streams_[side];
  const std::size_t index = chunk.origin.record / Recording::kRecords;
  if (index >= fed_ || recording_.packets[index].from != side) return complain("bytes of a packet that was not fed");
  const CapturedPacket& brought = recording_.packets[index];
  if (!mine.base) learn_base(side, chunk);
  if (!mine.base) return;

  const std::uint64_t at = *mine.base + chunk.offset;
  if (at + chunk.bytes.size() > length(side)) return complain("bytes behind the end");
  const Bytes truth = Bytes{recording_.streams[side]}.subspan(at, chunk.bytes.size());
  if (!std::equal(truth.begin(), truth.end(), chunk.bytes.begin())) return complain("wrong bytes");
  const std::size_t span = chunk.origin.record % Recording::kRecords;
  const std::uint64_t from = brought.at + brought.origins[span].offset;
  const std::uint64_t to = span + 1 < brought.origins.size() ? brought.at + brought.origins[span + 1].offset
                                                             : brought.at + brought.segment.payload.size();
  if (at < from || at + chunk.bytes.size() > to) complain("bytes that are not of their origin");
  if (chunk.seen != brought.time) complain("bytes with a wrong time");
  for (std::uint64_t i = at; i < at + chunk.bytes.size(); ++i) {
    if (mine.fate[i] != Fate::waits && mine.fate[i] != Fate::cut) return complain("bytes given out twice");
    const bool first_copy = mine.first[i] == index + 1 || mine.forgettable[i];
    if (!first_copy && mine.fate[i] != Fate::cut) return complain("bytes of a second copy");
    mine.fate[i] = Fate::given;
  }
  check_order(side, brought);
  happened_["bytes"] += chunk.bytes.size();
}

void Judge::check_order(unsigned side, const CapturedPacket& brought) {
  Stream& peer = streams_[1 - side];
  const std::uint64_t needs = std::min<std::uint64_t>(brought.acks, length(1 - side));
  const auto seen = [&](Oddity oddity) { return oddities_[static_cast<std::size_t>(oddity)] > 0; };
  if (seen(Oddity::order_conflict) || seen(Oddity::invalid_ack)) return;  // what is not believed is not waited for
  peer.answered = std::max(peer.answered, needs);
  if (!peer.base) {
    if (peer.must_be_whole) peer.base_at_least = std::max(peer.base_at_least, needs - std::min(needs, peer.given));
  } else if (*peer.base + peer.given < needs) {
    complain(fmt::format("given out at {}, before {} of the other side", *peer.base + peer.given, needs));
  }
}

void Judge::take_gap(unsigned side, const Chunk& chunk, std::size_t fed) {
  Stream& mine = streams_[side];
  const std::uint64_t at = *mine.base + chunk.offset;
  const std::uint64_t end = at + chunk.missing;
  if (trace_ != nullptr) trace_->push_back(fmt::format("         gap at true {}+{}", at, chunk.missing));
  ++happened_[name(chunk.cause)];
  happened_["gap bytes"] += chunk.missing;

  const bool fin_too = !mine.fin_seen && mine.acked() == length(side) + 1;
  if (end > length(side) + (fin_too ? 1 : 0)) return complain("a gap behind the end");
  const std::uint64_t acked = mine.acked();
  switch (chunk.cause) {
    case Cause::not_captured:
      if (std::max(acked, mine.reset_acked) < end) complain("not_captured, and never acknowledged");
      break;
    case Cause::before_capture:
      if (acked < end || chunk.offset != 0 || mine.must_be_whole) complain("before_capture cannot be");
      break;
    case Cause::capture_drop:
      if (!after_drop_) complain("capture_drop, and nothing was dropped");
      break;
    case Cause::snaplen: break;
    case Cause::limit:
      if (!conditions_.cramped || (acked >= end && fed == fed_)) complain("limit, and none was reached");
      break;
    case Cause::one_sided:
      if (streams_[1 - side].seen) complain("one_sided, and the other side was seen");
      break;
    case Cause::end:
      if (!finishing_ && !was_reset()) complain("the end, too early");
      break;
  }
  for (std::uint64_t i = at; i < end; ++i) {
    if (mine.fate[i] != Fate::waits && mine.fate[i] != Fate::cut)
      return complain("a gap where something was given out");
    const bool cut = mine.fate[i] == Fate::cut;
    if (chunk.cause == Cause::snaplen && !cut) return complain("snaplen, and not cut");
    const bool left_out = mine.came_answered[i] || mine.forgettable[i];
    if (!cut && mine.first[i] > 0 && mine.first[i] <= fed && !left_out)
      return complain(fmt::format("a gap over a byte that was captured, {}", i));
    if (mine.first[i] > fed) mine.first[i] = 0;  // came too late
    mine.fate[i] = cut ? Fate::cut : Fate::gap;
    if (cut) mine.fate[i] = Fate::old;
  }
}

void Judge::on_fin(Side which) {
  const unsigned side = side_of(which);
  Stream& mine = streams_[side];
  if (trace_ != nullptr) trace_->push_back(fmt::format("       > {} fin", side));
  if (std::exchange(mine.fin_told, true)) complain("an end told twice");
  const bool in_gap = mine.base && *mine.base + mine.given == length(side) + 1;  // the gap before it took its number
  if (mine.base && *mine.base + mine.given != length(side) && !(in_gap && mine.acked() == length(side) + 1))
    complain("an end that is not the end");
  if (!mine.fin_seen && mine.acked() != length(side) + 1) complain("an end that nobody saw");
}

void Judge::on_old(Side which, std::uint64_t offset, Bytes bytes) {
  const unsigned side = side_of(which);
  Stream& mine = streams_[side];
  if (offset + bytes.size() > mine.given) return complain("old, and not given out yet");
  if (!mine.base) return;
  const std::uint64_t at = *mine.base + offset;
  if (at + bytes.size() > length(side)) return complain("old bytes behind the end");
  if (!std::equal(bytes.begin(), bytes.end(), recording_.streams[side].begin() + static_cast<std::ptrdiff_t>(at))) {
    return complain("wrong old bytes");
  }
  ++happened_["old"];
  for (std::uint64_t i = at; i < at + bytes.size(); ++i) {
    if (mine.fate[i] != Fate::gap) continue;
    mine.fate[i] = Fate::old;
    ++happened_["late bytes"];
    const auto acked = acked_when(mine, i);
    if (!conditions_.cramped && (!acked || clock_ < *acked + settings_.grace)) {
      return complain(fmt::format("byte {} is late, less than one grace after its acknowledgement", i));
    }
  }
}

void Judge::on_oddity(Oddity oddity) {
  ++oddities_[static_cast<std::size_t>(oddity)];
  ++happened_[name(oddity)];
  const CapturedPacket& packet = recording_.packets[fed_ - 1];
  if (oddity == Oddity::out_of_window || oddity == Oddity::invalid_ack) {
    doubted_ = clock_;
    confirms_ = 1 - packet.from;
  }
  if (oddity == Oddity::out_of_window && conditions_.cramped) {
    Stream& mine = streams_[packet.from];
    const auto begin = mine.forgettable.begin() + static_cast<std::ptrdiff_t>(packet.at);
    std::fill_n(begin, packet.segment.length(), true);
  }
  if (trace_ != nullptr) trace_->push_back(fmt::format("       ! {}", name(oddity)));
}

}  // namespace unspool::test
