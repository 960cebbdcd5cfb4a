// What TCP's control bits say: beginnings, acknowledgements, ends and resets (RFC 9293, RFC 5961, RFC 7323).
#pragma once

#include "stream/delivery.h"

namespace unspool {

/// Reads one segment for its session and hands its bytes to the delivery. Lives for one call.
class Handshake {
 public:
  using Half = TcpSession::Half;
  using Base = TcpSession::Base;
  using Phase = TcpSession::Phase;
  using Outcome = TcpSession::Outcome;

  Handshake(TcpSession& session, Delivery& delivery, const StreamContext& context, const Arrival& arrival)
      : session_{session},
        delivery_{delivery},
        context_{context},
        arrival_{arrival},
        segment_{*arrival.segment},
        side_{arrival.from},
        mine_{session.halves_[side_]},
        peer_{session.halves_[1 - side_]} {}

  Outcome take();
  /// Ends a session whose two streams are complete.
  static void close_if_done(TcpSession& session);

 private:
  Outcome take_after_end();
  void take_reset();
  /// False: the segment is not to be looked at any further.
  bool take_syn();
  bool take_syn_ack();
  bool plausible_start(unsigned side, std::uint32_t first_seq) const;
  bool answers_remembered();
  bool acknowledges_own_syn();
  void begin(Half& half, unsigned side, std::uint32_t first_seq);
  void read_scale();
  void settle_roles(unsigned client, Roles roles);
  void remember_syn();
  /// What the acknowledgement says that the other side sent; a position that is always satisfied when it is not
  /// believed.
  Position take_ack();
  void lift_reset(Position acked);
  bool is_timely();
  void take_payload(Position needs);
  void take_urgent(Position first);
  void take_fin(Position needs);
  /// Where a sequence number stands in the stream of `side`.
  Position position(unsigned side, std::uint32_t seq) const;
  /// Further ahead in the stream of `side` than the other's window allows.
  bool is_far(unsigned side, Position at) const;
  /// How many bytes past what is known may be sent towards `receiver` at most.
  static std::uint64_t window_of(const Half& receiver);

  TcpSession& session_;
  Delivery& delivery_;
  const StreamContext& context_;
  const Arrival& arrival_;
  const wire::Segment& segment_;
  unsigned side_;
  Half& mine_;
  Half& peer_;
  Outcome outcome_ = Outcome::taken;
};

}  // namespace unspool
