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
    delivery_.tend_holes();
    return outcome_;
  }
  const bool syn = segment_.has(TcpFlags::syn);
  const bool ack = segment_.has(TcpFlags::ack);
  if (syn && segment_.has(TcpFlags::fin)) {
    delivery_.count(Oddity::syn_fin);
    return outcome_;
  }
  if (syn && !(ack ? take_syn_ack() : take_syn())) {
    delivery_.tend_holes();
    return outcome_;
  }
  if (!syn && !ack) {
    if (segment_.length() > 0) delivery_.count(Oddity::no_ack_flag);
    return outcome_;
  }
  if (!syn && !is_timely()) return outcome_;
  if (!syn && session_.phase_ == Phase::handshake) session_.phase_ = Phase::open;
  if (!session_.roles_settled_ && !mine_.seen && !peer_.seen) session_.client_ = side_ & 1U;
  mine_.seen = true;
  // A SYN's own window is not scaled; those that followed it unseen were.
  mine_.window = std::max(mine_.window, std::uint32_t{segment_.window} << mine_.scale);

  const Position needs = ack ? take_ack() : Position{};
  take_payload(needs);
  take_fin(needs);
  delivery_.pump();
  for (const unsigned side : {0U, 1U}) {
    const Half& half = session_.halves_[side];
    const auto reach = [&] { return std::max(half.next, half.acked) + window_of(session_.halves_[1 - side]); };
    for (Position upto; upto != reach();) delivery_.take_far(side, upto = reach());  // which can move it further
  }
  close_if_done(session_);
  delivery_.tend_holes();
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

/// Whether the segment may be used for all that its timestamp says.
bool Handshake::is_timely() {
  if (context_.settings.paws == Paws::off || session_.untimed_) return true;
  const auto timestamp = wire::timestamp(segment_.options);
  if (!timestamp) return true;
  std::uint32_t& last = session_.timestamps_[side_];
  if (is_before(*timestamp, last)) {
    delivery_.count(Oddity::old_timestamp);
    return context_.settings.paws != Paws::drop;
  }
  const bool counts = mine_.state >= Base::acked && position(side_, segment_.seq) <= mine_.acked;
  if (counts) last = *timestamp;
  return true;
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
  if (segment_.has(TcpFlags::urg)) take_urgent(piece.at);
  if (mine_.state <= Base::held) return delivery_.accept_at_start(side_, piece, *arrival_.source);
  const bool begun = mine_.syn || mine_.next != mine_.base || mine_.fin_given;
  const bool older = !begun && session_.roles_told_ && piece.at < mine_.next;
  if (older) delivery_.wait_for_older(side_, piece.at);
  if (!delivery_.waits_for_older(side_)) mine_.state = Base::known;
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

/// The byte before the one that the pointer names (RFC 6093, 3.1); with a pointer of 0 the first one, as Linux reads
/// it.
void Handshake::take_urgent(Position first) {
  delivery_.count(Oddity::urgent);
  if (context_.settings.urgent == Urgent::in_line) return;
  const std::uint64_t into = segment_.urgent > 0 ? segment_.urgent - 1U : 0U;
  if (into < segment_.length()) delivery_.take_out(side_, first + into);
}

void Handshake::take_fin(Position needs) {
  if (!segment_.has(TcpFlags::fin)) return;
  Position end = position(side_, segment_.seq + segment_.length());
  if (mine_.state == Base::unknown) {
    delivery_.wait_for_start(side_, end);
    mine_.top = end;
  }
  if (mine_.state >= Base::acked && !mine_.fin && end + 1 == mine_.top && mine_.next == mine_.top) {
    // Its own number was acknowledged, and taken for a byte: of a beginning, or, too late to mend, of a gap.
    if (mine_.next == mine_.base && !mine_.syn) mine_.base = mine_.next = mine_.top = end;
    if (mine_.gap_last) end = mine_.next;
  }
  const bool only_acked =
      end + 1 == mine_.top && mine_.acked == mine_.top && mine_.next <= end && !delivery_.holds_past(side_, end);
  if (only_acked) mine_.top = mine_.acked = end;
  if (!mine_.fin && is_far(side_, position(side_, segment_.seq))) return delivery_.show_far_fin(side_, end, needs);
  if (mine_.fin || end < mine_.top) {
    if (!mine_.fin || end != mine_.top) delivery_.count(Oddity::bad_fin);
    return;
  }
  if (mine_.state == Base::acked && !delivery_.waits_for_older(side_)) mine_.state = Base::known;
  delivery_.pump();  // the peer's end may be what this one acknowledges
  mine_.fin = true;
  mine_.top = end;
  mine_.acked = std::min(mine_.acked, end);
  if (mine_.state == Base::known && mine_.next == end && delivery_.satisfied(side_, needs)) {
    delivery_.tell_fin(side_);
  } else {
    Waiting& waiting = delivery_.waiting();
    waiting.lanes[side_].fin_needs = needs;
    waiting.lanes[side_].fin_order = waiting.next_order++;
  }
}

}  // namespace unspool
