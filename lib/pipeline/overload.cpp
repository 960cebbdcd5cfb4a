#include "pipeline/overload.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace unspool {

std::optional<Overload::Step> Overload::judge(const Pressure& pressure, Time now) {
  lost_ += pressure.lost;
  const bool goes_on_losing = std::exchange(was_losing_, pressure.lost > 0) && pressure.lost > 0;
  const bool is_behind = goes_on_losing || pressure.filled >= settings_.above;
  const bool gets_better = pressure.lost == 0 && pressure.filled < filled_;
  const bool is_calm = pressure.lost == 0 && pressure.filled <= std::min(settings_.below, settings_.above - 1);
  filled_ = pressure.filled;
  if (!is_calm) calm_since_.reset();
  if (is_calm && !calm_since_) calm_since_ = now;
  const bool has_settled = level_ == 0 || now - begun_[level_ - 1].at >= kSettle;
  const auto most = std::min(settings_.shed.size(), std::size(begun_));
  if (is_behind && !gets_better && has_settled && level_ < most) return begin(pressure, now);
  if (level_ > 0 && calm_since_ && now - *calm_since_ >= settings_.calm) return end(now);
  return std::nullopt;
}

Overload::Step Overload::begin(const Pressure& pressure, Time now) {
  begun_[level_] = {.at = now, .lost_before = lost_ - pressure.lost};
  const Shed what = settings_.shed[level_];
  ++level_;
  ++steps_;
  return {.what = what, .begins = true, .level = level_, .lost = pressure.lost};
}

/// The one before has a calm of its own.
Overload::Step Overload::end(Time now) {
  calm_since_ = now;
  --level_;
  ++steps_;
  const Begun& begun = begun_[level_];
  return {.what = settings_.shed[level_],
          .begins = false,
          .level = level_,
          .lost = lost_ - begun.lost_before,
          .lasted = std::chrono::duration_cast<std::chrono::milliseconds>(now - begun.at)};
}

Shedding Overload::shedding() const {
  Shedding shedding;
  for (std::uint32_t i = 0; i < level_; ++i) {
    switch (settings_.shed[i]) {
      case Shed::transcripts: shedding.transcripts = true; break;
      case Shed::bodies: shedding.bodies = true; break;
      case Shed::sessions: shedding.sessions = true; break;
    }
  }
  return shedding;
}

}  // namespace unspool
