// events.json: a line of JSON for everything that is said, shaped like Suricata's EVE.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "events/source_names.h"
#include "plugin/sink.h"
#include "settings/settings.h"

namespace unspool {

/// The file that all shards write to. Outlives the sinks that it makes.
class EventLog {
 public:
  /// `file` is open for reading and writing. A last line that a crash cut is cut off. `path` is for messages.
  static Result<std::unique_ptr<EventLog>> open(Fd file, std::string path, const EventSettings& settings,
                                                std::vector<SourceName> sources);

  /// A sink for one shard: buffers whole lines, and writes them with one write(2), 64 KiB or a flush() at a time.
  std::unique_ptr<EventSink> sink();

  /// How they name where packets came from.
  SourceNames& sources() { return sources_; }
  /// Bytes of a cut last line that were removed at the start.
  std::uint64_t repaired() const { return repaired_; }
  /// Why lines could not be written, once one could not. Any thread.
  std::optional<Error> failed() const;

 private:
  friend class EventWriter;
  EventLog(Fd file, std::string path, const EventSettings& settings, std::vector<SourceName> sources)
      : file_{std::move(file)}, path_{std::move(path)}, types_{settings.types}, sources_{std::move(sources)} {}
  Result<void> repair();
  void write(std::string_view lines);
  bool wants(std::string_view type) const;

  Fd file_;
  std::string path_;
  std::vector<std::string> types_;
  SourceNames sources_;
  std::uint64_t repaired_ = 0;
  std::atomic<int> errno_{0};  // of the first write that failed
};

}  // namespace unspool
