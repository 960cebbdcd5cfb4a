#include "stream/delivery.h"

#include <algorithm>
#include <cassert>

namespace unspool {

Waiting& Delivery::waiting() {
  if (session_.waiting_) return *session_.waiting_;
  session_.waiting_ = context_.pool.take();
  for (const unsigned side : {0U, 1U}) {
    const Half& peer = half(1 - side);
    const bool given = peer.state == Base::known && peer.next != peer.base;
    if (given) session_.waiting_->lanes[side].answered = half(side).base;  // or further: it was not kept
  }
  return *session_.waiting_;
}

void Delivery::tell_fin(unsigned side) {
  half(side).fin_given = true;
  half(side).state = Base::known;
  if (Waiting::Lane* mine = lane(side)) mine->fin_needs = Position{};
  tell_roles();
  listener_.on_fin(side_name(side));
}

std::uint64_t Delivery::offset(unsigned side, Position at) {
  const Half& h = half(side);
  const Waiting::Lane* mine = lane(side);
  if (mine == nullptr || mine->urgent.empty()) return at - h.base;
  const auto first = std::lower_bound(mine->urgent.begin(), mine->urgent.end(), h.base);
  const auto out = std::lower_bound(first, mine->urgent.end(), at) - first;
  return at - h.base - static_cast<std::uint64_t>(out);
}

template <class Each>
void Delivery::between_urgent(unsigned side, Position at, Bytes bytes, const Each& each) {
  const std::vector<Position> urgent = lane(side)->urgent;
  for (const Position out : urgent) {
    if (out < at || out >= at + bytes.size()) continue;
    const std::uint64_t before = out - at;
    if (before > 0) each(at, bytes.first(before));
    at = out + 1;
    bytes = bytes.subspan(before + 1);
  }
  if (!bytes.empty()) each(at, bytes);
}

void Delivery::take_out(unsigned side, Position at) {
  if (half(side).state >= Base::acked && at < half(side).next) return;  // given out, or out already
  std::vector<Position>& urgent = waiting().lanes[side].urgent;
  const auto place = std::lower_bound(urgent.begin(), urgent.end(), at);
  if (place != urgent.end() && *place == at) return;
  if (urgent.size() == Waiting::kUrgent) return count(Oddity::urgent_inline);
  urgent.insert(place, at);
}

void Delivery::give(unsigned side, Bytes bytes, Timestamp seen, Origin origin, bool after_rst) {
  Half& h = half(side);
  const auto run_at = [&](Position at, Bytes run) {
    h.next = at;
    session_.give(side, offset(side, at), run, seen, origin, after_rst, listener_);
  };
  if (!session_.waiting_ || lane(side)->urgent.empty()) return run_at(h.next, bytes);
  const Position end = h.next + bytes.size();
  std::size_t given = 0;
  between_urgent(side, h.next, bytes, [&](Position at, Bytes run) {
    run_at(at, run);
    given += run.size();
  });
  h.next = end;
  h.gap_last = false;
  h.top = std::max(h.top, end);
  if (given < bytes.size()) listener_.on_taken_out(side_name(side), bytes.size() - given);
}

void Delivery::give(unsigned side, const Piece& piece) {
  if (Waiting::Lane* peer = lane(1 - side)) peer->answered = std::max(peer->answered, piece.needs);
  const bool after_rst = after_reset_of_peer(side);
  piece.by_origin([&](Bytes run, Origin origin) { give(side, run, piece.seen, origin, after_rst); });
  if (piece.missing > 0) give_gap(side, half(side).next + piece.missing, Cause::snaplen);
}

void Delivery::give_gap(unsigned side, Position upto, Cause cause) {
  Half& h = half(side);
  assert(upto > h.next);
  tell_roles();
  if (Waiting::Lane* mine = lane(side)) {  // an urgent byte in a gap is missing like any other
    std::erase_if(mine->urgent, [&](Position out) { return out >= h.next && out < upto; });
  }
  const Chunk chunk{.from = side_name(side),
                    .cause = cause,
                    .offset = offset(side, h.next),
                    .missing = upto - h.next,
                    .seen = clock_};
  h.next = upto;
  h.gap_last = cause != Cause::snaplen;
  h.lossy = h.lossy && cause != Cause::snaplen;
  h.top = std::max(h.top, h.next);
  h.state = Base::known;
  listener_.on_chunk(chunk);
}

bool Delivery::satisfied(unsigned side, Position needs) {
  const Half& peer = half(1 - side);
  if (peer.state == Base::held) return false;  // its beginning is settled soon
  return peer.state < Base::acked || peer.next >= needs || (peer.fin && peer.next == peer.top);
}

bool Delivery::after_reset_of_peer(unsigned side) const {
  return session_.phase_ == Phase::resetting && session_.waiting_->reset_from != side;
}

bool Delivery::blocked(unsigned side, Position at) const {
  if (!session_.waiting_) return false;
  const Waiting& w = *session_.waiting_;
  if (session_.phase_ == Phase::resetting && side == w.reset_from && at >= w.reset_at) return true;
  return blocked_at_start(side);
}

bool Delivery::blocked_at_start(unsigned side) const {
  return session_.waiting_ && (session_.waiting_->lanes[side].syn_data_open || waits_for_older(side));
}

// ---- taking in

void Delivery::accept(unsigned side, Piece piece, const IpAddress& host) {
  for (;;) {
    Half& h = half(side);
    in_hand_[side] = Position::last();
    if (piece.at < h.base) count(Oddity::before_start);
    if (piece.at < h.next) {
      const std::uint64_t old = std::min<std::uint64_t>(h.next - piece.at, piece.length());
      if (piece.at >= h.base) {
        const Bytes again = piece.bytes.first(std::min<std::uint64_t>(old, piece.bytes.size()));
        const auto tell = [&](Position at, Bytes run) { listener_.on_old(side_name(side), offset(side, at), run); };
        const bool parted = lane(side) != nullptr && !lane(side)->urgent.empty();
        parted ? between_urgent(side, piece.at, again, tell) : tell(piece.at, again);
      }
      piece.drop_front(old);
    }
    if (piece.length() == 0) return;

    const bool in_order = piece.at == h.next && satisfied(side, piece.needs) && !blocked(side, piece.at);
    const std::uint64_t free = until_held(side, piece);
    if (in_order && free == piece.length()) return give(side, piece);
    HeldMap& held = waiting().lanes[side].held;
    if (room_for(side, held, piece, host)) return hold_uncovered(side, held, piece, host);
    if (in_order && free > 0) {
      give(side, piece.front(free));
      piece.drop_front(free);
      pump();
      continue;
    }
    in_hand_[side] = piece.at;
    if (!relieve() && force(side, piece)) return;
  }
}

bool Delivery::force(unsigned side, Piece& piece) {
  if (blocked(side, piece.at)) {
    count(Oddity::after_rst);
    return true;
  }
  const HeldMap& held = waiting().lanes[side].held;
  if (!held.empty() && held.begin()->first <= piece.at) {
    count(Oddity::order_conflict);
    give_held(side);
    return false;
  }
  if (piece.at > half(side).next) give_gap(side, piece.at, patience_cause(side));
  if (!satisfied(side, piece.needs)) count(Oddity::order_conflict);
  const std::uint64_t free = until_held(side, piece);
  give(side, piece.front(free));
  piece.drop_front(free);
  return piece.length() == 0;
}

void Delivery::wait_for_start(unsigned side, Position seen) {
  Half& h = half(side);
  if (h.state != Base::unknown) return;
  h.state = Base::held;
  h.next = seen;
  waiting().lanes[side].start_deadline = clock_ + context_.settings.grace;
}

bool Delivery::waits_for_older(unsigned side) const {
  return session_.halves_[side].state == Base::acked && session_.waiting_ &&
         session_.waiting_->lanes[side].start_deadline;
}

void Delivery::wait_for_older(unsigned side, Position at) {
  Half& h = half(side);
  Waiting::Lane& mine = waiting().lanes[side];
  at = std::max(at, mine.answered);
  if (at >= h.next) return;
  h.base = h.next = at;
  h.state = Base::acked;
  if (!mine.start_deadline) mine.start_deadline = clock_ + context_.settings.grace;
}

void Delivery::accept_at_start(unsigned side, const Piece& piece, const IpAddress& host) {
  Half& h = half(side);
  wait_for_start(side, piece.at);
  HeldMap& held = waiting().lanes[side].held;
  const bool room = room_for(side, held, piece, host);
  if (room) hold_uncovered(side, held, piece, host);
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
  h.base = h.next = base;
  h.acked = std::max(h.acked, base);  // an acknowledgement can lie before all that was held
  h.top = std::max(h.top, base);
  h.state = Base::known;
}

// ---- giving out

void Delivery::give_held(unsigned side) {
  HeldMap& map = waiting().lanes[side].held;
  auto node = map.begin();
  const Held& held = node->second;
  assert(node->first == half(side).next);
  Position& answered = waiting().lanes[1 - side].answered;
  answered = std::max(answered, held.needs);
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
    const std::array front{front_of(0), front_of(1)};
    const bool knot = front[0].held != nullptr && front[1].held != nullptr && !front[0].ready && !front[1].ready;
    if (knot) count(Oddity::order_conflict);
    if (!knot && !front[0].ready && !front[1].ready) return;
    const bool both = knot || (front[0].ready && front[1].ready);
    const unsigned first = both ? (front[0].order < front[1].order ? 0 : 1) : (front[0].ready ? 0 : 1);
    front[first].held != nullptr ? give_held(first) : tell_fin(first);
  }
}

Delivery::Front Delivery::front_of(unsigned side) {
  const Half& h = half(side);
  const Waiting::Lane& mine = waiting().lanes[side];
  if (h.state < Base::acked) return {};
  if (!mine.held.empty() && mine.held.begin()->first == h.next && !blocked(side, h.next)) {
    const Held& held = mine.held.begin()->second;
    return {.held = &held, .ready = satisfied(side, held.needs), .order = held.order};
  }
  const bool ends = h.fin && !h.fin_given && h.next == h.top && satisfied(side, mine.fin_needs);
  return {.ready = ends, .order = mine.fin_order};
}

}  // namespace unspool
