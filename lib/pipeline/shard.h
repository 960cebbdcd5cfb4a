// One worker's sessions: finds the session of each packet, runs its timers, and ends it once.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "flow/session_table.h"
#include "pipeline/batch.h"
#include "pipeline/counters.h"
#include "pipeline/open_handshakes.h"
#include "pipeline/overload.h"
#include "pipeline/recorder.h"
#include "pipeline/timer_wheel.h"
#include "pipeline/tracked_session.h"
#include "pipeline/unanswered.h"
#include "pipeline/unanswered_summary.h"
#include "settings/settings.h"
#include "stream/waiting.h"

namespace unspool {

/// Lives on one thread. Knows no other shard. Where packets come from several loops, each has a clock of its own, and
/// nothing is over before the last of them says so.
class Shard {
 public:
  /// `shards`: how many share the limits of the settings. `loops`: from which batches come.
  Shard(const Settings& settings, unsigned shards, unsigned loops, ShardOutputs outputs);

  void take(const Batch& batch);
  /// What is left out from now on, since more comes than can be followed.
  void shed(Shedding shedding);
  /// Ends every session, at the last batch's clock.
  void finish(Ending ending);

  const ShardCounters& counters();
  /// Handshakes that nobody answered, and that nobody took from here yet.
  UnansweredSummary& unanswered() { return unanswered_summary_; }
  /// Of the loop that is least far.
  Timestamp clock() const { return clock_; }
  /// Sessions and gaps so far, as of the last batch. Any thread.
  std::uint64_t live_sessions() const { return live_sessions_.load(std::memory_order_relaxed); }
  std::uint64_t live_gaps() const { return live_gaps_.load(std::memory_order_relaxed); }
  ShardOutputs& outputs() { return outputs_; }

 private:
  void take(const Item& item, const Batch& batch);
  bool take_in_order(TrackedSession& session, std::uint32_t index, const Item& item);
  void take_any(std::uint32_t index, const Item& item, const Batch& batch);
  void take_tcp(TrackedSession& session, std::uint32_t index, const Item& item, const Batch& batch);
  void restart(TrackedSession& old, std::uint32_t index, const Item& item, const Batch& batch);
  std::uint32_t find_waiting(const Item& item);
  bool keep_waiting(const Item& item, std::uint32_t waiting);
  std::uint32_t promote(std::uint32_t waiting, const Item& item);
  void replay(const TcpSession::RememberedSyn& syn, TrackedSession& session, const Item& item);
  void end_unanswered(std::uint32_t waiting, Ending ending, Timestamp when);
  Timestamp heard_unanswered(std::uint32_t waiting) const;
  void expire_unanswered();
  std::uint32_t start(const Item& item, std::uint8_t ordinal);
  bool may_start(const Item& item);
  void count_packet(TrackedSession& session, const Item& item);
  void after_packet(TrackedSession& session, std::uint32_t index);

  /// A capture loop, as far as it has come.
  struct Feed {
    Timestamp clock;
    Timestamp last_drop = Timestamp::min();
    std::vector<Clock::Leap> leaps;
  };
  const Feed& feed_of(std::uint16_t source) const;
  /// Of the feed at hand, and with it that of all.
  void move_clock(Timestamp now) {
    feed_->clock = now;
    clock_ = feeds_.size() == 1 ? now : least_clock();
    if (wheel_.due(clock_)) turn_wheel(clock_);
  }
  Timestamp least_clock() const;
  void turn_wheel(Timestamp now);
  Timestamp heard(Timestamp clock, std::uint16_t source) const;
  Timestamp deadline(const TrackedSession& session) const;
  bool may_be_due(const TrackedSession& session, Timestamp now) const;
  bool is_after_drop(const TrackedSession& session, const Item& item) const;
  /// Runs the session's timers up to `now`; true when it ended by that.
  bool run_timers(TrackedSession& session, std::uint32_t index, Timestamp now);
  void end(std::uint32_t index, Ending ending, Timestamp when);
  bool began_before(std::uint32_t a, std::uint32_t b);
  void evict();
  bool is_open(const OpenHandshakes::Entry& handshake);
  void settle(TrackedSession& session);
  void shed_sessions();
  bool may_be_shed(TrackedSession& session);
  void let_go(std::uint32_t index);
  bool only_counts(std::uint32_t index, const Item& item);

  const Settings& settings_;
  std::uint32_t most_sessions_;
  ShardOutputs outputs_;
  ShardCounters counters_;
  HeldBudget budget_;
  WaitingPool waiting_pool_;
  StreamContext context_;
  Recorder recorder_;
  SessionTable<TrackedSession> table_;
  Duration shortest_timeout_;
  UnansweredTable unanswered_;
  UnansweredSummary unanswered_summary_;
  TimerWheel wheel_;
  OpenHandshakes handshakes_;  // the first to be evicted
  std::vector<std::uint32_t> due_;
  std::vector<Feed> feeds_;  // by loop
  Feed* feed_;               // of the batch at hand
  Timestamp clock_;          // the least of theirs
  Timestamp flushed_;        // when events were last passed on
  std::uint64_t random_;
  Shedding shedding_;
  std::uint64_t hand_ = 0;  // which sessions were looked at last, to be shed
  std::atomic<std::uint64_t> live_sessions_{0}, live_gaps_{0};
};

}  // namespace unspool
