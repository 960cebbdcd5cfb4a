// One side of a session, as a conversation reads it: in straight lines, whatever pieces the bytes came in.
//
// A read suspends the conversation until what it asks for is there. One that meets a gap throws the Gap: a length is
// never read out of filler. The conversation then stands behind the gap; what the read had before it is passed over.
// Behind the last byte a read throws EndOfStream, which ends a conversation that does not catch it, quietly. try_ reads
// answer with the gap instead of throwing it, since co_await is not allowed in a handler.
#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "base/cursor.h"
#include "plugin/input.h"
#include "plugin/plugin.h"

namespace unspool {

/// The side is over: it was closed, or its session has ended.
struct EndOfStream {};

namespace reading {

/// What all reads of one side have in common.
class Read : public PendingRead {
 public:
  explicit Read(Input& input) : input_{input} {}
  bool await_ready() { return check() != Input::Progress::waits; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) {
    input_.wait(*this, *waiting.promise().strand);
  }

 protected:
  void throw_what_is_in_the_way() {
    if (progress_ == Input::Progress::gap) throw input_.pass_gap();
    if (progress_ == Input::Progress::end) throw EndOfStream{};
  }
  Input& input_;
  Input::Progress progress_ = Input::Progress::waits;
};

class Exactly : public Read {
 public:
  Exactly(Input& input, std::size_t n) : Read{input}, n_{n} {}
  Input::Progress check() override { return progress_ = input_.has(n_); }
  Bytes await_resume() {
    throw_what_is_in_the_way();
    return input_.take(n_);
  }

 private:
  std::size_t n_;
};

enum class Order : std::uint8_t { big, little };
template <std::unsigned_integral T, Order kOrder>
class Number final : public Read {
 public:
  using Read::Read;
  Input::Progress check() override { return progress_ = input_.has(sizeof(T)); }
  T await_resume() {
    throw_what_is_in_the_way();
    Cursor in{input_.take(sizeof(T))};
    return kOrder == Order::big ? in.get<T>() : in.get_le<T>();
  }
};

class Some : public Read {
 public:
  using Read::Read;
  Input::Progress check() override { return progress_ = input_.has(1); }
  Bytes await_resume() {
    throw_what_is_in_the_way();
    return input_.take(input_.now().size());
  }
};

class Until : public Read {
 public:
  Until(Input& input, std::string_view delimiter, std::size_t most) : Read{input}, delimiter_{delimiter}, most_{most} {}
  Input::Progress check() override;
  Bytes await_resume() {
    throw_what_is_in_the_way();
    throw_if_too_long();
    return input_.take(found_ + delimiter_.size()).first(found_);
  }

 private:
  void throw_if_too_long() const;
  std::string_view delimiter_;
  std::size_t most_, searched_ = 0, found_ = 0;
  bool too_long_ = false;
};

class Line : public Until {
 public:
  Line(Input& input, std::size_t most) : Until{input, "\n", most + 1} {}
  std::string_view await_resume() {
    std::string_view text = as_text(Until::await_resume());
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
  }
};

/// Passes bytes and gaps on as they come; a gap is no obstacle, since its length is known.
class Pass : public Read {
 public:
  Pass(Input& input, Transfer* to, std::uint64_t n) : Read{input}, to_{to}, left_{n} {}
  Input::Progress check() override;
  void await_resume() {
    if (progress_ == Input::Progress::end) throw EndOfStream{};
  }

 private:
  Transfer* to_;
  std::uint64_t left_;
};

class PassRest final : public Pass {
 public:
  PassRest(Input& input, Transfer& to) : Pass{input, &to, UINT64_MAX} {}
  bool await_resume() const { return input_.closed(); }
};

template <class R>
class Try final : public R {
 public:
  using R::R;
  using Value = decltype(std::declval<R&>().await_resume());
  tl::expected<Value, Gap> await_resume() {
    if (this->progress_ == Input::Progress::gap) return tl::unexpected(this->input_.pass_gap());
    return R::await_resume();
  }
};

}  // namespace reading

/// Bytes and text that a read gives are valid until the conversation next awaits anything.
class Reader {
 public:
  explicit Reader(Input& input) : in_{input} {}

  auto u8() { return reading::Number<std::uint8_t, reading::Order::big>{in_}; }
  auto u16be() { return reading::Number<std::uint16_t, reading::Order::big>{in_}; }
  auto u32be() { return reading::Number<std::uint32_t, reading::Order::big>{in_}; }
  auto u64be() { return reading::Number<std::uint64_t, reading::Order::big>{in_}; }
  auto u16le() { return reading::Number<std::uint16_t, reading::Order::little>{in_}; }
  auto u32le() { return reading::Number<std::uint32_t, reading::Order::little>{in_}; }
  auto u64le() { return reading::Number<std::uint64_t, reading::Order::little>{in_}; }

  /// `n` bytes in one piece, at most Input::kLongestRead.
  reading::Exactly read(std::size_t n) { return {in_, n}; }
  reading::Try<reading::Exactly> try_read(std::size_t n) { return {in_, n}; }
  /// What there is: at least one byte.
  reading::Some some() { return reading::Some{in_}; }
  reading::Try<reading::Some> try_some() { return reading::Try<reading::Some>{in_}; }
  /// All bytes before `delimiter`, which is passed over, is not empty, and outlives the read. Throws std::length_error
  /// when it does not come within `most` bytes.
  reading::Until until(std::string_view delimiter, std::size_t most = Input::kMostKept) {
    return {in_, delimiter, most};
  }
  reading::Try<reading::Until> try_until(std::string_view delimiter, std::size_t most = Input::kMostKept) {
    return {in_, delimiter, most};
  }
  /// A line as text, without its LF or CR LF.
  reading::Line line(std::size_t most = 8192) { return {in_, most}; }
  reading::Try<reading::Line> try_line(std::size_t most = 8192) { return {in_, most}; }

  /// The next `n` bytes, gaps counted, are passed over, or go into a transfer.
  reading::Pass skip(std::uint64_t n) { return {in_, nullptr, n}; }
  reading::Pass copy_to(Transfer& transfer, std::uint64_t n) { return {in_, &transfer, n}; }
  /// All the rest of the side; true when the side was closed, so that it is known to be whole.
  reading::PassRest copy_rest_to(Transfer& transfer) { return {in_, transfer}; }

  /// Offset in the stream of the next byte.
  std::uint64_t offset() const { return in_.offset(); }

 private:
  Input& in_;
};

}  // namespace unspool
