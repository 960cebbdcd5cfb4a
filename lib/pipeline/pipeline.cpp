#include "pipeline/pipeline.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "base/ring.h"
#include "pipeline/shard.h"

namespace unspool {
namespace {

/// For each shard; bounds the blocks in use too. Those of files are few, so that they stay in the cache; live there may
/// be many small ones, and their bytes are bounded.
std::size_t most_batches(std::uint64_t most_bytes, Pipeline::WhenBehind when_behind) {
  constexpr std::size_t kOfFiles = 24, kSmallest = 32U << 10U, kFew = 64;
  return when_behind == Pipeline::WhenBehind::wait ? kOfFiles : std::max<std::size_t>(most_bytes / kSmallest, kFew);
}

}  // namespace

/// A shard, and the way there and back. Batches travel as raw pointers and are owned by whoever has taken them.
struct Pipeline::Lane {
  Shard shard;
  Ring<Batch> full, spent;
  std::vector<std::unique_ptr<Batch>> empty;   // that have come back
  std::size_t batches = 1;                     // made so far, that of the dispatcher too
  std::size_t bytes = 0;                       // on the way there
  std::atomic<std::uint64_t> given{0};         // batches, to the thread
  std::atomic<std::uint64_t> done{0};          // of these, by the thread
  unsigned filled = 0;                         // percent of what may be on the way there, at its highest
  std::atomic<Shedding> shedding{Shedding{}};  // not in batches: those that wait are what it is for
  std::thread thread;                          // none when the shard runs on the caller's
  mutable std::mutex told_mutex;
  ShardCounters told;                    // of the last report
  UnansweredSummary told_unanswered;     // of all reports, until it is taken
  Timestamp told_at = Timestamp::min();  // the shard's clock at the last one

  Lane(const Settings& settings, unsigned shards, std::size_t most, ShardOutputs outputs)
      : shard{settings, shards, std::move(outputs)}, full{most}, spent{most} {}
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  void take(const Batch& batch, const Ending& ending) {
    shard.shed(shedding.load(std::memory_order_relaxed));
    shard.take(batch);
    if (batch.report) report();
    if (batch.last) shard.finish(ending);
  }

  void report() {
    shard.outputs().events->flush();
    const std::lock_guard lock{told_mutex};
    told = shard.counters();
    if (told_unanswered.empty()) std::swap(told_unanswered, shard.unanswered());
    told_unanswered.take(shard.unanswered());
    told_at = shard.clock();
  }

  void run(const Ending& ending, unsigned number) {
    ::pthread_setname_np(::pthread_self(), fmt::format("shard {}", number).c_str());
    for (;;) {
      Batch* batch = full.pop();
      take(*batch, ending);
      const bool last = batch->last;
      spent.push(batch);
      done.fetch_add(1, std::memory_order_relaxed);
      if (last) return;
    }
  }

  void take_back(Batch* batch) {
    constexpr std::size_t kKept = 64;
    bytes -= batch->bytes;
    batch->clear();
    empty.emplace_back(batch);
    if (empty.size() <= kKept) return;
    empty.pop_back();
    --batches;
  }

  /// False when there is no further batch, nor may be.
  bool has_empty(std::size_t most) {
    while (Batch* batch = spent.try_pop()) take_back(batch);
    if (empty.empty() && batches < most) {
      ++batches;
      empty.push_back(std::make_unique<Batch>());
    }
    return !empty.empty();
  }

