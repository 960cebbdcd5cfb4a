// The delivery rule at work: takes pieces of streams in any order, gives them out in conversation order.
#pragma once

#include "stream/piece.h"
#include "stream/tcp_session.h"
#include "stream/waiting.h"

namespace unspool {

/// Works on one session for the length of one call.
class Delivery {
 public:
  using Half = TcpSession::Half;
  using Base = TcpSession::Base;
  using Phase = TcpSession::Phase;

  Delivery(TcpSession& session, const StreamContext& context, StreamListener& listener, Timestamp clock)
      : session_{session}, context_{context}, listener_{listener}, clock_{clock} {}

  /// Gives out in order at once what nothing waits for: the way of nearly all bytes.
  void give(unsigned side, Bytes bytes, Timestamp seen, Origin origin, bool after_rst = false);
  void give(unsigned side, const Piece& piece);

  /// Takes in a piece of a side whose base is known: gives it out, holds it, or counts it as old. `host` accounts for
  /// it.
  void accept(unsigned side, Piece piece, const IpAddress& host);
  /// A side whose beginning is not known yet, and that sent something at `seen`, is given one grace to show it.
  void wait_for_start(unsigned side, Position seen);
  /// A side whose beginning only an acknowledgement told sent something older, at `at`: waits one grace for its SYN, or
  /// for what is older still. Nothing before what was answered already can be given out any more.
  void wait_for_older(unsigned side, Position at);
  bool waits_for_older(unsigned side) const;
  /// Holds a piece of such a side.
  void accept_at_start(unsigned side, const Piece& piece, const IpAddress& host);
  /// The beginning of `side` is now known to be at `base`, or, when that lies behind held bytes, at the lowest of
  /// these.
  void settle_start(unsigned side, Position base);

  /// The byte at `at` is urgent, and no part of the stream.
  void take_out(unsigned side, Position at);
  /// Gives out all that the rule allows.
  void pump();
  /// Opens and closes holes and their timers after something changed. Ends with the session's Waiting gone if it has no
  /// use.
  void tend_holes();
  /// Runs the timers that are due at `clock`, which is their deadline.
  void run_timers();
  /// Gives out everything, holes and all.
  void flush();
  /// Drops what the sender of a reset sent behind it: the peer never acknowledged it.
  void drop_after_reset();
  /// Ends the waiting: nothing is held any more, accounts are closed.
  void let_go();

  /// A jump ahead, out of window, counts when both sides show it: the one by bytes there, or by a sequence number
  /// without any; the other by its acknowledgement. True: this one confirmed it.
  void accept_far(unsigned side, const Piece& piece, const IpAddress& host);
  void show_far(unsigned side, Position seq);
  void show_far_fin(unsigned side, Position end, Position needs);
  bool acknowledge_far(unsigned side, Position acked);
  /// What begins no further than `upto` is like any other bytes from here on: confirmed, or in the window now.
  void take_far(unsigned side, Position upto);
  /// Nothing confirmed the jump.
  void forget_far(unsigned side);

  void count(Oddity oddity) { listener_.on_oddity(oddity); }
  void tell_roles() { session_.tell_roles(listener_); }
  void tell_fin(unsigned side);

  Half& half(unsigned side) { return session_.halves_[side]; }
  Waiting& waiting();
  Waiting::Lane* lane(unsigned side) { return session_.waiting_ ? &session_.waiting_->lanes[side] : nullptr; }
  /// All of `needs` on the other side of `side` was given out, or nothing of it can be waited for.
  bool satisfied(unsigned side, Position needs);
  Side side_name(unsigned side) const { return side == session_.client_ ? Side::client : Side::server; }
  /// Drops what begins in between.
  /// Whether bytes of `side` at or behind `at` wait.
  bool holds_past(unsigned side, Position at);
  void drop_held(unsigned side, Position from, Position upto = Position::last());

 private:
  /// What is next of a side: bytes that are held, or its end.
  struct Front {
    const Held* held = nullptr;
    bool ready = false;  // it can be given out now
    std::uint64_t order = 0;
  };
  Front front_of(unsigned side);
  /// In the stream of `side`, for a place that is not before its beginning.
  std::uint64_t offset(unsigned side, Position at);
  /// Calls `each(Position, Bytes)` for the runs of `bytes` without an urgent byte.
  template <class Each>
  void between_urgent(unsigned side, Position at, Bytes bytes, const Each& each);
  void set_deadline();
  bool after_reset_of_peer(unsigned side) const;
  bool blocked(unsigned side, Position at) const;
  bool blocked_at_start(unsigned side) const;
  bool front_missing(unsigned side);
  /// Whether the capture lost packets just before the first bytes that are held.
  bool front_after_drop(unsigned side);
  /// There is no room for the piece, and no hole to give up: gives out what stands before it, or some of it. True: all.
  bool force(unsigned side, Piece& piece);
  /// How much of the piece stands before the first byte held.
  std::uint64_t until_held(unsigned side, const Piece& piece);
  HeldBudget::Host& account(unsigned side, const IpAddress& host);
  bool room_for(unsigned side, const HeldMap& map, const Piece& piece, const IpAddress& host);
  bool relieve();
  void hold_uncovered(unsigned side, HeldMap& map, const Piece& piece, const IpAddress& host);
  void hold(unsigned side, HeldMap& map, const Piece& piece, const IpAddress& host);
  void release(unsigned side, HeldMap& map, HeldMap::iterator held);
  void give_held(unsigned side);
  bool give_stuck();
  void compare(unsigned side, const Piece& piece, Position held_at, const Held& held);
  /// The hole at the front of `side`, up to the first byte that is there, or to `limit`.
  void give_up_front(unsigned side, Position limit, Cause unacknowledged);
  void give_gap(unsigned side, Position upto, Cause cause);
  std::array<unsigned, 2> sides_by_hole();
  bool misses_one_at_tail(unsigned side);
  bool may_be_fins();
  bool infer_fin(unsigned side, bool at_the_end);
  Position front_end(unsigned side);
  unsigned first_waiting_front();
  Cause patience_cause(unsigned side) const;

  TcpSession& session_;
  const StreamContext& context_;
  StreamListener& listener_;
  Timestamp clock_;
  std::array<Position, 2> in_hand_{Position::last(), Position::last()};  // of a piece that finds no room
};

}  // namespace unspool
