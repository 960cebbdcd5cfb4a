#include "events/event_log.h"

#include <algorithm>

#include "events/event_writer.h"

namespace unspool {

Result<std::unique_ptr<EventLog>> EventLog::open(EventPlace place, const EventSettings& settings,
                                                 std::vector<SourceName> sources) {
  std::unique_ptr<EventLog> log{new EventLog(std::move(place), settings, std::move(sources))};
  const auto repaired = log->file_.open();
  if (!repaired) return tl::unexpected(repaired.error());
  log->repaired_ = *repaired;
  return log;
}

std::unique_ptr<EventSink> EventLog::sink() { return std::make_unique<EventWriter>(*this); }

bool EventLog::wants(std::string_view type) const {
  return std::find(types_.begin(), types_.end(), type) != types_.end();
}

}  // namespace unspool
