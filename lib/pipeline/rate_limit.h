// So many a minute, by the packets' clock.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/timestamp.h"

namespace unspool {

class RateLimit {
 public:
  explicit RateLimit(std::uint32_t a_minute) : most_{a_minute} {}

  /// Whether there may be one more in the minute of `now`, which counts it.
  bool allows(Timestamp now) {
    const auto minute = std::chrono::floor<std::chrono::minutes>(now);
    if (minute != minute_) used_ = 0;
    minute_ = minute;
    return used_ < most_ && ++used_ > 0;
  }

 private:
  std::uint32_t most_, used_ = 0;
  std::chrono::sys_time<std::chrono::minutes> minute_{};
};

}  // namespace unspool
