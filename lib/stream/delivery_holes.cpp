#include "stream/delivery.h"

#include <cassert>
#include <utility>

namespace unspool {

// ---- holes

Position Delivery::front_end(unsigned side) {
  const Half& h = half(side);
  const Waiting::Lane* mine = lane(side);
  Position end = h.fin ? h.top : std::max(h.acked, h.next);
  if (mine != nullptr && !mine->held.empty()) end = mine->held.begin()->first;
  end = std::min(end, std::max(in_hand_[side], h.next));
  const bool resets = session_.phase_ == Phase::resetting && session_.waiting_->reset_from == side;
  return resets ? std::min(end, std::max(session_.waiting_->reset_at, h.next)) : end;
}

bool Delivery::front_after_drop(unsigned side) {
  const Waiting::Lane* mine = lane(side);
  return mine != nullptr && !mine->held.empty() && mine->held.begin()->second.after_drop;
}

bool Delivery::front_missing(unsigned side) {
  const Half& h = half(side);
  return h.state >= Base::acked && front_end(side) > h.next;
}

Cause Delivery::patience_cause(unsigned side) const {
  return session_.halves_[1 - side].seen ? Cause::limit : Cause::one_sided;
}

/// First the one whose hole was acknowledged first.
std::array<unsigned, 2> Delivery::sides_by_hole() {
  const auto passed = [this](unsigned side) {
    const Waiting::Lane* mine = lane(side);
    return mine != nullptr && mine->hole.open && mine->hole.acked ? mine->hole.passed : Timestamp::max();
  };
  if (passed(1) < passed(0)) return {1, 0};
  return {0, 1};
}

/// The one byte may be a FIN, which nobody saw either.
bool Delivery::misses_one_at_tail(unsigned side) {
  const Half& h = half(side);
  const Waiting::Lane* mine = lane(side);
  const bool tail = (mine == nullptr || mine->held.empty()) && in_hand_[side] == Position::last();
  return !h.fin && h.state >= Base::acked && h.seen && tail && !h.gap_last && h.acked == h.next + 1;
}

bool Delivery::may_be_fins() { return misses_one_at_tail(0) && misses_one_at_tail(1); }

/// That a FIN is missing, and no byte, shows when the other side has ended too; and where both miss just one byte, when
/// nothing ever followed.
bool Delivery::infer_fin(unsigned side, bool at_the_end) {
  Half& h = half(side);
  if (!misses_one_at_tail(side) || !(half(1 - side).fin || (at_the_end && misses_one_at_tail(1 - side)))) return false;
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
  if (acked && infer_fin(side, unacknowledged == Cause::end)) return;
  Cause cause = acked ? Cause::not_captured : unacknowledged;
  if (acked && h.next == h.base && session_.roles_ != Roles::syn && session_.roles_ != Roles::syn_ack) {
    cause = Cause::before_capture;
  }
  const bool lost = mine != nullptr && mine->hole.open && mine->hole.after_drop;
  if (lost || front_after_drop(side)) cause = Cause::capture_drop;
  give_gap(side, upto, cause);
}

void Delivery::tend_holes() {
  for (const unsigned side : {0U, 1U}) {
    const Half& h = half(side);
    if (!front_missing(side)) {
      if (Waiting::Lane* mine = lane(side)) mine->hole.open = false;
      continue;
    }
    Hole& hole = waiting().lanes[side].hole;
    if (!hole.open || hole.at != h.next) {
      hole = Hole{.open = true,
                  .after_drop = h.lossy || front_after_drop(side) || (hole.open && hole.after_drop),
                  .at = h.next,
                  .opened = clock_};
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
  context_.pool.give_back(std::move(session_.waiting_));
}

void Delivery::drop_after_reset() {
  const Waiting& w = waiting();
  if (half(w.reset_from).top > w.reset_at &&
      lane(w.reset_from)->held.lower_bound(w.reset_at) != w.lanes[w.reset_from].held.end()) {
    count(Oddity::after_rst);
  }
  drop_held(w.reset_from, w.reset_at);
  Half& sender = half(w.reset_from);
  if (sender.fin_given || sender.top <= w.reset_at) return;
  sender.top = std::max(sender.next, w.reset_at);
  sender.fin = false;
}

void Delivery::set_deadline() {
  Waiting& w = waiting();
  w.deadline = std::min(w.reset_deadline, w.syn_deadline);
  const bool fins = may_be_fins();  // which the end shows, or what follows
  for (const Waiting::Lane& mine : w.lanes) {
    if (mine.start_deadline) w.deadline = std::min(w.deadline, *mine.start_deadline);
    if (mine.far_deadline) w.deadline = std::min(w.deadline, *mine.far_deadline);
    if (!mine.hole.open || fins) continue;
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
  const std::size_t before = w.segments();
  pump();
  if (w.segments() < before) return true;
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
    if (half(side).state != Base::held && !blocked_at_start(side)) continue;
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
  if (may_be_fins()) return;
  for (const unsigned side : sides_by_hole()) {
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

/// Gives out the oldest that waits for bytes which the other side will never have: acknowledgements that contradict
/// each other.
bool Delivery::give_stuck() {
  unsigned found = 2;
  for (const unsigned side : {0U, 1U}) {
    const Waiting::Lane* mine = lane(side);
    if (mine == nullptr || mine->held.empty() || blocked(side, half(side).next)) continue;
    if (found == 2 || mine->held.begin()->second.order < lane(found)->held.begin()->second.order) found = side;
  }
  if (found == 2) return false;
  count(Oddity::order_conflict);
  give_held(found);
  return true;
}

void Delivery::flush() {
  for (const unsigned side : {0U, 1U}) {
    const Half& h = half(side);
    if (h.state == Base::held || blocked_at_start(side)) settle_start(side, h.top);
  }
  for (;;) {
    pump();
    unsigned side = 2;
    for (const unsigned s : sides_by_hole()) {
      if (side == 2 && front_missing(s) && half(s).acked > half(s).next) side = s;
    }
    if (side < 2) {
      give_up_front(side, half(side).acked, Cause::end);
      continue;
    }
    side = first_waiting_front();
    if (side == 2 && front_missing(0)) side = 0;
    if (side == 2 && front_missing(1)) side = 1;
    if (side == 2 && !give_stuck()) break;
    if (side < 2) give_up_front(side, front_end(side), half(1 - side).seen ? Cause::end : Cause::one_sided);
  }
  assert(!session_.waiting_ || session_.waiting_->lanes[0].held.size() + session_.waiting_->lanes[1].held.size() == 0);
  tell_roles();
}

}  // namespace unspool
