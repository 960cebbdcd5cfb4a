#include <utility>

#include "stream/delivery.h"

namespace unspool {

namespace {

/// Parts `piece` where what is held begins and ends: calls `free(Piece)` for what nothing held covers, and
/// `covered(Piece, Position, Held)` with the rest of the piece from within something held on. `free` may hold it.
template <class Map, class Free, class Covered>
void part(Map& map, Piece piece, const Free& free, const Covered& covered) {
  auto next = map.upper_bound(piece.at);
  if (next != map.begin() && std::prev(next)->first + std::prev(next)->second.length() > piece.at) --next;
  for (; piece.length() > 0; ++next) {
    if (next == map.end() || next->first >= piece.end()) return free(piece);
    if (next->first > piece.at) {
      const std::uint64_t before = next->first - piece.at;
      free(piece.front(before));
      piece.drop_front(before);
    }
    covered(piece, next->first, next->second);
    const Position end = next->first + next->second.length();
    piece.drop_front(std::min<std::uint64_t>(end - piece.at, piece.length()));
  }
}

}  // namespace

std::uint64_t Delivery::until_held(unsigned side, const Piece& piece) {
  const Waiting::Lane* mine = lane(side);
  if (mine == nullptr || mine->held.empty() || mine->held.begin()->first >= piece.end()) return piece.length();
  const Position held = mine->held.begin()->first;
  return held > piece.at ? held - piece.at : 0;
}

HeldBudget::Host& Delivery::account(unsigned side, const IpAddress& host) {
  Waiting::Lane& mine = waiting().lanes[side];
  if (mine.account == nullptr) {
    mine.account = &context_.budget.open(host);
    mine.host = host;
  }
  return *mine.account;
}

/// Only what is not held already needs room; each part of it counts as a segment.
bool Delivery::room_for(unsigned side, const HeldMap& map, const Piece& piece, const IpAddress& host) {
  Waiting& w = waiting();
  const StreamSettings& limits = context_.settings;
  std::uint64_t segments = 0, bytes = 0;
  const auto free = [&](const Piece& one) {
    one.by_origin([&](Bytes, Origin) { ++segments; });
    segments += one.missing > 0 ? 1 : 0;
    bytes += one.bytes.size();
  };
  part(map, piece, free, [](const Piece&, Position, const Held&) {});
  if (segments == 0) return true;
  const bool many = w.segments() + segments >= limits.held_segments;
  if (many || w.bytes() + bytes > limits.held_bytes) {
    context_.budget.refuse(many ? Bound::segments : Bound::bytes);
    return false;
  }
  return context_.budget.allows(account(side, host), bytes + segments * HeldBudget::kOverhead);
}

void Delivery::hold(unsigned side, HeldMap& map, const Piece& piece, const IpAddress& host) {
  Waiting& w = waiting();
  HeldBudget::Host& payer = account(side, host);
  const std::uint64_t order = w.next_order++;
  const auto keep = [&](Position at, Bytes bytes, std::uint64_t missing, Origin origin) {
    Held& held = context_.pool.add(map, at);
    held.bytes.assign(bytes.begin(), bytes.end());
    held.missing = missing;
    held.needs = piece.needs;
    held.order = order;
    held.seen = piece.seen;
    held.origin = origin;
    held.after_rst = after_reset_of_peer(side);
    if (&map == &w.lanes[side].held) {
      held.after_drop = half(side).lossy;
      half(side).lossy = false;
    }
    context_.budget.take(payer, bytes.size() + HeldBudget::kOverhead);
    w.lanes[side].bytes += bytes.size();
  };
  Position at = piece.at;
  piece.by_origin([&](Bytes run, Origin origin) {
    keep(at, run, 0, origin);
    at = at + run.size();
  });
  if (piece.missing > 0) keep(at, {}, piece.missing, piece.last_origin());
  half(side).top = std::max(half(side).top, piece.end());
}

void Delivery::hold_uncovered(unsigned side, HeldMap& map, const Piece& piece, const IpAddress& host) {
  part(
      map, piece, [&](const Piece& free) { hold(side, map, free, host); },
      [&](const Piece& covered, Position at, const Held& held) { compare(side, covered, at, held); });
}

void Delivery::compare(unsigned side, const Piece& piece, Position held_at, const Held& held) {
  const std::uint64_t into = piece.at - held_at;
  if (into >= held.bytes.size()) return;
  const Bytes first = Bytes{held.bytes}.subspan(into);
  const std::size_t n = std::min(first.size(), piece.bytes.size());
  if (n == 0) return;
  const auto differs =
      std::mismatch(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(n), piece.bytes.begin()).first;
  const auto same = static_cast<std::size_t>(differs - first.begin());
  if (same == n) return count(Oddity::retransmission);
  const std::uint64_t differs_at = half(side).state >= Base::acked ? offset(side, piece.at + same) : 0;
  listener_.on_conflict(side_name(side), differs_at, first.subspan(same, n - same),
                        piece.bytes.subspan(same, n - same));
}

void Delivery::release(unsigned side, HeldMap& map, HeldMap::iterator held) {
  Waiting::Lane& mine = waiting().lanes[side];
  context_.budget.give_back(*mine.account, held->second.bytes.size() + HeldBudget::kOverhead);
  mine.bytes -= held->second.bytes.size();
  context_.pool.remove(map, held);
}

bool Delivery::holds_past(unsigned side, Position at) {
  const Waiting::Lane* mine = lane(side);
  if (mine == nullptr || mine->held.empty()) return false;
  const auto& [last, held] = *mine->held.rbegin();
  return last + held.length() > at;
}

void Delivery::drop_held(unsigned side, Position from, Position upto) {
  Waiting::Lane* mine = lane(side);
  if (mine == nullptr) return;
  for (auto held = mine->held.lower_bound(from); held != mine->held.end() && held->first < upto;) {
    release(side, mine->held, held++);
  }
}

// ---- jumps that both sides show

void Delivery::accept_far(unsigned side, const Piece& piece, const IpAddress& host) {
  Waiting::Lane& mine = waiting().lanes[side];
  if (!room_for(side, mine.far, piece, host)) return;
  mine.far_deadline = clock_ + context_.settings.hole;
  const Position top = half(side).top;
  hold_uncovered(side, mine.far, piece, host);
  half(side).top = top;
  if (mine.far_ack && *mine.far_ack >= piece.at && *mine.far_ack <= piece.end()) acknowledge_far(side, *mine.far_ack);
}

void Delivery::show_far(unsigned side, Position seq) {
  Waiting::Lane& mine = waiting().lanes[side];
  mine.far_seq = seq;
  mine.far_deadline = clock_ + context_.settings.hole;
  if (mine.far_ack && *mine.far_ack <= seq) acknowledge_far(side, *mine.far_ack);
}

void Delivery::show_far_fin(unsigned side, Position end, Position needs) {
  Waiting::Lane& mine = waiting().lanes[side];
  mine.far_fin = end;
  mine.fin_needs = needs;
  mine.far_deadline = clock_ + context_.settings.hole;
}

bool Delivery::acknowledge_far(unsigned side, Position acked) {
  Waiting::Lane& mine = waiting().lanes[side];
  if (mine.far_fin && acked == *mine.far_fin + 1) acked = *mine.far_fin;
  const auto behind = mine.far.upper_bound(acked);
  const bool of_bytes =
      behind != mine.far.begin() && acked <= std::prev(behind)->first + std::prev(behind)->second.length();
  if (of_bytes || (mine.far_seq && acked <= *mine.far_seq)) {
    half(side).acked = std::max(half(side).acked, acked);
    mine.far_ack.reset();
    mine.far_seq.reset();
    take_far(side, acked);
    return true;
  }
  mine.far_ack = acked;
  mine.far_deadline = clock_ + context_.settings.hole;
  return false;
}

void Delivery::take_far(unsigned side, Position upto) {
  if (lane(side) == nullptr) return;
  HeldMap& far = lane(side)->far;
  const IpAddress host = lane(side)->host;
  while (!far.empty() && far.begin()->first <= upto) {
    const Position at = far.begin()->first;
    const Held held = far.begin()->second;
    release(side, far, far.begin());
    const OriginSpan origin{.offset = 0, .origin = held.origin};
    accept(side,
           {.at = at,
            .bytes = held.bytes,
            .missing = held.missing,
            .needs = held.needs,
            .seen = held.seen,
            .origins = {&origin, 1}},
           host);
    pump();
  }
  if (lane(side) == nullptr || !lane(side)->far_fin || *lane(side)->far_fin > upto) return;
  const Position end = *std::exchange(lane(side)->far_fin, std::nullopt);
  Half& h = half(side);
  if (h.fin || end < h.top) return count(Oddity::bad_fin);
  h.fin = true;
  h.top = end;
  h.acked = std::min(h.acked, end);
  pump();
}

void Delivery::forget_far(unsigned side) {
  Waiting::Lane& mine = waiting().lanes[side];
  if (mine.far_fin) mine.fin_needs = Position{};
  mine.far_fin.reset();
  while (!mine.far.empty()) release(side, mine.far, mine.far.begin());
  mine.far_ack.reset();
  mine.far_seq.reset();
  mine.far_deadline.reset();
}

}  // namespace unspool
