// One end of a simulated TCP connection: simple, and honest (RFC 9293, with cumulative and delayed acknowledgements,
// windows, retransmission in other pieces than were sent first, half close and reset).
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "support/dice.h"

namespace unspool::test {

/// Simulated time: nanoseconds since the connection began.
using Ticks = std::int64_t;
inline constexpr Ticks kMillisecond = 1'000'000;
inline constexpr Ticks kNever = std::numeric_limits<Ticks>::max();

/// A segment between the endpoints. Positions count from the sender's ISN: 0 is its SYN, 1 its first byte.
struct SentSegment {
  unsigned from = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  std::uint64_t seq = 0, ack = 0, length = 0;
};

/// The application reads `after` bytes of the other side, waits for `pause`, and says so many bytes.
struct Turn {
  std::uint64_t after = 0, bytes = 0;
  Ticks pause = 0;
};

struct Habits {
  std::vector<Turn> turns;
  bool opens = false;
  bool closes_first = false;  // else once the other side has closed
  bool scales = false;        // both ends do, or none
  std::uint8_t scale = 0, peer_scale = 0;
  std::uint64_t segment = 1460, buffer = 65535, in_flight = 20 * 1460;
  Ticks reads_every = 0;  // slower than bytes come; 0: at once
  Ticks resets_at = kNever;
};

class Endpoint {
 public:
  using Send = std::function<void(const SentSegment&, Ticks)>;
  Endpoint(unsigned side, Habits habits, Dice& dice, Send send);

  void receive(const SentSegment& segment, Ticks now);
  /// When wake() is to be called next.
  Ticks wakes_at() const;
  void wake(Ticks now);
  /// Has nothing left to do by itself.
  bool done() const { return dead_ || (closing_ && una_ == written_ + 2 && peer_closed()); }

 private:
  void send(std::uint8_t flags, std::uint64_t seq, std::uint64_t length, Ticks now);
  void acknowledge(Ticks now);
  void take_ack(const SentSegment& segment, Ticks now);
  void take_bytes(const SentSegment& segment, Ticks now);
  void take_reset(const SentSegment& segment, Ticks now);
  void run_turns(Ticks now);
  void transmit(Ticks now);
  void retry(Ticks now);
  void resend(Ticks now);
  std::uint64_t room() const { return habits_.buffer - unread_; }
  bool peer_closed() const { return peer_end_ && got_ == *peer_end_ + 1; }

  unsigned side_;
  Habits habits_;
  Dice& dice_;
  Send send_;
  bool open_ = false, closing_ = false, dead_ = false, aborted_ = false;

  std::uint64_t una_ = 0, next_ = 0;  // sent: acknowledged, and next
  std::uint64_t written_ = 0;         // by the application
  std::uint64_t peer_window_ = 0, recover_ = 0;
  unsigned same_acks_ = 0, tries_ = 0;

  std::uint64_t got_ = 0;                         // of the other side, without a hole
  std::map<std::uint64_t, std::uint64_t> early_;  // begin, end
  std::optional<std::uint64_t> peer_end_;
  std::uint64_t unread_ = 0;
  unsigned unacknowledged_ = 0;
  bool must_acknowledge_ = false;

  std::size_t turn_ = 0;
  Ticks turn_at_ = kNever, retry_at_ = kNever, ack_at_ = kNever, read_at_ = kNever;
};

}  // namespace unspool::test
