// One run, from open sources to the summary: owns everything, in the order in which it is born.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "capture/filter.h"
#include "daemon/asio.h"
#include "daemon/command_line.h"
#include "daemon/exit_code.h"
#include "daemon/live_report.h"
#include "daemon/privileges.h"
#include "daemon/sources.h"
#include "daemon/spool.h"
#include "daemon/stop_signals.h"
#include "events/event_log.h"
#include "pipeline/pipeline.h"
#include "settings/settings.h"
#include "transfer/output_directory.h"
#include "transfer/transfer_store.h"

namespace unspool {

class App {
 public:
  /// `line`, `settings` and `report` outlive it.
  App(const CommandLine& line, const Settings& settings, Filter filter, Sources sources, LiveReport& report)
      : line_{line},
        settings_{settings},
        filter_{std::move(filter)},
        sources_{std::move(sources)},
        live_report_{report} {}

  /// The exit code.
  int run();

 private:
  Result<void> let_go();
  Result<void> open_output();
  Result<void> confine_process();
  Result<void> open_spool();
  void read();
  void show_progress(boost::asio::steady_timer& tick);
  std::string progress() const;
  std::string unfinished() const;
  Counts with_all_counts(Counts of_pipeline) const;
  void tell_capture_end();
  void tell_failures();
  void tell_link_types();
  static void tell_limits(const Counts& counts);
  void failed(const std::string& what);

  const CommandLine& line_;
  const Settings& settings_;
  const HashSecret secret_ = HashSecret::draw();
  Filter filter_;
  Sources sources_;
  std::optional<Identity> identity_;  // whom the process becomes
  LiveReport& live_report_;
  std::unique_ptr<OutputDirectory> output_;
  std::unique_ptr<EventLog> events_;
  std::optional<SpoolReport> spool_report_;
  std::unique_ptr<TransferStore> transfers_;
  std::unique_ptr<Pipeline> pipeline_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  bool interrupted_ = false;
  int exit_code_ = kFine;
  std::optional<StopSignals> stop_signals_;  // from when there is something to stop
};

}  // namespace unspool
