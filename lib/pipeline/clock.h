// The one clock of a run: the packets' own time, made monotonic.
#pragma once

#include "base/timestamp.h"

namespace unspool {

/// Never goes back. One packet cannot make it leap: a jump forward of more than ten minutes counts only when 16 further
/// packets in a row confirm it.
class Clock {
 public:
  /// The clock's time after a packet stamped `time`.
  Timestamp observe(Timestamp time) {
    if (time <= now_) {
      ahead_ = 0;
    } else if (time - now_ <= kLeap || !started_) {
      now_ = time;
      ahead_ = 0;
    } else {
      leap(time);
    }
    started_ = true;
    return now_;
  }
  Timestamp now() const { return now_; }

  /// While a jump was not confirmed, the clock stood still at `before`: what happened then, happened about `after`.
  struct Leap {
    Timestamp before, after;
  };
  std::uint64_t leaps() const { return leaps_; }
  const Leap& last_leap() const { return last_leap_; }

 private:
  static constexpr Duration kLeap = std::chrono::minutes(10);
  static constexpr unsigned kConfirmations = 16;

  void leap(Timestamp time) {
    lowest_ = ahead_ == 0 ? time : std::min(lowest_, time);
    if (++ahead_ <= kConfirmations) return;
    last_leap_ = {.before = now_, .after = lowest_};
    now_ = lowest_;
    ahead_ = 0;
    ++leaps_;
  }

  Timestamp now_;
  Timestamp lowest_;  // of the packets that are ahead
  unsigned ahead_ = 0;
  bool started_ = false;
  std::uint64_t leaps_ = 0;
  Leap last_leap_;
};

}  // namespace unspool
