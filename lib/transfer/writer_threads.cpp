#include "transfer/writer_threads.h"

#include <fmt/format.h>
#include <pthread.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace unspool {
namespace {

constexpr auto kTryAgain = std::chrono::milliseconds(500);

}  // namespace

void Answers::add(WriteJob job) {
  const std::lock_guard lock{mutex_};
  jobs_.push_back(std::move(job));
  any_.store(true, std::memory_order_release);
  come_.notify_one();
}

std::vector<WriteJob> Answers::take() {
  if (!any_.load(std::memory_order_acquire)) return {};
  const std::lock_guard lock{mutex_};
  any_.store(false, std::memory_order_relaxed);
  return std::exchange(jobs_, {});
}

std::vector<WriteJob> Answers::wait() {
  std::unique_lock lock{mutex_};
  come_.wait(lock, [this] { return !jobs_.empty(); });
  any_.store(false, std::memory_order_relaxed);
  return std::exchange(jobs_, {});
}

WriterThreads::WriterThreads(std::vector<FileWriter> writers, std::size_t most, WhenFull when_full,
                             WhenDiskFails when_disk_fails, StoreNews& news)
    : most_{most}, when_full_{when_full}, when_disk_fails_{when_disk_fails}, news_{news} {
  for (FileWriter& writer : writers) lanes_.push_back(std::make_unique<Lane>(std::move(writer)));
  for (auto& lane : lanes_) lane->thread = std::thread([this, &lane = *lane] { run(lane); });
}

WriterThreads::~WriterThreads() {
  hurry();
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    for (auto& lane : lanes_) lane->work.notify_one();
  }
  for (auto& lane : lanes_) lane->thread.join();
}

bool WriterThreads::push(unsigned lane, WriteJob& job, std::size_t cost, Answers& answers) {
  std::unique_lock lock{mutex_};
  const auto fits = [&] { return cost == 0 || queued_ == 0 || queued_ + cost <= most_; };
  if (when_full_ == WhenFull::wait) room_.wait(lock, [&] { return fits() || blocked_ > 0; });
  if (!fits()) {
    note_missed();
    missed_bytes_.fetch_add(job.bytes.size(), std::memory_order_relaxed);
    return false;
  }
  queued_ += cost;
  lanes_[lane]->queue.push_back({.job = std::move(job), .cost = cost, .answers = &answers});
  lanes_[lane]->work.notify_one();
  return true;
}

void WriterThreads::run(Lane& lane) {
  ::pthread_setname_np(::pthread_self(), "writer");
  while (auto entry = next(lane)) {
    carry_out(lane, entry->job);
    give_back(std::move(*entry));
  }
}

std::optional<WriterThreads::Entry> WriterThreads::next(Lane& lane) {
  std::unique_lock lock{mutex_};
  lane.work.wait(lock, [&] { return !lane.queue.empty() || stopping_; });
  if (lane.queue.empty()) return std::nullopt;
  Entry entry = std::move(lane.queue.front());
  lane.queue.pop_front();
  return entry;
}

void WriterThreads::carry_out(Lane& lane, WriteJob& job) {
  const std::uint64_t before = job.file->stored;
  bool waited = false;
  while (auto refused = try_run(lane, job)) {
    std::unique_lock lock{mutex_};
    if (!waited) begin_pause(*refused);
    waited = true;
    if (!hurry_) try_again_.wait_for(lock, kTryAgain);
    if (!hurry_) continue;
    lock.unlock();
    lane.writer.run(job);
    break;
  }
  growing_.fetch_add(job.file->stored - before, std::memory_order_relaxed);
  if (job.then != WriteJob::Then::grow) growing_.fetch_sub(job.file->stored, std::memory_order_relaxed);
  if (!waited) return;
  const std::lock_guard lock{mutex_};
  end_pause();
}

/// Nothing when it is done; else what keeps it from being done now.
std::optional<DiskFailure> WriterThreads::try_run(Lane& lane, WriteJob& job) {
  bool last = when_disk_fails_ == WhenDiskFails::give_up;
  {
    const std::lock_guard lock{mutex_};
    last = last || hurry_;
    if (!last && !held_.empty() && job.then != WriteJob::Then::remove) return DiskFailure{ENOSPC, held_, true};
  }
  if (!last) return lane.writer.try_run(job);
  lane.writer.run(job);
  return std::nullopt;
}

void WriterThreads::give_back(Entry entry) {
  const std::size_t cost = entry.cost;
  entry.job.bytes.clear();
  if (entry.job.then != WriteJob::Then::grow) entry.answers->add(std::move(entry.job));
  const std::lock_guard lock{mutex_};
  queued_ -= cost;
  if (when_full_ == WhenFull::wait) room_.notify_all();
  if (!behind_ || queued_ > most_ / 2) return;
  behind_ = false;
  add_news(StoreRecord::What::caught_up, {}, "writing has caught up");
}

void WriterThreads::hold(std::string reason) {
  const std::lock_guard lock{mutex_};
  held_ = std::move(reason);
  try_again_.notify_all();
}

void WriterThreads::hurry() {
  const std::lock_guard lock{mutex_};
  hurry_ = true;
  try_again_.notify_all();
}

/// Under the lock, as are those below.
void WriterThreads::begin_pause(const DiskFailure& failure) {
  if (++blocked_ > 1) return;
  if (!behind_) {  // else what is missed counts from there
    files_before_ = missed_files_;
    bytes_before_ = missed_bytes_;
  }
  behind_ = false;
  room_.notify_all();
  pauses_.fetch_add(1, std::memory_order_relaxed);
  reason_ = failure.what;
  news_.add({.what = StoreRecord::What::paused, .time = {}, .reason = reason_},
            fmt::format("transfers are not written for now: {}; they go on when this has passed", reason_));
}

void WriterThreads::end_pause() {
  if (--blocked_ > 0) return;
  add_news(StoreRecord::What::resumed, std::exchange(reason_, {}), "transfers are written again");
}

/// Says it, the first time.
void WriterThreads::note_missed() {
  if (behind_ || blocked_ > 0) return;
  behind_ = true;
  files_before_ = missed_files_;
  bytes_before_ = missed_bytes_;
  times_behind_.fetch_add(1, std::memory_order_relaxed);
  const std::string reason = fmt::format("{} bytes wait to be written (transfers.queue_bytes)", queued_);
  news_.add({.what = StoreRecord::What::behind, .time = {}, .reason = reason},
            fmt::format("the disk is slower than what is captured: {}; more is left out of transfers", reason));
}

/// With what was missed since writing last was in order.
void WriterThreads::add_news(StoreRecord::What what, const std::string& reason, const std::string& text) {
  const StoreRecord record{.what = what,
                           .time = {},
                           .reason = reason,
                           .files = missed_files_ - files_before_,
                           .bytes = missed_bytes_ - bytes_before_};
  news_.add(record, record.files + record.bytes == 0
                        ? text
                        : fmt::format("{}; {} bytes were left out, and {} transfers not stored", text, record.bytes,
                                      record.files));
}

std::string WriterThreads::why_full() const {
  const std::lock_guard lock{mutex_};
  if (blocked_ > 0) return fmt::format("writing is paused: {}", reason_);
  return "the disk is slower than what is captured; raise transfers.queue_bytes, or find a faster one";
}

}  // namespace unspool
