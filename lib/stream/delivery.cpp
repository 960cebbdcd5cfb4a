#include "stream/delivery.h"

#include <cassert>

namespace unspool {

void Piece::drop_front(std::uint64_t n) {
  const std::uint64_t of_bytes = std::min<std::uint64_t>(n, bytes.size());
  bytes = bytes.subspan(of_bytes);
  missing -= n - of_bytes;
  skipped += of_bytes;
  at = at + n;
}

void Piece::drop_back(std::uint64_t n) {
  const std::uint64_t of_missing = std::min(n, missing);
  missing -= of_missing;
  bytes = bytes.first(bytes.size() - (n - of_missing));
}

namespace {

/// Calls `each(Bytes, Origin)` for the runs of one origin in a piece's bytes.
template <class Each>
void by_origin(const Piece& piece, const Each& each) {
  std::uint64_t done = 0;
  for (std::size_t i = 0; i < piece.origins.size() && done < piece.bytes.size(); ++i) {
    const std::uint64_t here = piece.skipped + done;
    const std::uint64_t end = i + 1 < piece.origins.size() ? piece.origins[i + 1].offset : here + piece.bytes.size();
    if (end <= here) continue;
    const Bytes run = piece.bytes.subspan(done, std::min<std::uint64_t>(end - here, piece.bytes.size() - done));
    each(run, piece.origins[i].origin);
    done += run.size();
  }
}

Origin last_origin(const Piece& piece) { return piece.origins.empty() ? Origin{} : piece.origins.back().origin; }

}  // namespace

Waiting& Delivery::waiting() {
  if (!session_.waiting_) session_.waiting_ = std::make_unique<Waiting>();
  return *session_.waiting_;
}

void Delivery::tell_roles() {
  if (session_.roles_told_) return;
  if (!session_.roles_settled_ && session_.server_by_port_ < 2) {
    session_.client_ = static_cast<std::uint8_t>(1 - session_.server_by_port_);
    session_.roles_ = Roles::port;
  }
  session_.roles_settled_ = session_.roles_told_ = true;
  const bool midstream = session_.roles_ == Roles::port || session_.roles_ == Roles::first_sender;
  listener_.on_roles(session_.client_, session_.roles_, midstream);
}

void Delivery::tell_fin(unsigned side) {
  half(side).fin_given = true;
  if (Waiting::Lane* mine = lane(side)) mine->fin_needs = Position{};
  tell_roles();
  listener_.on_fin(side_name(side));
}

void Delivery::give(unsigned side, Bytes bytes, Timestamp seen, Origin origin, bool after_rst) {
  Half& h = half(side);
  tell_roles();
  const Chunk chunk{.from = side_name(side),
                    .after_rst = after_rst,
                    .offset = h.next - h.base,
                    .bytes = bytes,
                    .seen = seen,
                    .origin = origin};
  h.next = h.next + bytes.size();
  h.top = std::max(h.top, h.next);
  listener_.on_chunk(chunk);
}

void Delivery::give(unsigned side, const Piece& piece) {
  const bool after_rst = after_reset_of_peer(side);
  by_origin(piece, [&](Bytes run, Origin origin) { give(side, run, piece.seen, origin, after_rst); });
  if (piece.missing > 0) give_gap(side, half(side).next + piece.missing, Cause::snaplen);
}

void Delivery::give_gap(unsigned side, Position upto, Cause cause) {
  Half& h = half(side);
  assert(upto > h.next);
  tell_roles();
  const Chunk chunk{.from = side_name(side),
                    .cause = cause,
                    .offset = h.next - h.base,
                    .missing = upto - h.next,
                    .seen = clock_};
  h.next = upto;
  h.top = std::max(h.top, h.next);
  listener_.on_chunk(chunk);
}

bool Delivery::satisfied(unsigned side, Position needs) {
  const Half& peer = half(1 - side);
  return peer.state < Base::acked || peer.next >= needs || (peer.fin && peer.next == peer.top);
}

bool Delivery::after_reset_of_peer(unsigned side) const {
  return session_.phase_ == Phase::resetting && session_.waiting_->reset_from != side;
}

bool Delivery::blocked(unsigned side, Position at) const {
  if (!session_.waiting_) return false;
  const Waiting& w = *session_.waiting_;
  if (session_.phase_ == Phase::resetting && side == w.reset_from && at >= w.reset_at) return true;
  return w.lanes[side].syn_data_open;
}

// ---- taking in

void Delivery::accept(unsigned side, Piece piece, const IpAddress& host) {
  for (;;) {
    Half& h = half(side);
    if (piece.at < h.next) {
      const std::uint64_t old = std::min<std::uint64_t>(h.next - piece.at, piece.length());
      if (piece.at >= h.base) {
        listener_.on_old(side_name(side), piece.at - h.base, piece.bytes.first(std::min<std::uint64_t>(old, piece.bytes.size())));
      }
      piece.drop_front(old);
    }
    if (piece.length() == 0) return;

    const Waiting::Lane* mine = lane(side);
    const bool alone = mine == nullptr || mine->held.empty();
    const bool in_order = piece.at == h.next && satisfied(side, piece.needs) && !blocked(side, piece.at);
    if (in_order && alone) return give(side, piece);
    if (in_order && mine->held.begin()->first >= piece.end()) return give(side, piece);
    if (room_for(side, piece, host)) return hold_uncovered(side, piece, host);
    if (relieve()) continue;

    if (piece.at > h.next) give_gap(side, piece.at, patience_cause(side));
    if (!satisfied(side, piece.needs)) count(Oddity::order_conflict);
    if (blocked(side, piece.at)) return count(Oddity::after_rst);
    if (lane(side) == nullptr || lane(side)->held.empty()) return give(side, piece);
  }
}

void Delivery::accept_at_start(unsigned side, const Piece& piece, const IpAddress& host) {
  Half& h = half(side);
  if (h.state == Base::unknown) {
    h.state = Base::held;
    waiting().lanes[side].start_deadline = clock_ + context_.settings.grace;
  }
  const bool room = room_for(side, piece, host);
  if (room) hold_uncovered(side, piece, host);
  h.top = std::max(h.top, piece.end());
  if (room && waiting().lanes[side].bytes < context_.settings.start_bytes) return;
  settle_start(side, piece.at);
  if (!room) accept(side, piece, host);
}

void Delivery::settle_start(unsigned side, Position base) {
  Half& h = half(side);
  Waiting::Lane* mine = lane(side);
  if (mine != nullptr) {
    mine->start_deadline.reset();
    mine->syn_data_open = false;
    if (!mine->held.empty()) base = std::min(base, mine->held.begin()->first);
  }
  if (h.state == Base::known) return;
  h.base = h.next = h.acked = base;
  h.top = std::max(h.top, base);
  h.state = Base::known;
}

bool Delivery::room_for(unsigned side, const Piece& piece, const IpAddress& host) {
  Waiting& w = waiting();
  const StreamSettings& limits = context_.settings;
  if (w.segments() + 1 >= limits.held_segments || w.bytes() + piece.bytes.size() > limits.held_bytes) return false;
  Waiting::Lane& mine = w.lanes[side];
  if (mine.account == nullptr) {
    mine.account = &context_.budget.open(host);
    mine.host = host;
  }
  return context_.budget.allows(*mine.account, piece.bytes.size() + HeldBudget::kOverhead);
}

void Delivery::hold(unsigned side, HeldMap& map, const Piece& piece, const IpAddress& host) {
  Waiting& w = waiting();
  Waiting::Lane& mine = w.lanes[side];
  if (mine.account == nullptr) {
    mine.account = &context_.budget.open(host);
    mine.host = host;
  }
  const auto keep = [&](Position at, Held held) {
    context_.budget.take(*mine.account, held.bytes.size() + HeldBudget::kOverhead);
    mine.bytes += held.bytes.size();
    map.emplace(at, std::move(held));
  };
  Held held{.needs = piece.needs, .order = w.next_order++, .seen = piece.seen,
            .after_rst = after_reset_of_peer(side)};
  Position at = piece.at;
  by_origin(piece, [&](Bytes run, Origin origin) {
    held.bytes.assign(run.begin(), run.end());
    held.origin = origin;
    keep(at, held);
    at = at + run.size();
  });
  if (piece.missing > 0) {
    held.bytes.clear();
    held.missing = piece.missing;
    held.origin = last_origin(piece);
    keep(at, std::move(held));
  }
  half(side).top = std::max(half(side).top, piece.end());
}

void Delivery::hold_uncovered(unsigned side, const Piece& piece, const IpAddress& host) {
  HeldMap& map = waiting().lanes[side].held;
  auto next = map.upper_bound(piece.at);
  if (next != map.begin() && std::prev(next)->first + std::prev(next)->second.length() > piece.at) --next;
  Piece rest = piece;
  while (rest.length() > 0) {
    Piece head = rest;
    if (next == map.end() || next->first >= rest.end()) {
      hold(side, map, head, host);
      return;
    }
    const Position end = next->first + next->second.length();
    if (next->first > rest.at) {
      head.drop_back(rest.end() - next->first);
      hold(side, map, head, host);
      rest.drop_front(head.length());
    }
    compare(side, rest, next->first, next->second);
    rest.drop_front(std::min<std::uint64_t>(end - rest.at, rest.length()));
    ++next;
  }
}

void Delivery::compare(unsigned side, const Piece& piece, Position held_at, const Held& held) {
  const std::uint64_t into = piece.at - held_at;
  if (into >= held.bytes.size()) return;
  const Bytes first = Bytes{held.bytes}.subspan(into);
  const std::size_t n = std::min(first.size(), piece.bytes.size());
  if (n == 0) return;
  const auto differs = std::mismatch(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(n), piece.bytes.begin()).first;
  const auto same = static_cast<std::size_t>(differs - first.begin());
  if (same == n) return count(Oddity::retransmission);
  const Half& h = half(side);
  const std::uint64_t offset = h.state >= Base::acked ? piece.at - h.base + same : 0;
  listener_.on_conflict(side_name(side), offset, first.subspan(same, n - same), piece.bytes.subspan(same, n - same));
}

void Delivery::release(unsigned side, HeldMap& map, HeldMap::iterator held) {
  Waiting::Lane& mine = waiting().lanes[side];
  context_.budget.give_back(*mine.account, held->second.bytes.size() + HeldBudget::kOverhead);
  mine.bytes -= held->second.bytes.size();
  map.erase(held);
}

void Delivery::drop_held(unsigned side, Position from) {
  Waiting::Lane* mine = lane(side);
  if (mine == nullptr) return;
  for (auto held = mine->held.lower_bound(from); held != mine->held.end();) release(side, mine->held, held++);
}

// ---- giving out

void Delivery::give_held(unsigned side) {
  HeldMap& map = waiting().lanes[side].held;
  auto node = map.begin();
  const Held& held = node->second;
  if (held.missing > 0) {
    give_gap(side, node->first + held.missing, Cause::snaplen);
  } else {
    give(side, held.bytes, held.seen, held.origin, held.after_rst);
  }
  release(side, map, node);
}

void Delivery::pump() {
  if (!session_.waiting_) return;
  for (;;) {
    const Held* front[2] = {};
    bool ready[2] = {};
    for (const unsigned side : {0U, 1U}) {
      const Half& h = half(side);
      Waiting::Lane& mine = waiting().lanes[side];
      if (h.state < Base::acked) continue;
      if (!mine.held.empty() && mine.held.begin()->first == h.next && !blocked(side, h.next)) {
        front[side] = &mine.held.begin()->second;
        ready[side] = satisfied(side, front[side]->needs);
      } else if (h.fin && !h.fin_given && h.next == h.top && satisfied(side, mine.fin_needs)) {
        tell_fin(side);
      }
    }
    const bool knot = front[0] != nullptr && front[1] != nullptr && !ready[0] && !ready[1];
    if (knot) count(Oddity::order_conflict);
    if (!knot && !ready[0] && !ready[1]) return;
    const bool both = knot || (ready[0] && ready[1]);
    if (both) {
      give_held(front[0]->order < front[1]->order ? 0 : 1);
    } else {
      give_held(ready[0] ? 0 : 1);
    }
  }
}

// ---- holes

Position Delivery::front_end(unsigned side) {
  const Half& h = half(side);
  const Waiting::Lane* mine = lane(side);
  if (mine != nullptr && !mine->held.empty()) return mine->held.begin()->first;
  return h.fin ? h.top : std::max(h.acked, h.next);
}

bool Delivery::front_missing(unsigned side) {
  const Half& h = half(side);
  return h.state >= Base::acked && front_end(side) > h.next;
}

Cause Delivery::patience_cause(unsigned side) const {
  return session_.halves_[1 - side].seen ? Cause::limit : Cause::one_sided;
}

bool Delivery::infer_fin(unsigned side, Position upto) {
  Half& h = half(side);
  const Waiting::Lane* mine = lane(side);
  const bool tail = mine == nullptr || mine->held.empty();
  if (h.fin || !tail || upto - h.next != 1 || !half(1 - side).fin) return false;
  h.fin = true;
  h.top = h.acked = h.next;
  count(Oddity::fin_inferred);
  tell_fin(side);
  return true;
}

void Delivery::give_up_front(unsigned side, Position limit, Cause unacknowledged) {
  const Half& h = half(side);
  const Position upto = std::min(front_end(side), limit);
  const Waiting::Lane* mine = lane(side);
  const bool acked = h.acked >= upto;
  if (acked && infer_fin(side, upto)) return;
  Cause cause = acked ? Cause::not_captured : unacknowledged;
  if (acked && h.next == h.base && session_.roles_ != Roles::syn && session_.roles_ != Roles::syn_ack) {
    cause = Cause::before_capture;
  }
  if (mine != nullptr && mine->hole.open && mine->hole.after_drop) cause = Cause::capture_drop;
  give_gap(side, upto, cause);
}

void Delivery::tend_holes(bool after_drop) {
  for (const unsigned side : {0U, 1U}) {
    const Half& h = half(side);
    if (!front_missing(side)) {
      if (Waiting::Lane* mine = lane(side)) mine->hole.open = false;
      continue;
    }
    Hole& hole = waiting().lanes[side].hole;
    if (!hole.open || hole.at != h.next) {
      hole = Hole{.open = true, .after_drop = after_drop || (hole.open && hole.after_drop), .at = h.next, .opened = clock_};
    }
    if (!hole.acked && h.acked > h.next) {
      hole.acked = true;
      hole.passed = clock_;
      hole.upto = h.acked;
    }
  }
  if (!session_.waiting_) return;
  if (session_.waiting_->idle() || session_.phase_ == Phase::over) return let_go();
  set_deadline();
}

void Delivery::let_go() {
  if (!session_.waiting_) return;
  for (const unsigned side : {0U, 1U}) {
    Waiting::Lane& mine = waiting().lanes[side];
    for (HeldMap* map : {&mine.held, &mine.far}) {
      while (!map->empty()) release(side, *map, map->begin());
    }
    if (mine.account != nullptr) context_.budget.release(mine.host);
  }
  session_.waiting_.reset();
}

void Delivery::drop_after_reset() {
  const Waiting& w = waiting();
  if (half(w.reset_from).top > w.reset_at && lane(w.reset_from)->held.lower_bound(w.reset_at) != w.lanes[w.reset_from].held.end()) {
    count(Oddity::after_rst);
  }
  drop_held(w.reset_from, w.reset_at);
}

void Delivery::set_deadline() {
  Waiting& w = waiting();
  w.deadline = std::min(w.reset_deadline, w.syn_deadline);
  for (const Waiting::Lane& mine : w.lanes) {
    if (mine.start_deadline) w.deadline = std::min(w.deadline, *mine.start_deadline);
    if (mine.far_deadline) w.deadline = std::min(w.deadline, *mine.far_deadline);
    if (!mine.hole.open) continue;
    w.deadline = std::min(w.deadline, mine.hole.acked ? mine.hole.passed + context_.settings.grace
                                                      : mine.hole.opened + context_.settings.hole);
  }
}

unsigned Delivery::first_waiting_front() {
  unsigned found = 2;
  for (const unsigned side : {0U, 1U}) {
    const Waiting::Lane* mine = lane(side);
    if (mine == nullptr || mine->held.empty() || !front_missing(side)) continue;
    if (found == 2 || mine->held.begin()->second.order < lane(found)->held.begin()->second.order) found = side;
  }
  return found;
}

bool Delivery::relieve() {
  if (!session_.waiting_) return false;
  Waiting& w = *session_.waiting_;
  for (const unsigned side : {0U, 1U}) {
    if (w.lanes[side].far.empty()) continue;
    forget_far(side);
    return true;
  }
  for (const unsigned side : {0U, 1U}) {
    if (!front_missing(side) || half(side).acked <= half(side).next) continue;
    give_up_front(side, half(side).acked, Cause::limit);
    pump();
    return true;
  }
  if (const unsigned side = first_waiting_front(); side < 2) {
    give_up_front(side, front_end(side), patience_cause(side));
    pump();
    return true;
  }
  for (const unsigned side : {0U, 1U}) {
    if (half(side).state != Base::held && !w.lanes[side].syn_data_open) continue;
    settle_start(side, half(side).next);
    pump();
    return true;
  }
  return false;
}

void Delivery::run_timers() {
  Waiting& w = waiting();
  if (w.syn_deadline <= clock_) {
    w.syn.reset();
    w.syn_deadline = Timestamp::max();
  }
  for (const unsigned side : {0U, 1U}) {
    Waiting::Lane& mine = w.lanes[side];
    if (mine.start_deadline && *mine.start_deadline <= clock_) {
      settle_start(side, half(side).top);
      pump();
    }
    if (mine.far_deadline && *mine.far_deadline <= clock_) forget_far(side);
  }
  for (const unsigned side : {0U, 1U}) {
    const Hole hole = w.lanes[side].hole;
    if (hole.open && hole.acked && hole.passed + context_.settings.grace <= clock_) {
      while (half(side).next < hole.upto && front_missing(side)) {
        give_up_front(side, hole.upto, Cause::limit);
        pump();
      }
    } else if (hole.open && !hole.acked && hole.opened + context_.settings.hole <= clock_ && front_missing(side)) {
      give_up_front(side, front_end(side), patience_cause(side));
      pump();
    }
  }
}

void Delivery::flush() {
  for (const unsigned side : {0U, 1U}) {
    const Half& h = half(side);
    if (h.state == Base::held || (lane(side) != nullptr && lane(side)->syn_data_open)) settle_start(side, h.top);
  }
  for (;;) {
    pump();
    unsigned side = 2;
    for (const unsigned s : {0U, 1U}) {
      if (side == 2 && front_missing(s) && half(s).acked > half(s).next) side = s;
    }
    if (side < 2) {
      give_up_front(side, half(side).acked, Cause::end);
      continue;
    }
    side = first_waiting_front();
    if (side == 2 && front_missing(0)) side = 0;
    if (side == 2 && front_missing(1)) side = 1;
    if (side == 2) break;
    give_up_front(side, front_end(side), half(1 - side).seen ? Cause::end : Cause::one_sided);
  }
  tell_roles();
}

// ---- jumps that both sides show

void Delivery::accept_far(unsigned side, const Piece& piece, const IpAddress& host) {
  Waiting::Lane& mine = waiting().lanes[side];
  const bool confirmed = mine.far_ack && *mine.far_ack > piece.at && *mine.far_ack <= piece.end();
  const bool follows = !mine.far.empty() && std::prev(mine.far.end())->first + std::prev(mine.far.end())->second.length() == piece.at;
  if (!follows) {
    while (!mine.far.empty()) release(side, mine.far, mine.far.begin());
  }
  if (!room_for(side, piece, host)) return;
  mine.far_deadline = clock_ + context_.settings.hole;
  const Position top = half(side).top;
  hold(side, mine.far, piece, host);
  half(side).top = top;
  if (confirmed) confirm_far(side, *mine.far_ack);
}

void Delivery::confirm_far(unsigned side, Position acked) {
  Half& h = half(side);
  Waiting::Lane& mine = waiting().lanes[side];
  h.acked = std::max(h.acked, acked);
  const auto last = std::prev(mine.far.end());
  h.top = std::max(h.top, last->first + last->second.length());
  mine.held.merge(mine.far);
  forget_far(side);
  pump();
}

void Delivery::forget_far(unsigned side) {
  Waiting::Lane& mine = waiting().lanes[side];
  while (!mine.far.empty()) release(side, mine.far, mine.far.begin());
  mine.far_ack.reset();
  mine.far_deadline.reset();
}

}  // namespace unspool
