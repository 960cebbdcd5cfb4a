// What is said while a run without end goes on: what becomes of interfaces, and totals at intervals.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "capture/live_source.h"
#include "daemon/asio.h"
#include "pipeline/pipeline.h"
#include "plugin/sink.h"

namespace unspool {

class LiveReport {
 public:
  /// As a capture loop sees it, an interface went down, away, or came back: a line in the log, and an event, once there
  /// is a place for it. Of loops that see the same the first is heard; but of those that see it come back, the last.
  /// Any thread.
  void changed(unsigned loop, const InterfaceChange& change);
  /// From here on every second each loop is to `report`, so that what shards have to say is sent on its way, and
  /// `stats` each `interval`: what `with_all_counts` makes of the pipeline's. All are borrowed until stop().
  void start(boost::asio::io_context& io, Pipeline& pipeline, std::unique_ptr<EventSink> sink,
             std::chrono::milliseconds interval, std::function<void()> report,
             std::function<Counts(Counts)> with_all_counts);
  void stop();

 private:
  void wait();
  void tick();
  void write(const InterfaceChange& change, Timestamp time);
  void tell(OverloadRecord record);

  struct Early {
    InterfaceChange change;
    Timestamp time;
  };
  struct Known {
    std::vector<InterfaceChange::State> seen;  // by loop
    std::string told;                          // last
  };
  std::mutex mutex_;  // of what changed() touches
  std::map<std::string, Known> interfaces_;
  std::vector<Early> early_;  // before start()
  std::unique_ptr<EventSink> sink_;
  std::unique_ptr<boost::asio::steady_timer> second_;
  Pipeline* pipeline_ = nullptr;
  std::chrono::milliseconds interval_{};
  std::function<void()> report_;
  std::function<Counts(Counts)> with_all_counts_;
  std::chrono::steady_clock::time_point stats_at_;
};

/// Puts what the loops' sources counted among the counts of capture: capture.dropped and capture.interface_dropped of
/// all interfaces, and capture.interfaces.NAME of each; in NAME, each "." is "_".
void add_live_counts(Counts& counts, std::span<const LiveSource* const> loops);

}  // namespace unspool
