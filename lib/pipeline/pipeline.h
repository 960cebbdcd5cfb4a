// All of the way from a packet to its parsers: a dispatcher on each capture loop, shards on threads of their own.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "pipeline/dispatcher.h"
#include "pipeline/lane.h"
#include "pipeline/limit_report.h"
#include "pipeline/overload.h"
#include "pipeline/recorder.h"
#include "pipeline/unanswered_summary.h"
#include "plugin/sink.h"
#include "settings/settings.h"

namespace unspool {

class Pipeline {
 public:
  /// Makes the outputs of one shard; called on the caller's thread, used on the shard's.
  using MakeOutputs = std::function<ShardOutputs(unsigned shard)>;

  /// `workers` threads, each with a shard; 0: one shard, on the only loop's thread. `loops` threads that packets come
  /// from. `settings` outlives the pipeline.
  Pipeline(const Settings& settings, unsigned workers, const HashSecret& secret, const MakeOutputs& make_outputs,
           WhenBehind when_behind = WhenBehind::wait, unsigned loops = 1);
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  ~Pipeline();

  /// Of a capture loop, and for its thread: where its packets go in.
  Dispatcher& dispatcher(unsigned loop = 0) { return *dispatchers_[loop]; }
  /// About once a second, live: judges whether more comes than shards can follow, and has them leave something out
  /// (`overload.shed`), or take it in again. What that changed; its time is the caller's to say.
  std::optional<OverloadRecord> keep_up(Overload::Time now);
  /// Ends every session and every thread. Once, when the loops have ended.
  void finish(Ending ending);

  /// As of the last report, or the end, of the loop that was ahead: the run's clock.
  Timestamp now() const;
  /// Sessions and gaps so far, for somebody who watches.
  std::uint64_t live_sessions() const;
  std::uint64_t live_gaps() const;
  /// Of each shard's thread; equal numbers where the shard runs on the loop's. Any thread.
  std::vector<Pulse> pulses() const;
  /// After finish(): totals of the run, none of which depends on how many workers there were.
  Counts counts() const;
  /// Before finish(): the same, as of the last report of each dispatcher that shards have answered.
  Counts counts_so_far() const;
  /// Before finish(), which does so too: tells of the limits that were reached since the last call.
  void tell_limits(EventSink& events);
  /// Before finish(), which tells the rest: which handshakes of past minutes nobody answered, as of the last report
  /// that shards have answered. One that was repeated for long comes late, and is told with its minute all the same.
  void tell_unanswered(EventSink& events);
  /// After finish(): what no protocol claimed, by the server's port.
  std::map<std::uint16_t, ShardCounters::Unclaimed> unclaimed() const;
  /// After finish(): link types that were met and are not understood.
  std::vector<DecodeCounters::UnknownLink> unknown_links() const { return dispatched().counters.decoded.unknown_links; }
  /// After finish(): the outputs of a shard.
  ShardOutputs& outputs(unsigned shard);

  /// How many threads `workers: auto` means here: one for each CPU but one, at least one.
  static unsigned workers_for_this_machine();

 private:
  Dispatcher::Told dispatched() const;
  ShardCounters sum() const;
  ShardCounters told_sum() const;
  Pressure pressure();

  std::vector<std::unique_ptr<Lane>> lanes_;              // by shard
  std::vector<std::unique_ptr<Dispatcher>> dispatchers_;  // by loop
  LimitReport limits_;
  UnansweredSummary unanswered_;                  // of all shards, not told yet
  Timestamp unanswered_told_ = Timestamp::min();  // of minutes that began before it
  const std::chrono::milliseconds handshake_;     // how long an answer is waited for
  Overload overload_;
  std::array<std::uint64_t, 3> shed_before_{};  // by Shed: counted when it was last begun
  std::uint64_t lost_before_ = 0;               // packets, at the last look
  WhenBehind when_behind_;
  bool finished_ = false;
};

}  // namespace unspool
