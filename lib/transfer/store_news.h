// What is to be said of the store as a whole, on its way from the threads where it happens to a shard's sink.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "plugin/sink.h"

namespace unspool {

/// Tells the operator at once. Called on any thread.
using Say = std::function<void(const std::string&)>;

/// Any thread.
class StoreNews {
 public:
  explicit StoreNews(Say say) : say_{std::move(say)} {}

  /// `text` is for the operator's log, empty for none.
  void add(StoreRecord record, const std::string& text) {
    if (say_ && !text.empty()) say_(text);
    const std::lock_guard lock{mutex_};
    records_.push_back(std::move(record));
    waiting_.store(true, std::memory_order_release);
  }
  /// All that nobody has taken yet. Costs next to nothing when there is none.
  std::vector<StoreRecord> take() {
    if (!waiting_.load(std::memory_order_acquire)) return {};
    const std::lock_guard lock{mutex_};
    waiting_.store(false, std::memory_order_relaxed);
    return std::exchange(records_, {});
  }

 private:
  Say say_;
  std::mutex mutex_;
  std::vector<StoreRecord> records_;  // a few a second at most
  std::atomic<bool> waiting_{false};
};

}  // namespace unspool
