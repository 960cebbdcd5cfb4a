// Coroutines that read: Conversation is a protocol's, Reading<T> a part of one that answers with a T.
//
// Nested ones are resumed by a loop in Strand, one after the other, never by symmetric transfer: g++ makes no tail call
// of it without optimisation or under sanitizers, and the stack would overflow.
#pragma once

#include <cassert>
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace unspool {

class Strand;

namespace reading {

class Owner;

/// What all coroutine frames here have in common.
struct Frame {
  std::coroutine_handle<> self;
  Frame* outer = nullptr;    // awaits this one
  Owner* owner = nullptr;    // destroys this one
  Strand* strand = nullptr;  // runs this one
  std::exception_ptr failure;

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct Final {
    Frame& frame;
    bool await_ready() const noexcept { return false; }
    inline void await_suspend(std::coroutine_handle<>) const noexcept;
    void await_resume() const noexcept {}
  };
  Final final_suspend() noexcept { return {*this}; }
  void unhandled_exception() noexcept { failure = std::current_exception(); }
};

/// Holds a coroutine's frame. Nested frames are destroyed from the inside out, by a loop, however deep they are.
class Owner {
 public:
  explicit Owner(Frame& frame) : frame_{&frame} { frame.owner = this; }
  Owner(Owner&& other) noexcept : frame_{std::exchange(other.frame_, nullptr)} {
    if (frame_ != nullptr) frame_->owner = this;
  }
  Owner& operator=(Owner&&) = delete;
  ~Owner() { reset(); }

  Frame* frame() const { return frame_; }
  void reset() {
    if (frame_ != nullptr) std::exchange(frame_, nullptr)->self.destroy();
  }

 private:
  Frame* frame_;
};

template <class T>
struct Answer : Frame {
  std::optional<T> value;
  template <class From>
  void return_value(From&& from) {
    value.emplace(std::forward<From>(from));
  }
  T take() { return std::move(*value); }
};
template <>
struct Answer<void> : Frame {
  void return_void() {}
  void take() {}
};

}  // namespace reading

template <class T = void>
class [[nodiscard]] Reading {
 public:
  struct promise_type : reading::Answer<T> {
    Reading get_return_object() {
      this->self = std::coroutine_handle<promise_type>::from_promise(*this);
      return Reading{*this};
    }
  };

  /// Awaited by another one: runs, and answers with its value or what it throws.
  bool await_ready() const noexcept { return false; }
  template <class Outer>
  void await_suspend(std::coroutine_handle<Outer> outer) noexcept;
  T await_resume() {
    auto& promise = static_cast<promise_type&>(*owner_.frame());
    if (promise.failure) std::rethrow_exception(promise.failure);
    return promise.take();
  }

 private:
  friend class Strand;
  explicit Reading(promise_type& promise) : owner_{promise} {}
  reading::Owner owner_;
};

using Conversation = Reading<void>;

/// Runs a conversation and all that it awaits, one at a time, up to where it waits for bytes.
class Strand {
 public:
  explicit Strand(Conversation conversation) : owner_{std::move(conversation.owner_)}, current_{owner_.frame()} {
    current_->strand = this;
  }
  Strand(const Strand&) = delete;
  Strand& operator=(const Strand&) = delete;
  ~Strand() {
    while (current_ != nullptr) {
      reading::Frame* outer = current_->outer;
      current_->owner->reset();
      current_ = outer;
    }
  }

  /// Goes on until it waits or is done.
  void run() {
    waits_ = false;
    while (current_ != nullptr && !waits_) current_->self.resume();
  }
  bool done() const { return current_ == nullptr; }
  /// What it threw, once it is done; null when it came to its end.
  std::exception_ptr failure() const { return owner_.frame()->failure; }

  void wait() { waits_ = true; }
  void enter(reading::Frame& inner) {
    inner.outer = current_;
    inner.strand = this;
    current_ = &inner;
  }
  void leave(const reading::Frame& frame) { current_ = frame.outer; }

 private:
  reading::Owner owner_;
  reading::Frame* current_;  // the innermost; null: done
  bool waits_ = false;
};

inline void reading::Frame::Final::await_suspend(std::coroutine_handle<>) const noexcept { frame.strand->leave(frame); }

template <class T>
template <class Outer>
void Reading<T>::await_suspend(std::coroutine_handle<Outer> outer) noexcept {
  outer.promise().strand->enter(*owner_.frame());
}

}  // namespace unspool
