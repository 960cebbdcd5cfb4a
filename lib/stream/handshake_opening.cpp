// Beginnings: SYNs and their answers.
#include "stream/handshake.h"

namespace unspool {

using wire::TcpFlags;

void Handshake::settle_roles(unsigned client, Roles roles) {
  if (session_.roles_settled_) return;
  session_.roles_settled_ = true;
  session_.client_ = client & 1U;
  session_.roles_ = roles;
}

void Handshake::begin(Half& half, unsigned side, std::uint32_t first_seq) {
  if (half.state == Base::held) {
    delivery_.settle_start(side, half.next.nearest(first_seq));
    return;
  }
  const Position at = position(side, first_seq);
  Waiting::Lane* lane = delivery_.lane(side);
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
  if (lane != nullptr) lane->start_deadline.reset();
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
  session_.timestamps_[side_] = wire::timestamp(segment_.options).value_or(0);
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
  const auto timestamp = wire::timestamp(segment_.options);
  session_.untimed_ = !timestamp;  // it has one only where the SYN had (RFC 7323, 3.2)
  session_.timestamps_[side_] = timestamp.value_or(0);
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

}  // namespace unspool
