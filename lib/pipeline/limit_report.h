// Which limits of the settings were reached, and how often: one event for each, however often that was.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "plugin/sink.h"

namespace unspool {

/// Where counts of limits stand in `stats`, in front of the setting's own name: "limits_reached.limits.sessions".
inline constexpr std::string_view kLimitsReached = "limits_reached.";

class LimitReport {
 public:
  /// Tells of each limit that was reached since the last call, by what `counts` of the whole run say.
  void tell(const Counts& counts, Timestamp now, EventSink& events);

 private:
  std::map<std::string, std::uint64_t, std::less<>> told_;
};

}  // namespace unspool
