#include "pipeline/limit_report.h"

#include <utility>

namespace unspool {

void LimitReport::tell(const Counts& counts, Timestamp now, EventSink& events) {
  for (const auto& [name, count] : counts) {
    if (count == 0 || !name.starts_with(kLimitsReached)) continue;
    const std::uint64_t before = std::exchange(told_[name], count);
    if (count == before) continue;
    events.on_limit(
        {.time = now, .setting = std::string_view{name}.substr(kLimitsReached.size()), .times = count - before});
  }
}

}  // namespace unspool
