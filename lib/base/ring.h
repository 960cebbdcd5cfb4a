// Hands pointers from one thread to one other, in order. The one that takes sleeps while there is nothing.
#pragma once

#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstddef>
#include <cstdint>

namespace unspool {

template <class T>
class Ring {
 public:
  explicit Ring(std::size_t capacity) : queue_{capacity} {}

  /// False when the ring is full. Wakes the other side, once a call at most.
  bool push(T* item) {
    if (!queue_.push(item)) return false;
    bell_.fetch_add(1, std::memory_order_release);
    bell_.notify_one();
    return true;
  }
  /// Null when the ring is empty.
  T* try_pop() {
    T* item = nullptr;
    return queue_.pop(item) ? item : nullptr;
  }
  /// Waits for an item.
  T* pop() {
    for (;;) {
      const std::uint32_t heard = bell_.load(std::memory_order_acquire);
      if (T* item = try_pop()) return item;
      bell_.wait(heard, std::memory_order_acquire);
    }
  }

 private:
  boost::lockfree::spsc_queue<T*> queue_;
  alignas(64) std::atomic<std::uint32_t> bell_{0};
};

}  // namespace unspool
