// What is said of a spool: of files that are set aside, and how many were read.
#pragma once

#include <memory>

#include "capture/spool_source.h"
#include "events/event_log.h"
#include "plugin/sink.h"

namespace unspool {

/// Names files in the events of what they hold, and tells of those that are bad: a line in the log, and an event.
class SpoolReport : public SpoolListener {
 public:
  /// `log` outlives it.
  explicit SpoolReport(EventLog& log) : log_{log}, sink_{log.sink()} {}

  void on_file(std::uint16_t source, const std::string& path, Timestamp first) override;
  void on_cut_file(const std::string& what) override;
  void on_bad_file(const std::string& path, const std::string& what, const std::string& moved_to) override;
  void on_trouble(const std::string& what) override;

 private:
  EventLog& log_;
  std::unique_ptr<EventSink> sink_;
};

/// Where a run with this output notes what it read of its spool.
std::string spool_state_path(const std::string& output);

/// Puts capture.spool.read, .bad and .waiting among the counts of capture.
void add_spool_counts(Counts& counts, const SpoolSource& spool);

}  // namespace unspool
