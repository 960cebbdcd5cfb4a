// How far time has come on interfaces while nothing comes there.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/timestamp.h"

namespace unspool {

/// Follows the machine's clock, and goes on with time that passes where that is set back.
class QuietClock {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  /// No packet stamped before the answer is still to come; as it is at `wall` and `steady`.
  Timestamp at(Timestamp wall, SteadyTime steady) {
    const bool first = asked_at_ == SteadyTime{};
    const Timestamp behind = wall - kStillInKernel;
    time_ = first ? behind : std::max(behind, time_ + (steady - asked_at_));
    asked_at_ = steady;
    return time_;
  }

 private:
  static constexpr Duration kStillInKernel = std::chrono::seconds(1);  // what the kernel may not have handed over

  Timestamp time_;
  SteadyTime asked_at_{};
};

}  // namespace unspool
