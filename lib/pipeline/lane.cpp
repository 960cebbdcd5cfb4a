#include "pipeline/lane.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

namespace unspool {

// ---- a way

void Way::clear() {
  for (Ring<Batch>* ring : {&full_, &spent_}) {
    while (Batch* batch = ring->try_pop()) std::unique_ptr<Batch>{batch}.reset();
  }
}

bool Way::send(std::unique_ptr<Batch>& batch) {
  const bool has_one = has_empty();
  const bool fits = has_one && bytes_ + batch->bytes <= room_.bytes;
  const std::uint64_t filled = fits ? (bytes_ + batch->bytes) * 100 / room_.bytes : 100;
  if (filled > filled_.load(std::memory_order_relaxed))
    filled_.store(static_cast<unsigned>(filled), std::memory_order_relaxed);
  if (when_behind_ == WhenBehind::drop && !fits && !batch->end) return false;
  bytes_ += batch->bytes;
  full_.push(batch.release());  // has room for every batch there is
  if (!has_one) take_back(spent_.pop());
  batch = std::move(empty_.back());
  empty_.pop_back();
  return true;
}

/// False when there is no further batch, nor may be.
bool Way::has_empty() {
  while (Batch* batch = spent_.try_pop()) take_back(batch);
  if (empty_.empty() && batches_ < room_.batches) {
    ++batches_;
    empty_.push_back(std::make_unique<Batch>());
  }
  return !empty_.empty();
}

void Way::take_back(Batch* batch) {
  constexpr std::size_t kKept = 64;
  bytes_ -= batch->bytes;
  batch->clear();
  empty_.emplace_back(batch);
  if (empty_.size() <= kKept) return;
  empty_.pop_back();
  --batches_;
}

// ---- a lane

Lane::Lane(const Settings& settings, unsigned shards, unsigned loops, Way::Room room, WhenBehind when_behind,
           ShardOutputs outputs)
    : shard_{settings, shards, loops, std::move(outputs)} {
  for (unsigned i = 0; i < loops; ++i) ways_.push_back(std::make_unique<Way>(room, when_behind, bell_));
}

void Lane::start(unsigned number) {
  thread_ = std::thread([this, number] {
    ::pthread_setname_np(::pthread_self(), fmt::format("shard {}", number).c_str());
    run();
  });
}

void Lane::join() {
  if (thread_.joinable()) thread_.join();
  for (const auto& way : ways_) way->clear();
}

bool Lane::send(unsigned loop, std::unique_ptr<Batch>& batch) {
  if (!thread_.joinable()) {
    take(*batch);
    batch->clear();
    return true;
  }
  if (!ways_[loop]->send(batch)) return false;
  given_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void Lane::run() {
  while (ends_ < ways_.size()) {
    Batch* batch = next();
    const unsigned loop = batch->loop;
    take(*batch);
    ways_[loop]->give_back(batch);
    done_.fetch_add(1, std::memory_order_relaxed);
  }
}

/// Of each loop in turn.
Batch* Lane::next() {
  for (;;) {
    const std::uint32_t heard = bell_.heard();
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      turn_ = turn_ + 1 < ways_.size() ? turn_ + 1 : 0;
      if (Batch* batch = ways_[turn_]->take()) return batch;
    }
    bell_.wait(heard);
  }
}

void Lane::take(const Batch& batch) {
  shard_.shed(shedding_.load(std::memory_order_relaxed));
  shard_.take(batch);
  if (batch.report) report();
  if (batch.end && ++ends_ == ways_.size()) shard_.finish(*batch.end);
}

void Lane::report() {
  shard_.outputs().events->flush();
  const std::lock_guard lock{told_mutex_};
  told_ = shard_.counters();
  if (told_unanswered_.empty()) std::swap(told_unanswered_, shard_.unanswered());
  told_unanswered_.take(shard_.unanswered());
  told_at_ = shard_.clock();
}

unsigned Lane::filled() {
  unsigned most = 0;
  for (const auto& way : ways_) most = std::max(most, way->filled());
  return most;
}

Pulse Lane::pulse(unsigned number) const {
  const std::uint64_t done = done_.load(std::memory_order_relaxed);  // first: it moves on meanwhile
  return {.given = given_.load(std::memory_order_relaxed), .done = done, .who = fmt::format("shard {}", number)};
}

ShardCounters Lane::told() const {
  const std::lock_guard lock{told_mutex_};
  return told_;
}

Timestamp Lane::take_unanswered(UnansweredSummary& summary) {
  UnansweredSummary told;
  Timestamp until;
  {
    const std::lock_guard lock{told_mutex_};
    std::swap(told, told_unanswered_);
    until = told_at_;
  }
  summary.take(told);
  return until;
}

}  // namespace unspool
