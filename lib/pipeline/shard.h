// One worker's sessions: finds the session of each packet, runs its timers, and ends it once.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "flow/index_lists.h"
#include "flow/session_table.h"
#include "pipeline/batch.h"
#include "pipeline/counters.h"
#include "pipeline/recorder.h"
#include "pipeline/timer_wheel.h"
#include "pipeline/tracked_session.h"
#include "settings/settings.h"

namespace unspool {

/// Lives on one thread. Knows no other shard.
class Shard {
 public:
  /// `shards`: how many share the limits of the settings.
  Shard(const Settings& settings, unsigned shards, ShardOutputs outputs);

  void take(const Batch& batch);
  /// Ends every session, at the last batch's clock.
  void finish(Ending ending);

  const ShardCounters& counters();
  std::uint32_t sessions() const { return table_.size(); }
  ShardOutputs& outputs() { return outputs_; }

 private:
  void take(const Item& item, const Batch& batch);
  void take_tcp(TrackedSession& session, std::uint32_t index, const Item& item, const Batch& batch);
  void restart(TrackedSession& old, std::uint32_t index, const Item& item, const Batch& batch);
  std::uint32_t start(const Item& item, std::uint8_t ordinal);
  bool may_start(const Item& item);
  void count_packet(TrackedSession& session, const Item& item);
  void after_packet(TrackedSession& session, std::uint32_t index);

  void turn_wheel(Timestamp now);
  Timestamp heard(const TrackedSession& session) const;
  Timestamp deadline(const TrackedSession& session) const;
  /// Runs the session's timers up to `now`; true when it ended by that.
  bool run_timers(TrackedSession& session, std::uint32_t index, Timestamp now);
  void end(std::uint32_t index, Ending ending, Timestamp when);
  void evict();

  const Settings& settings_;
  std::uint32_t most_sessions_;
  ShardOutputs outputs_;
  ShardCounters counters_;
  HeldBudget budget_;
  StreamContext context_;
  Recorder recorder_;
  SessionTable<TrackedSession> table_;
  TimerWheel wheel_;
  IndexLists handshakes_{1};  // unanswered ones, oldest first: the first to be evicted
  std::vector<std::uint32_t> due_;
  Timestamp clock_;
  std::vector<Clock::Leap> leaps_;
  Timestamp last_drop_ = Timestamp::min();
  std::uint64_t random_;
};

}  // namespace unspool
