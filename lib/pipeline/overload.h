// What is left out, live, when more comes than can be followed: which, since when, and until when.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "settings/settings.h"

namespace unspool {

/// What is left out now.
struct Shedding {
  bool transcripts : 1 = false;
  bool bodies : 1 = false;
  bool sessions : 1 = false;

  bool operator==(const Shedding&) const = default;
};

/// How a run kept up since it was looked at last.
struct Pressure {
  std::uint32_t filled = 0;  // percent of the queue of the shard that was most behind, when it was
  std::uint64_t lost = 0;    // packets, by the kernel or for lack of room in that queue
};

/// One step after another: the next one is left out while that does not get better, and the last one taken in again
/// when it was calm for long enough.
class Overload {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// What a step has done by then is not judged before.
  static constexpr std::chrono::seconds kSettle{2};

  /// `settings` outlives it.
  explicit Overload(const OverloadSettings& settings) : settings_{settings} {}

  struct Step {
    Shed what = Shed::transcripts;
    bool begins = false;                  // it is left out from now on; else taken in again
    std::uint32_t level = 0;              // so many are left out now
    std::uint64_t lost = 0;               // packets: when it begins since the last look, else as long as it lasted
    std::chrono::milliseconds lasted{0};  // when it does not begin
  };
  /// Looks at what happened since the last time, about once a second. At most one step.
  std::optional<Step> judge(const Pressure& pressure, Time now);

  Shedding shedding() const;
  std::uint64_t steps() const { return steps_; }

 private:
  Step begin(const Pressure& pressure, Time now);
  Step end(Time now);

  struct Begun {
    Time at;
    std::uint64_t lost_before = 0;  // of lost_
  };
  const OverloadSettings& settings_;
  std::uint32_t level_ = 0;  // the first so many of settings_.shed are left out
  Begun begun_[3];           // each of them
  std::optional<Time> calm_since_;
  std::uint32_t filled_ = 0;  // at the last look
  bool was_losing_ = false;   // likewise: one loss alone is none of ours to mend
  std::uint64_t lost_ = 0;    // in all
  std::uint64_t steps_ = 0;
};

}  // namespace unspool
