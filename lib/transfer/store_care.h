// Keeps the store within its limits while a daemon runs: what is oldest goes first.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "settings/settings.h"
#include "transfer/output_directory.h"
#include "transfer/store_news.h"
#include "transfer/store_usage.h"
#include "transfer/stored_files.h"
#include "transfer/writer_threads.h"

namespace unspool {

/// Works on a thread of its own: counts what is there once, in the background, and looks each second whether there is
/// too much. Only finished files are ever removed.
class StoreCare {
 public:
  /// `threads` is null when the shards write; else they are told when there is too little room. All are borrowed.
  StoreCare(const OutputDirectory& output, const TransferSettings& settings, WriterThreads* threads, StoreNews& news);
  StoreCare(const StoreCare&) = delete;
  StoreCare& operator=(const StoreCare&) = delete;
  ~StoreCare();

  /// A file was finished. Any thread.
  void added(std::string_view name, std::uint64_t bytes) { usage_.added(name, bytes); }

  std::uint64_t removed_files() const { return removed_files_; }
  std::uint64_t removed_bytes() const { return removed_bytes_; }

 private:
  /// What one sweep did, and why.
  struct Sweep {
    std::uint64_t files = 0, freed = 0;
    std::string reasons;
    void because(const std::string& reason);
  };
  /// What the file system has less than it should.
  struct Lack {
    std::uint64_t bytes = 0, files = 0;
    bool any() const { return bytes > 0 || files > 0; }
  };

  void run();
  bool take_census();
  void sweep();
  void thin_out(const std::string& host, Sweep& sweep);
  void remove_aged(Sweep& sweep);
  void keep_quotas(Sweep& sweep);
  bool keep_floor(Sweep& sweep);
  bool remove_oldest(Sweep& sweep, std::optional<Timestamp> not_after = std::nullopt);
  bool remove(const StoredFile& file, Sweep& sweep, std::optional<Timestamp> not_after);
  template <class Enough>
  void remove_until(const Enough& enough, const std::string& reason, Sweep& sweep);
  std::uint64_t bytes_in_use() const;
  Lack lack(std::uint64_t slack) const;

  const OutputDirectory& output_;
  const TransferSettings settings_;
  WriterThreads* const threads_;
  StoreNews& news_;
  StoreUsage usage_;
  std::vector<StoredFile> oldest_;  // when they were looked for last, the oldest one last
  bool is_held_ = false;
  std::chrono::steady_clock::time_point looked_;
  std::atomic<std::uint64_t> removed_files_{0}, removed_bytes_{0};

  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::thread thread_;
};

}  // namespace unspool
