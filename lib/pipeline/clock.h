// The one clock of a run: the packets' own time, made monotonic.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/timestamp.h"

namespace unspool {

/// Never goes back. One packet cannot make it leap: a jump forward counts only when 16 further packets in a row confirm
/// it.
class Clock {
 public:
  /// Where the times come from. In a capture, more than ten minutes are a jump, and have passed. Of interfaces time is
  /// told while nothing comes, too: more than two seconds are a jump, and have not passed: the machine's clock was set.
  enum class Feed : std::uint8_t { capture, live };

  explicit Clock(Feed feed = Feed::capture) : longest_step_{feed == Feed::live ? kLiveStep : kStep}, feed_{feed} {}

  /// The clock's time after a packet stamped `time`.
  Timestamp observe(Timestamp time) {
    if (time <= now_) {
      ahead_ = 0;
    } else if (time - now_ <= longest_step_ || !started_) {
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
    bool was_set = false;  // all that happened earlier is to be seen as so much later, too
  };
  std::uint64_t leaps() const { return leaps_; }
  const Leap& last_leap() const { return last_leap_; }

 private:
  static constexpr Duration kStep = std::chrono::minutes(10), kLiveStep = std::chrono::seconds(2);
  static constexpr unsigned kConfirmations = 16;

  void leap(Timestamp time) {
    lowest_ = ahead_ == 0 ? time : std::min(lowest_, time);
    if (++ahead_ <= kConfirmations) return;
    last_leap_ = {.before = now_, .after = lowest_, .was_set = feed_ == Feed::live};
    now_ = lowest_;
    ahead_ = 0;
    ++leaps_;
  }

  Duration longest_step_;  // that is no jump
  Feed feed_;
  Timestamp now_;
  Timestamp lowest_;  // of the packets that are ahead
  unsigned ahead_ = 0;
  bool started_ = false;
  std::uint64_t leaps_ = 0;
  Leap last_leap_;
};

}  // namespace unspool
