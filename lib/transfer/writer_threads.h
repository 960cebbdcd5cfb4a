// Runs write jobs on threads of their own, behind a bounded queue: a slow disk stalls nobody who finds files.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "transfer/file_writer.h"
#include "transfer/store_news.h"

namespace unspool {

/// Where jobs come back to that their shard waits for.
class Answers {
 public:
  void add(WriteJob job);
  /// Those that came so far; costs next to nothing when there are none.
  std::vector<WriteJob> take();
  /// Waits until there are some.
  std::vector<WriteJob> wait();

 private:
  std::mutex mutex_;
  std::condition_variable come_;
  std::vector<WriteJob> jobs_;
  std::atomic<bool> any_{false};
};

/// Used by all shards.
class WriterThreads {
 public:
  /// What becomes of a job that does not fit into the queue.
  enum class WhenFull : std::uint8_t { wait, refuse };
  /// What becomes of one that the disk does not take: it has failed; or it stays, and is tried again twice a second.
  /// Meanwhile nobody waits for room in the queue: who pushes goes on.
  enum class WhenDiskFails : std::uint8_t { give_up, try_again };

  /// One thread for each writer. `most` bytes wait in the queue. `news` outlives the threads.
  WriterThreads(std::vector<FileWriter> writers, std::size_t most, WhenFull when_full, WhenDiskFails when_disk_fails,
                StoreNews& news);
  WriterThreads(const WriterThreads&) = delete;
  WriterThreads& operator=(const WriterThreads&) = delete;
  /// Runs what is still in the queue.
  ~WriterThreads();

  /// Jobs of one file, and of files that may get the same name, go to the same lane: a number that says which.
  unsigned lane_of(std::uint64_t session) const { return static_cast<unsigned>(session % lanes_.size()); }

  /// Takes the job, or refuses it and leaves it as it is. It takes `cost` bytes of the queue; with 0 it is never
  /// refused. Its file outlives it. Jobs that do more than grow a file come back to `answers`.
  bool push(unsigned lane, WriteJob& job, std::size_t cost, Answers& answers);

  /// Nothing is written, as if the disk took nothing, from now on until it is called with an empty reason.
  void hold(std::string reason);
  /// From now on nobody waits for a disk: what it does not take has failed.
  void hurry();

  /// Why the queue is full: for the operator.
  std::string why_full() const;
  /// A transfer was not stored for lack of room in the queue.
  void count_missed_file() { missed_files_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t missed_files() const { return missed_files_; }
  std::uint64_t missed_bytes() const { return missed_bytes_; }
  /// How often the disk took nothing, or not enough.
  std::uint64_t pauses() const { return pauses_; }
  std::uint64_t times_behind() const { return times_behind_; }
  /// Bytes in files that are growing.
  std::uint64_t growing() const { return growing_; }

 private:
  struct Entry {
    WriteJob job;
    std::size_t cost = 0;
    Answers* answers = nullptr;
  };
  struct Lane {
    explicit Lane(FileWriter file_writer) : writer{std::move(file_writer)} {}
    FileWriter writer;
    std::deque<Entry> queue;
    std::condition_variable work;
    std::thread thread;
  };

  void run(Lane& lane);
  std::optional<Entry> next(Lane& lane);
  void carry_out(Lane& lane, WriteJob& job);
  std::optional<DiskFailure> try_run(Lane& lane, WriteJob& job);
  void give_back(Entry entry);
  void begin_pause(const DiskFailure& failure);
  void end_pause();
  void note_missed();
  void add_news(StoreRecord::What what, const std::string& reason, const std::string& text);

  const std::size_t most_;
  const WhenFull when_full_;
  const WhenDiskFails when_disk_fails_;
  StoreNews& news_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::atomic<std::uint64_t> missed_files_{0}, missed_bytes_{0}, pauses_{0}, times_behind_{0}, growing_{0};

  mutable std::mutex mutex_;  // of all below, and of the lanes' queues
  std::condition_variable room_, try_again_;
  std::size_t queued_ = 0;  // bytes
  bool stopping_ = false, hurry_ = false, behind_ = false;
  unsigned blocked_ = 0;                               // writers that wait for the disk
  std::string reason_;                                 // why they do
  std::string held_;                                   // why nothing is to be written
  std::uint64_t files_before_ = 0, bytes_before_ = 0;  // missed, when writing last was in order
};

}  // namespace unspool
