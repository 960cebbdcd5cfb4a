// Hands pointers from one thread to one other, in order. The one that takes sleeps while there is nothing.
#pragma once

#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstddef>
#include <cstdint>

namespace unspool {

/// What one thread sleeps on until another has something for it: one for all rings that it takes from.
class Bell {
 public:
  /// Wakes the one that sleeps.
  void ring() {
    rung_.fetch_add(1, std::memory_order_release);
    rung_.notify_one();
  }
  /// To be asked before looking for what there is, and given to wait() when there is nothing.
  std::uint32_t heard() const { return rung_.load(std::memory_order_acquire); }
  /// Sleeps until it was rung since `heard`.
  void wait(std::uint32_t heard) const { rung_.wait(heard, std::memory_order_acquire); }

 private:
  alignas(64) std::atomic<std::uint32_t> rung_{0};
};

template <class T>
class Ring {
 public:
  /// `bell`, which outlives the ring, is rung for each item.
  Ring(std::size_t capacity, Bell& bell) : queue_{capacity}, bell_{bell} {}

  /// False when the ring is full.
  bool push(T* item) {
    if (!queue_.push(item)) return false;
    bell_.ring();
    return true;
  }
  /// Null when the ring is empty.
  T* try_pop() {
    T* item = nullptr;
    return queue_.pop(item) ? item : nullptr;
  }
  /// Waits for an item; for one thread that takes from this ring alone.
  T* pop() {
    for (;;) {
      const std::uint32_t heard = bell_.heard();
      if (T* item = try_pop()) return item;
      bell_.wait(heard);
    }
  }

 private:
  boost::lockfree::spsc_queue<T*> queue_;
  Bell& bell_;
};

}  // namespace unspool
