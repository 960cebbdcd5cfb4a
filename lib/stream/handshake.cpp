#include "stream/handshake.h"

namespace unspool {

using wire::TcpFlags;

namespace {
constexpr std::uint8_t kLargestScale = 14;  // RFC 7323, 2.3
}

std::uint64_t Handshake::window_of(const Half& receiver) {
  constexpr std::uint64_t kUnknown = std::uint64_t{65535} << kLargestScale;
  return receiver.window == 0 ? kUnknown : receiver.window;
}

Position Handshake::position(unsigned side, std::uint32_t seq) const {
  const Half& half = session_.halves_[side];
  if (half.state != Base::unknown) return half.next.nearest(seq);
  const bool reset = session_.phase_ == Phase::resetting && session_.waiting_->reset_from == side;
  return reset ? session_.waiting_->reset_at.nearest(seq) : Position::first(seq);
}

Handshake::Outcome Handshake::take() {
  if (session_.phase_ == Phase::over) return take_after_end();
  if (segment_.has(TcpFlags::rst)) {
    take_reset();
    delivery_.tend_holes(arrival_.after_drop);
    return outcome_;
  }
  const bool syn = segment_.has(TcpFlags::syn);
  const bool ack = segment_.has(TcpFlags::ack);
  if (syn && segment_.has(TcpFlags::fin)) {
    delivery_.count(Oddity::syn_fin);
    return outcome_;
  }
  if (syn && !(ack ? take_syn_ack() : take_syn())) {
    delivery_.tend_holes(arrival_.after_drop);
    return outcome_;
  }
  if (!syn && !ack) {
    if (segment_.length() > 0) delivery_.count(Oddity::no_ack_flag);
    return outcome_;
  }
  if (!syn && session_.phase_ == Phase::handshake) session_.phase_ = Phase::open;
  if (!session_.roles_settled_ && !mine_.seen && !peer_.seen) session_.client_ = static_cast<std::uint8_t>(side_);
  mine_.seen = true;
  // A SYN's own window is not scaled; those that followed it unseen were.
  mine_.window = std::max(mine_.window, std::uint32_t{segment_.window} << mine_.scale);

  const Position needs = ack ? take_ack() : Position{};
  take_payload(needs);
  take_fin(needs);
  delivery_.pump();
  for (const unsigned side : {0U, 1U}) {
    const Half& half = session_.halves_[side];
    delivery_.take_far(side, std::max(half.next, half.acked) + window_of(session_.halves_[1 - side]));
  }
  close_if_done(session_);
  delivery_.tend_holes(arrival_.after_drop);
  return outcome_;
}

void Handshake::close_if_done(TcpSession& session) {
  if (session.phase_ == Phase::over || !session.halves_[0].fin_given || !session.halves_[1].fin_given) return;
  if (session.phase_ == Phase::resetting) return;  // the reset has its own end
  session.phase_ = Phase::over;
  session.ending_ = Ending::closed;
  session.ended_itself_ = true;
}

/// Late packets of a session that has ended, or the first of another one between the same endpoints.
Handshake::Outcome Handshake::take_after_end() {
  const bool known = mine_.state == Base::known;
  if (segment_.has(TcpFlags::syn)) {
    const Position first = mine_.base.nearest(segment_.seq + 1);
    const bool again =
        known && (mine_.syn ? first == mine_.base : first <= mine_.base && first + window_of(peer_) >= mine_.base);
    if (!again) return Outcome::reused;
  } else if (segment_.length() > 0 && !segment_.has(TcpFlags::rst)) {
    constexpr std::uint64_t kStraggler = 1U << 16U;
    const Position at = known ? mine_.top.nearest(segment_.seq) : Position{};
    const bool continues = session_.ending_ == Ending::closed && known && at <= mine_.top + kStraggler;
    const bool old = known && at + segment_.length() <= mine_.top + 1 && at + kStraggler >= mine_.base;
    if (!continues && !old) return Outcome::reused;
    if (at > mine_.top) delivery_.count(Oddity::data_after_fin);
  } else if ((segment_.flags & (TcpFlags::rst | TcpFlags::fin)) == 0) {
    return Outcome::taken;  // the acknowledgement of the last FIN
  }
  delivery_.count(Oddity::after_end);
  return Outcome::taken;
}

// ---- resets

void Handshake::take_reset() {
  if (segment_.length() > 0) delivery_.count(Oddity::rst_data);
  if (session_.phase_ == Phase::handshake && peer_.syn && mine_.state == Base::unknown) {  // the answer to a SYN
    const bool answers = segment_.has(TcpFlags::ack) && peer_.base.nearest(segment_.ack) >= peer_.base &&
                         peer_.base.nearest(segment_.ack) <= peer_.top;
    if (!answers) return delivery_.count(Oddity::rst_inexact);
    delivery_.drop_held(1 - side_, peer_.base);
    session_.phase_ = Phase::over;
    session_.ending_ = Ending::rejected;
    session_.ended_itself_ = true;
    delivery_.tell_roles();
    return;
  }
  const Position at = position(side_, segment_.seq);
  const bool open = mine_.state == Base::unknown || mine_.state == Base::held;
  const bool next = at == mine_.next || at == mine_.acked || at == mine_.top || (mine_.fin && at == mine_.top + 1);
  const bool exact = open || (next && at >= mine_.acked);  // the peer is never behind what it acknowledged
  if (!exact) return delivery_.count(Oddity::rst_inexact);
  if (session_.phase_ == Phase::resetting) return;
  if (segment_.has(TcpFlags::ack) && peer_.state == Base::known) {  // many put nonsense there: it opens no hole
    const Position acked = peer_.next.nearest(segment_.ack);
    if (acked > peer_.acked && acked <= peer_.top) peer_.acked = acked;
  }
  if (mine_.state == Base::held) delivery_.settle_start(side_, mine_.top);
  mine_.seen = true;
  session_.phase_ = Phase::resetting;
  Waiting& waiting = delivery_.waiting();
  waiting.reset_from = side_;
  waiting.reset_at = at;
  waiting.reset_deadline = arrival_.clock + context_.settings.grace;
  delivery_.pump();
}

// ---- beginnings

void Handshake::settle_roles(unsigned client, Roles roles) {
  if (session_.roles_settled_) return;
  session_.roles_settled_ = true;
  session_.client_ = static_cast<std::uint8_t>(client);
  session_.roles_ = roles;
}

void Handshake::begin(Half& half, unsigned side, std::uint32_t first_seq) {
  if (half.state == Base::held) {
    delivery_.settle_start(side, half.next.nearest(first_seq));
    return;
  }
  const Position at = position(side, first_seq);
  const Waiting::Lane* lane = delivery_.lane(side);
  delivery_.drop_held(side, half.base, lane != nullptr && lane->syn_data_open ? Position::last() : at);
  // Another SYN says nothing of what followed this one; without one, the peer did acknowledge what it acknowledged.
  half.acked = half.syn ? at : std::max(half.acked, at);
  half.top = half.fin ? std::max(half.top, at) : at;
  if (lane != nullptr && !lane->held.empty()) {
    const auto last = std::prev(lane->held.end());
    half.top = std::max(half.top, last->first + last->second.length());
  }
  half.base = half.next = at;
  half.state = Base::known;
}

void Handshake::read_scale() {
  const auto scale = wire::window_scale(segment_.options);
  if (!scale) session_.unscaled_ = true;  // both sides must offer it (RFC 7323, 2.2)
  mine_.scale = scale.value_or(0);
  if (!session_.unscaled_) return;
  peer_.window >>= peer_.scale;
  mine_.scale = peer_.scale = 0;
}

void Handshake::remember_syn() {
  delivery_.waiting().syn_deadline = arrival_.clock + context_.settings.hole;
  delivery_.waiting().syn = TcpSession::RememberedSyn{.seq = segment_.seq,
                                                      .window = segment_.window,
                                                      .scale = wire::window_scale(segment_.options),
                                                      .from = side_,
                                                      .time = arrival_.time,
                                                      .origin = arrival_.origins.front().origin};
  delivery_.count(Oddity::syn_ignored);
}

bool Handshake::take_syn() {
  const bool same = mine_.state == Base::known && mine_.base.nearest(segment_.seq + 1) == mine_.base;
  const bool untouched = mine_.state <= Base::acked || (mine_.next == mine_.base && !session_.roles_told_);
  if (mine_.syn && same) return true;
  const bool restart = mine_.syn && session_.phase_ == Phase::handshake && !peer_.syn && untouched;
  const bool late_start = !mine_.syn && untouched && plausible_start(side_, segment_.seq + 1);
  const bool seen = late_start && mine_.state != Base::unknown;
  if (session_.phase_ == Phase::resetting && !same && !seen) {
    outcome_ = Outcome::reused;
    return false;
  }
  if (!same && !restart && !late_start) {
    const bool own = !mine_.syn && plausible_start(side_, segment_.seq + 1);  // too late to tell the beginning
    if (own) {
      delivery_.count(Oddity::syn_ignored);
    } else {
      remember_syn();
    }
    return false;
  }
  if (!same) begin(mine_, side_, segment_.seq + 1);
  mine_.syn = true;
  read_scale();
  settle_roles(side_, Roles::syn);
  return true;
}

/// Whether the stream of `side` can begin there, for all that was seen of it.
bool Handshake::plausible_start(unsigned side, std::uint32_t first_seq) const {
  const Half& half = session_.halves_[side];
  if (half.state == Base::unknown) return true;
  const Position first = half.next.nearest(first_seq);
  return first <= half.next && first + window_of(session_.halves_[1 - side]) >= half.next;
}

/// Whether this SYN-ACK answers a SYN that was remembered: then both belong to another session.
bool Handshake::answers_remembered() {
  const auto remembered = session_.remembered_syn();
  if (!remembered || remembered->from == side_ || remembered->seq + 1 != segment_.ack) return false;
  outcome_ = Outcome::reused;
  return true;
}

/// The SYN that a SYN-ACK answers: ours, or one of another sequence number than we saw.
bool Handshake::acknowledges_own_syn() {
  if (!peer_.syn) {
    if (peer_.state == Base::known) return peer_.base.nearest(segment_.ack) == peer_.base;
    if (!plausible_start(1 - side_, segment_.ack)) return false;
    begin(peer_, 1 - side_, segment_.ack);
    return true;
  }
  const Position acked = peer_.base.nearest(segment_.ack);
  if (acked >= peer_.base && acked <= peer_.top) return true;
  if (session_.phase_ != Phase::handshake || peer_.next != peer_.base) return false;
  begin(peer_, 1 - side_, segment_.ack);
  return true;
}

bool Handshake::take_syn_ack() {
  const bool same = mine_.state == Base::known && mine_.base.nearest(segment_.seq + 1) == mine_.base;
  if (mine_.syn && !same) {
    if (session_.phase_ == Phase::handshake && mine_.next == mine_.base) {
      delivery_.waiting().lanes[side_].other_isn = segment_.seq;
    }
    if (!answers_remembered()) delivery_.count(Oddity::synack_unexpected);
    return false;
  }
  const bool begun = mine_.state == Base::known && (mine_.next != mine_.base || mine_.fin_given);
  if (answers_remembered()) return false;
  if ((!same && (begun || !plausible_start(side_, segment_.seq + 1))) || !acknowledges_own_syn()) {
    delivery_.count(Oddity::synack_unexpected);
    return false;
  }
  if (!same) begin(mine_, side_, segment_.seq + 1);
  mine_.syn = true;
  read_scale();
  settle_roles(1 - side_, Roles::syn_ack);

  Waiting::Lane* lane = delivery_.lane(1 - side_);
  if (lane != nullptr && lane->syn_data_open) {
    if (peer_.base.nearest(segment_.ack) == peer_.base) {  // the peer did not take it (RFC 7413, 4.2.2)
      delivery_.drop_held(1 - side_, peer_.base);
      peer_.top = peer_.base;
    }
    delivery_.settle_start(1 - side_, peer_.base);
  }
  return true;
}

// ---- acknowledgements

Position Handshake::take_ack() {
  const std::uint32_t ack = segment_.ack;
  switch (peer_.state) {
    case Base::unknown:
      peer_.base = peer_.next = peer_.acked = peer_.top = position(1 - side_, ack);
      peer_.state = Base::acked;
      lift_reset(peer_.acked);
      return peer_.next;
    case Base::held: {
      Position acked = peer_.next.nearest(ack);
      if (peer_.fin && acked == peer_.top + 1) acked = peer_.top;
      const HeldMap& held = delivery_.waiting().lanes[1 - side_].held;
      const Position lowest = held.empty() ? peer_.top : held.begin()->first;
      if (acked > peer_.top + (peer_.fin ? 0 : window_of(mine_))) return Position{};
      if (acked + window_of(mine_) < lowest) return Position{};
      peer_.acked = std::max(peer_.acked, acked);
      if (acked < lowest) return acked;
      delivery_.settle_start(1 - side_, lowest);
      break;
    }
    case Base::acked:
    case Base::known: break;
  }
  Waiting::Lane* lane = delivery_.lane(1 - side_);
  if (lane != nullptr && lane->other_isn) {  // two SYN-ACKs: which one was taken?
    const bool open = peer_.next == peer_.base;
    if (open && *lane->other_isn + 1 == ack) {
      begin(peer_, 1 - side_, ack);
    } else if (open && peer_.base.nearest(ack) != peer_.base) {
      delivery_.count(Oddity::invalid_ack);
      return Position{};
    }
    lane->other_isn.reset();
  }
  Position acked = peer_.next.nearest(ack);
  if (peer_.fin && acked == peer_.top + 1) acked = peer_.top;
  const Position highest = std::max({peer_.next, peer_.acked, peer_.top});
  if (acked > highest + (peer_.fin ? 0 : window_of(mine_))) {
    if (!delivery_.acknowledge_far(1 - side_, acked)) {
      delivery_.count(Oddity::invalid_ack);
      return Position{};
    }
    lift_reset(acked);
    return acked;
  }
  peer_.acked = std::max(peer_.acked, acked);
  lift_reset(acked);
  if (lane != nullptr && lane->syn_data_open && acked > peer_.base) delivery_.settle_start(1 - side_, peer_.base);
  return acked;
}

/// A reset is none where the peer acknowledges what its sender sent behind it.
void Handshake::lift_reset(Position acked) {
  if (session_.phase_ != Phase::resetting || session_.waiting_->reset_from == side_) return;
  if (acked <= session_.waiting_->reset_at) return;
  delivery_.count(Oddity::rst_ignored);
  session_.phase_ = Phase::open;
  session_.waiting_->reset_deadline = Timestamp::max();
}

// ---- bytes and ends

bool Handshake::is_far(unsigned side, Position at) const {
  const Half& half = session_.halves_[side];
  return at > std::max(half.next, half.acked) + window_of(session_.halves_[1 - side]);
}

void Handshake::take_payload(Position needs) {
  const bool syn = segment_.has(TcpFlags::syn);
  if (segment_.length() == 0) {
    if (!syn && mine_.state >= Base::acked && !mine_.fin && is_far(side_, position(side_, segment_.seq))) {
      delivery_.show_far(side_, position(side_, segment_.seq));
    }
    return;
  }
  Piece piece{.at = position(side_, segment_.seq + (syn ? 1 : 0)),
              .bytes = segment_.payload,
              .missing = segment_.missing,
              .needs = needs,
              .seen = arrival_.time,
              .origins = arrival_.origins};
  if (mine_.state <= Base::held) return delivery_.accept_at_start(side_, piece, *arrival_.source);
  mine_.state = Base::known;
  if (syn && mine_.next == mine_.base) {
    delivery_.count(Oddity::syn_data);
    Waiting::Lane& lane = delivery_.waiting().lanes[side_];
    lane.syn_data_open = true;
    lane.start_deadline = arrival_.clock + context_.settings.grace;
  }
  if (mine_.fin && piece.end() > mine_.top) {
    delivery_.count(Oddity::data_after_fin);
    piece.drop_back(std::min<std::uint64_t>(piece.end() - mine_.top, piece.length()));
    if (piece.length() == 0) return;
  }
  if (piece.at + window_of(peer_) < mine_.base) return delivery_.count(Oddity::out_of_window);
  const bool untouched = !session_.roles_told_ && mine_.next == mine_.base;
  if (untouched && !mine_.syn) mine_.base = mine_.next = std::min(mine_.next, piece.at);
  if (is_far(side_, piece.at)) {
    delivery_.count(Oddity::out_of_window);
    return delivery_.accept_far(side_, piece, *arrival_.source);
  }
  delivery_.accept(side_, piece, *arrival_.source);
}

void Handshake::take_fin(Position needs) {
  if (!segment_.has(TcpFlags::fin)) return;
  const Position end = position(side_, segment_.seq + segment_.length());
  if (mine_.state == Base::unknown) {
    delivery_.wait_for_start(side_, end);
    mine_.top = end;
  }
  if (mine_.state == Base::acked && end + 1 == mine_.top) {  // it is what was acknowledged
    mine_.base = mine_.next = mine_.top = end;
  }
  const bool only_acked =
      end + 1 == mine_.top && mine_.acked == mine_.top && mine_.next <= end && !delivery_.holds_past(side_, end);
  if (only_acked) mine_.top = mine_.acked = end;
  if (!mine_.fin && is_far(side_, position(side_, segment_.seq))) return delivery_.show_far_fin(side_, end, needs);
  if (mine_.fin || end < mine_.top) {
    if (!mine_.fin || end != mine_.top) delivery_.count(Oddity::bad_fin);
    return;
  }
  if (mine_.state == Base::acked) mine_.state = Base::known;
  delivery_.pump();  // the peer's end may be what this one acknowledges
  mine_.fin = true;
  mine_.top = end;
  mine_.acked = std::min(mine_.acked, end);
  if (mine_.state == Base::known && mine_.next == end && delivery_.satisfied(side_, needs)) {
    delivery_.tell_fin(side_);
  } else {
    delivery_.waiting().lanes[side_].fin_needs = needs;
  }
}

}  // namespace unspool
