#include "pipeline/pipeline.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/ring.h"
#include "pipeline/shard.h"

namespace unspool {
namespace {

constexpr std::size_t kBatchesOnTheWay = 24;  // for each shard; bounds the blocks in use too

}  // namespace

/// A shard, and the way there and back. Batches travel as raw pointers and are owned by whoever has taken them.
struct Pipeline::Lane {
  Shard shard;
  Ring<Batch> full{kBatchesOnTheWay}, spent{kBatchesOnTheWay};
  std::size_t batches = 0;  // made so far
  std::uint64_t given = 0;  // to the thread
  std::atomic<std::uint64_t> done{0};
  std::thread thread;  // none when the shard runs on the caller's

  Lane(const Settings& settings, unsigned shards, ShardOutputs outputs) : shard{settings, shards, std::move(outputs)} {}
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  void run(const Ending& ending, unsigned number) {
    ::pthread_setname_np(::pthread_self(), fmt::format("shard {}", number).c_str());
    for (;;) {
      Batch* batch = full.pop();
      shard.take(*batch);
      const bool last = batch->last;
      if (last) shard.finish(ending);
      spent.push(batch);
      done.fetch_add(1, std::memory_order_relaxed);
      if (last) return;
    }
  }

  /// Waits for the thread, and lets go of all that batches hold.
  void join() {
    if (!thread.joinable()) return;
    thread.join();
    while (Batch* batch = spent.try_pop()) std::unique_ptr<Batch>{batch}.reset();
  }
};

Pipeline::Pipeline(const Settings& settings, unsigned workers, const HashSecret& secret,
                   const MakeOutputs& make_outputs) {
  const unsigned shards = std::max(workers, 1U);
  for (unsigned i = 0; i < shards; ++i) lanes_.push_back(std::make_unique<Lane>(settings, shards, make_outputs(i)));
  dispatcher_ = std::make_unique<Dispatcher>(
      settings, shards, secret,
      [this](unsigned shard, std::unique_ptr<Batch> batch) { return send(shard, std::move(batch)); });
  if (workers == 0) return;
  for (unsigned i = 0; i < shards; ++i) {
    lanes_[i]->thread = std::thread([this, i] { lanes_[i]->run(ending_, i); });
  }
}

Pipeline::~Pipeline() { finish(Ending::shutdown); }

void Pipeline::take(const Packet& packet) { dispatcher_->take(packet); }

void Pipeline::flush() { dispatcher_->flush(); }

std::unique_ptr<Batch> Pipeline::send(unsigned shard, std::unique_ptr<Batch> batch) {
  Lane& lane = *lanes_[shard];
  if (!lane.thread.joinable()) {
    lane.shard.take(*batch);
    if (batch->last) lane.shard.finish(ending_);
    batch->clear();
    return batch;
  }
  ++lane.given;
  lane.full.push(batch.release());  // has room for every batch there is
  Batch* empty = lane.spent.try_pop();
  if (empty == nullptr && ++lane.batches < kBatchesOnTheWay) return std::make_unique<Batch>();
  if (empty == nullptr) {
    --lane.batches;
    empty = lane.spent.pop();
  }
  empty->clear();
  return std::unique_ptr<Batch>{empty};
}

void Pipeline::finish(Ending ending) {
  if (finished_) return;
  finished_ = true;
  ending_ = ending;
  dispatcher_->finish();
  for (auto& lane : lanes_) lane->join();
  UnansweredSummary unanswered;
  for (auto& lane : lanes_) unanswered.add(lane->shard.unanswered());
  unanswered.tell(*outputs(0).events);
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
    pulses.push_back({.given = lane->given, .done = lane->done.load(std::memory_order_relaxed)});
  }
  return pulses;
}

ShardCounters Pipeline::sum() const {
  ShardCounters sum;
  for (const auto& lane : lanes_) sum.add(lane->shard.counters());
  return sum;
}

std::map<std::uint16_t, ShardCounters::Unclaimed> Pipeline::unclaimed() const { return sum().unclaimed; }

Counts Pipeline::counts() const { return name_counts(dispatcher_->counters(), dispatcher_->fragments(), sum()); }

ShardOutputs& Pipeline::outputs(unsigned shard) { return lanes_[shard]->shard.outputs(); }

unsigned Pipeline::workers_for_this_machine() {
  cpu_set_t set;
  const int cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return static_cast<unsigned>(std::max(cpus - 1, 1));
}

}  // namespace unspool
