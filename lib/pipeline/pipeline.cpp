#include "pipeline/pipeline.h"

#include <sched.h>

#include <algorithm>
#include <utility>

namespace unspool {
namespace {

/// Batches bound the blocks in use too. Those of files are few, so that they stay in the cache; live there may be many
/// small ones, and their bytes are bounded.
Way::Room room_of_way(std::uint64_t bytes, WhenBehind when_behind) {
  constexpr std::size_t kOfFiles = 24, kSmallest = 32U << 10U, kFew = 64;
  return {.bytes = bytes,
          .batches = when_behind == WhenBehind::wait ? kOfFiles : std::max<std::size_t>(bytes / kSmallest, kFew)};
}

}  // namespace

Pipeline::Pipeline(const Settings& settings, unsigned workers, const HashSecret& secret,
                   const MakeOutputs& make_outputs, WhenBehind when_behind, unsigned loops)
    : handshake_{settings.timeouts.handshake}, overload_{settings.overload}, when_behind_{when_behind} {
  const unsigned shards = std::max(workers, 1U);
  const Way::Room room = room_of_way(settings.capture.queue / shards / loops, when_behind);
  for (unsigned i = 0; i < shards; ++i)
    lanes_.push_back(std::make_unique<Lane>(settings, shards, loops, room, when_behind, make_outputs(i)));
  const Clock::Feed feed = when_behind == WhenBehind::drop ? Clock::Feed::live : Clock::Feed::capture;
  for (unsigned loop = 0; loop < loops; ++loop) {
    dispatchers_.push_back(std::make_unique<Dispatcher>(
        settings, loop, loops, shards, secret, feed,
        [this, loop](unsigned shard, std::unique_ptr<Batch>& batch) { return lanes_[shard]->send(loop, batch); }));
  }
  for (unsigned i = 0; i < workers; ++i) lanes_[i]->start(i);
}

Pipeline::~Pipeline() { finish(Ending::shutdown); }

void Pipeline::finish(Ending ending) {
  if (finished_) return;
  finished_ = true;
  for (auto& dispatcher : dispatchers_) dispatcher->finish(ending);
  for (auto& lane : lanes_) {
    lane->join();
    lane->take_unanswered(unanswered_);
    unanswered_.take(lane->shard().unanswered());
  }
  unanswered_.tell(*outputs(0).events);
  limits_.tell(counts(), now(), *outputs(0).events);
}

Timestamp Pipeline::now() const { return dispatched().clock; }

std::uint64_t Pipeline::live_sessions() const {
  std::uint64_t sum = 0;
  for (const auto& lane : lanes_) sum += lane->shard().live_sessions();
  return sum;
}

std::uint64_t Pipeline::live_gaps() const {
  std::uint64_t sum = 0;
  for (const auto& lane : lanes_) sum += lane->shard().live_gaps();
  return sum;
}

std::vector<Pulse> Pipeline::pulses() const {
  std::vector<Pulse> pulses;
  pulses.reserve(lanes_.size());
  for (unsigned i = 0; i < lanes_.size(); ++i) pulses.push_back(lanes_[i]->pulse(i));
  return pulses;
}

ShardCounters Pipeline::sum() const {
  ShardCounters sum;
  for (const auto& lane : lanes_) sum.add(lane->shard().counters());
  return sum;
}

std::map<std::uint16_t, ShardCounters::Unclaimed> Pipeline::unclaimed() const { return sum().unclaimed; }

/// Of all loops.
Dispatcher::Told Pipeline::dispatched() const {
  Dispatcher::Told all = dispatchers_.front()->told();
  for (std::size_t i = 1; i < dispatchers_.size(); ++i) {
    const Dispatcher::Told told = dispatchers_[i]->told();
    all.counters.add(told.counters);
    all.clock = std::max(all.clock, told.clock);
  }
  return all;
}

Counts Pipeline::counts() const { return name_counts(dispatched().counters, sum(), overload_.steps()); }

ShardCounters Pipeline::told_sum() const {
  ShardCounters sum;
  for (const auto& lane : lanes_) sum.add(lane->told());
  return sum;
}

Counts Pipeline::counts_so_far() const { return name_counts(dispatched().counters, told_sum(), overload_.steps()); }

void Pipeline::tell_limits(EventSink& events) { limits_.tell(counts_so_far(), now(), events); }

/// A minute is past when every shard is so far behind it that each handshake of it has had its time.
void Pipeline::tell_unanswered(EventSink& events) {
  Timestamp clock = Timestamp::max();
  for (auto& lane : lanes_) clock = std::min(clock, lane->take_unanswered(unanswered_));
  if (clock == Timestamp::min()) return;
  const Timestamp past = std::chrono::floor<std::chrono::minutes>(clock - handshake_);
  if (past <= unanswered_told_) return;
  unanswered_told_ = past;
  unanswered_.tell_before(past, events);
}

/// Since the last time.
Pressure Pipeline::pressure() {
  std::uint64_t lost = 0;
  for (const auto& dispatcher : dispatchers_) lost += dispatcher->lost();
  Pressure pressure{.filled = 0, .lost = lost - std::exchange(lost_before_, lost)};
  for (auto& lane : lanes_) pressure.filled = std::max(pressure.filled, lane->filled());
  return pressure;
}

std::optional<OverloadRecord> Pipeline::keep_up(Overload::Time now) {
  if (when_behind_ == WhenBehind::wait) return std::nullopt;
  const Pressure pressed = pressure();
  const auto step = overload_.judge(pressed, now);
  if (!step) return std::nullopt;
  for (auto& lane : lanes_) lane->shed(overload_.shedding());
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

ShardOutputs& Pipeline::outputs(unsigned shard) { return lanes_[shard]->shard().outputs(); }

unsigned Pipeline::workers_for_this_machine() {
  cpu_set_t set;
  const int cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return static_cast<unsigned>(std::max(cpus - 1, 1));
}

}  // namespace unspool