  /// Waits for the thread, and lets go of all that batches hold.
  void join() {
    if (!thread.joinable()) return;
    thread.join();
    while (Batch* batch = spent.try_pop()) std::unique_ptr<Batch>{batch}.reset();
  }
};

Pipeline::Pipeline(const Settings& settings, unsigned workers, const HashSecret& secret,
                   const MakeOutputs& make_outputs, WhenBehind when_behind)
    : handshake_{settings.timeouts.handshake},
      overload_{settings.overload},
      when_behind_{when_behind},
      most_bytes_{settings.capture.queue / std::max(workers, 1U)},
      most_batches_{most_batches(most_bytes_, when_behind)} {
  const unsigned shards = std::max(workers, 1U);
  for (unsigned i = 0; i < shards; ++i)
    lanes_.push_back(std::make_unique<Lane>(settings, shards, most_batches_, make_outputs(i)));
  dispatcher_ = std::make_unique<Dispatcher>(
      settings, shards, secret, when_behind == WhenBehind::drop ? Clock::Feed::live : Clock::Feed::capture,
      [this](unsigned shard, std::unique_ptr<Batch> batch) { return send(shard, std::move(batch)); });
  if (workers == 0) return;
  for (unsigned i = 0; i < shards; ++i) {
    lanes_[i]->thread = std::thread([this, i] { lanes_[i]->run(ending_, i); });
  }
}

Pipeline::~Pipeline() { finish(Ending::shutdown); }

void Pipeline::take(const Packet& packet) { dispatcher_->take(packet); }

void Pipeline::flush() { dispatcher_->flush(); }

void Pipeline::advance(Timestamp time) { dispatcher_->advance(time); }

void Pipeline::report() { dispatcher_->report(); }

std::unique_ptr<Batch> Pipeline::send(unsigned shard, std::unique_ptr<Batch> batch) {
  Lane& lane = *lanes_[shard];
  if (!lane.thread.joinable()) {
    lane.take(*batch, ending_);
    batch->clear();
    return batch;
  }
  const bool has_empty = lane.has_empty(most_batches_);
  const bool fits = has_empty && lane.bytes + batch->bytes <= most_bytes_;
  const std::uint64_t filled = fits ? (lane.bytes + batch->bytes) * 100 / most_bytes_ : 100;
  lane.filled = std::max(lane.filled, static_cast<unsigned>(filled));
  if (when_behind_ == WhenBehind::drop && !fits && !batch->last) return batch;
  lane.bytes += batch->bytes;
  lane.given.fetch_add(1, std::memory_order_relaxed);
  lane.full.push(batch.release());  // has room for every batch there is
  if (!has_empty) lane.take_back(lane.spent.pop());
  std::unique_ptr<Batch> empty = std::move(lane.empty.back());
  lane.empty.pop_back();
  return empty;
}

void Pipeline::finish(Ending ending) {
  if (finished_) return;
  finished_ = true;
  ending_ = ending;
  dispatcher_->finish();
  for (auto& lane : lanes_) lane->join();
  for (auto& lane : lanes_) {
    unanswered_.take(lane->told_unanswered);
    unanswered_.take(lane->shard.unanswered());
  }
  unanswered_.tell(*outputs(0).events);
  limits_.tell(counts(), now(), *outputs(0).events);
}

Timestamp Pipeline::now() const { return dispatcher_->now(); }

std::uint64_t Pipeline::live_sessions() const {
  std::uint64_t sum = 0;
  for (const auto& lane : lanes_) sum += lane->shard.live_sessions();
  return sum;
}

std::uint64_t Pipeline::live_gaps() const {
  std::uint64_t sum = 0;
  for (const auto& lane : lanes_) sum += lane->shard.live_gaps();
  return sum;
}

std::vector<Pulse> Pipeline::pulses() const {
  std::vector<Pulse> pulses;
  pulses.reserve(lanes_.size());
  for (const auto& lane : lanes_) {
    const std::uint64_t done = lane->done.load(std::memory_order_relaxed);  // first: it is never ahead
    pulses.push_back({.given = lane->given.load(std::memory_order_relaxed), .done = done});
  }
  return pulses;
}

ShardCounters Pipeline::sum() const {
  ShardCounters sum;
  for (const auto& lane : lanes_) sum.add(lane->shard.counters());
  return sum;
}

std::map<std::uint16_t, ShardCounters::Unclaimed> Pipeline::unclaimed() const { return sum().unclaimed; }

Counts Pipeline::counts() const {
  return name_counts(dispatcher_->counters(), dispatcher_->fragments(), sum(), overload_.steps());
}

ShardCounters Pipeline::told_sum() const {
  ShardCounters sum;
  for (const auto& lane : lanes_) {
    const std::lock_guard lock{lane->told_mutex};
    sum.add(lane->told);
  }
  return sum;
}

Counts Pipeline::counts_so_far() const {
  return name_counts(dispatcher_->counters(), dispatcher_->fragments(), told_sum(), overload_.steps());
}

void Pipeline::tell_limits(EventSink& events) { limits_.tell(counts_so_far(), now(), events); }

/// A minute is past when every shard is so far behind it that each handshake of it has had its time.
void Pipeline::tell_unanswered(EventSink& events) {
  Timestamp clock = Timestamp::max();
  for (auto& lane : lanes_) {
    UnansweredSummary told;
    {
      const std::lock_guard lock{lane->told_mutex};
      std::swap(told, lane->told_unanswered);
      clock = std::min(clock, lane->told_at);
    }
    unanswered_.take(told);
  }
  if (clock == Timestamp::min()) return;
  const Timestamp past = std::chrono::floor<std::chrono::minutes>(clock - handshake_);
  if (past <= unanswered_told_) return;
  unanswered_told_ = past;
  unanswered_.tell_before(past, events);
}

/// Since the last time.
Pressure Pipeline::pressure() {
  const DecodeCounters& counters = dispatcher_->counters();
  const std::uint64_t lost = counters.dropped + counters.ring_dropped;
  Pressure pressure{.filled = 0, .lost = lost - std::exchange(lost_before_, lost)};
  for (auto& lane : lanes_) pressure.filled = std::max(pressure.filled, std::exchange(lane->filled, 0U));
  return pressure;
}

std::optional<OverloadRecord> Pipeline::keep_up(Overload::Time now) {
  if (when_behind_ == WhenBehind::wait) return std::nullopt;
  const Pressure pressed = pressure();
  const auto step = overload_.judge(pressed, now);
  if (!step) return std::nullopt;
  for (auto& lane : lanes_) lane->shedding.store(overload_.shedding(), std::memory_order_relaxed);
  const std::uint64_t shed = told_sum().shed[static_cast<std::size_t>(step->what)];
  std::uint64_t& before = shed_before_[static_cast<std::size_t>(step->what)];
  if (step->begins) before = shed;
  return OverloadRecord{.what = step->what,
                        .begins = step->begins,
                        .level = step->level,
                        .filled = pressed.filled,
                        .lost = step->lost,
                        .lasted = step->lasted,
                        .left_out = shed - before};
}

ShardOutputs& Pipeline::outputs(unsigned shard) { return lanes_[shard]->shard.outputs(); }

unsigned Pipeline::workers_for_this_machine() {
  cpu_set_t set;
  const int cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return static_cast<unsigned>(std::max(cpus - 1, 1));
}

}  // namespace unspool
