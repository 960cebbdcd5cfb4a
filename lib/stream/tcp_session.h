// One TCP conversation: both directions in the order in which they happened, with their holes.
//
// The delivery rule. Bytes of a side are given out when they are contiguous, and never before the other side's bytes
// that their packet acknowledges; else in capture order. What the peer acknowledged and nobody saw becomes a gap after
// one grace. Every byte is given out at most once, and the first copy of it wins.
//
// In order, a segment touches this object alone: no copy, no allocation. All that waits is in a Waiting of its own.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/origin.h"
#include "base/timestamp.h"
#include "settings/settings.h"
#include "stream/budget.h"
#include "stream/listener.h"
#include "stream/seq.h"
#include "wire/address.h"
#include "wire/tcp.h"

namespace unspool {

/// A segment as it arrives at its session. Sides are 0 and 1, whichever way the caller tells them apart.
struct Arrival {
  unsigned from = 0;
  const wire::Segment* segment = nullptr;
  Timestamp time;                       // the packet's own time stamp
  Timestamp clock;                      // the run's clock, which never goes back
  std::span<const OriginSpan> origins;  // of the segment's payload, the first at 0; never empty
  bool after_drop = false;              // the capture lost packets since this session's last one
  const IpAddress* source = nullptr;    // whose account held bytes go to
};

class Waiting;
class WaitingPool;

/// What TCP sessions of one shard share.
struct StreamContext {
  const StreamSettings& settings;
  HeldBudget& budget;
  WaitingPool& pool;
};

class TcpSession {
 public:
  /// handshake: only SYNs, or their answers, so far. resetting: an exact RST was seen less than a grace ago. over:
  /// ended, takes in late packets.
  enum class Phase : std::uint8_t { handshake, open, resetting, over };

  /// `server_by_port`: the side whose port names a service, when just one does.
  explicit TcpSession(std::optional<unsigned> server_by_port);
  TcpSession(TcpSession&&) noexcept;
  TcpSession& operator=(TcpSession&&) noexcept;
  ~TcpSession();

  enum class Outcome : std::uint8_t {
    taken,
    reused,  // the segment belongs to a new session between the same endpoints: finish() this one, start another with
             // remembered_syn() first, if there is one, then the segment
  };
  /// One segment, in capture order. Timers that are due by `arrival.clock` must have been run by advance().
  Outcome take(const Arrival& arrival, const StreamContext& context, StreamListener& listener);
  /// The way of nearly all segments, in short: nothing waits, it came in one packet behind no loss, it is the next one,
  /// and acknowledges what was given out. True: give_in_order() follows, where it has bytes. False: it is not like
  /// that, nothing has happened, and it is take()'s.
  bool take_in_order(unsigned from, const wire::Segment& segment, const StreamContext& context);
  /// Its bytes, captured in the packet `origin` at `seen`.
  void give_in_order(unsigned from, const wire::Segment& segment, Timestamp seen, Origin origin,
                     StreamListener& listener);

  /// Runs what is due by `now`, each at its own deadline.
  void advance(Timestamp now, const StreamContext& context, StreamListener& listener);
  /// When advance() has something to do; Timestamp::max() when nothing waits.
  Timestamp deadline() const;
  /// Something waits: for bytes, for the other side, or for a timer.
  bool waits() const { return waiting_ != nullptr; }

  /// Gives out all that waits, holes and all, at `now`: the session has ended. Once; then the phase is `over`.
  void finish(Timestamp now, const StreamContext& context, StreamListener& listener);

  Phase phase() const { return phase_; }
  /// How it ended by itself: closed, reset or rejected; empty while it goes on.
  std::optional<Ending> ended() const;
  /// The SYN that was remembered when take() said `reused`.
  struct RememberedSyn {
    std::uint32_t seq = 0;
    std::uint16_t window = 0;
    std::optional<std::uint8_t> scale;
    unsigned from = 0;
    Timestamp time;
    Origin origin;
  };
  std::optional<RememberedSyn> remembered_syn() const;
  /// How much of what was given out of this side (0 or 1), gaps too, nobody acknowledged; 0 where the peer was never
  /// seen.
  std::uint64_t unacknowledged(unsigned side) const;
  /// How far this side (0 or 1) was given out: bytes, gaps, and what was taken out of it.
  std::uint64_t given(unsigned side) const;

 private:
  friend class Delivery;
  friend class Handshake;

  /// What is known of a side's place in its sequence space.
  enum class Base : std::uint8_t {
    unknown,  // nothing
    held,     // bytes were seen, and wait for a beginning: `next` is only a reference
    acked,    // the peer's acknowledgement told the next byte; lower bytes may still come
    known,
  };

  /// One direction. Positions order as base <= next <= top and base <= acked.
  struct Half {
    Position base;             // of offset 0
    Position next;             // of the next byte to be given out
    Position acked;            // the peer has everything before it
    Position top;              // behind the last byte seen, given out or waiting; with `fin`, the end of the stream
    std::uint32_t window = 0;  // the largest that this side advertised, in bytes
    std::uint8_t scale = 14;   // of its windows (RFC 7323); 14, the largest, while unknown
    Base state = Base::unknown;
    bool syn : 1 = false;
    bool fin : 1 = false;        // its end is known
    bool fin_given : 1 = false;  // and was told
    bool seen : 1 = false;       // sent anything
    bool gap_last : 1 = false;   // what was given out last is a gap whose end nobody saw
    bool lossy : 1 = false;      // the capture lost packets since its last byte was given out, or held
  };

  bool is_timely(unsigned side, const wire::Segment& segment, const StreamContext& context);
  Outcome take_any(const Arrival& arrival, const StreamContext& context, StreamListener& listener);
  void tell_roles(StreamListener& listener);
  /// Gives out the next bytes of a side, which stand at `offset` in its stream.
  void give(unsigned side, std::uint64_t offset, Bytes bytes, Timestamp seen, Origin origin, bool after_rst,
            StreamListener& listener);
  void give_next(unsigned side, Bytes bytes, Chunk chunk, StreamListener& listener);

  std::array<Half, 2> halves_;
  std::unique_ptr<Waiting> waiting_;           // null: nothing waits
  std::array<std::uint32_t, 2> timestamps_{};  // of each side, the latest that counts (RFC 7323, 4.3); 0: none
  Phase phase_ = Phase::handshake;
  Ending ending_ = Ending::closed;
  Roles roles_ = Roles::first_sender;
  bool roles_settled_ : 1 = false;
  bool roles_told_ : 1 = false;
  bool ended_itself_ : 1 = false;
  bool unscaled_ : 1 = false;  // one of the SYNs had no window scale
  bool untimed_ : 1 = false;   // the SYN-ACK had no timestamp, so none counts
  std::uint8_t client_ : 1 = 0;
  std::uint8_t server_by_port_ : 2 = 2;  // 0 or 1; 2: the ports do not tell
};

}  // namespace unspool
