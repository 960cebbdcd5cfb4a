// events.json: a line of JSON for everything that is said, shaped like Suricata's EVE.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "events/event_file.h"
#include "events/source_names.h"
#include "plugin/sink.h"
#include "settings/settings.h"

namespace unspool {

/// What all shards write to. Outlives the sinks that it makes.
class EventLog {
 public:
  /// A last line that a crash cut is cut off.
  static Result<std::unique_ptr<EventLog>> open(EventPlace place, const EventSettings& settings,
                                                std::vector<SourceName> sources);

  /// A sink for one shard: buffers whole lines, and writes them with one write(2), 64 KiB or a flush() at a time.
  std::unique_ptr<EventSink> sink();

  /// How they name where packets came from.
  SourceNames& sources() { return sources_; }
  /// Bytes of a cut last line that were removed at the start.
  std::uint64_t repaired() const { return repaired_; }
  /// Where the lines go: to rotate it, and to ask how it is.
  EventFile& file() { return file_; }
  const EventFile& file() const { return file_; }

 private:
  friend class EventWriter;
  EventLog(EventPlace place, const EventSettings& settings, std::vector<SourceName> sources)
      : file_{std::move(place), settings}, types_{settings.types}, sources_{std::move(sources)} {}
  bool wants(std::string_view type) const;

  EventFile file_;
  std::vector<std::string> types_;
  SourceNames sources_;
  std::uint64_t repaired_ = 0;
};

}  // namespace unspool
