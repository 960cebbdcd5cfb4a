// The bytes and gaps of one side that a conversation has not read yet.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "plugin/reading.h"
#include "stream/chunk.h"

namespace unspool {

class PendingRead;

/// Bytes of the chunk at hand are read where they are; only what is left when it goes is copied.
class Input {
 public:
  static constexpr std::size_t kLongestRead = 1U << 20U;  // bytes that one read may ask for
  static constexpr std::size_t kMostKept =
      64U << 10U;  // bytes kept of a side that nobody awaits; then the oldest become a gap
  static constexpr std::size_t kMostGaps = 256;      // likewise
  static constexpr unsigned kMostEmptyReads = 1000;  // in a row

  enum class Progress : std::uint8_t { waits, ready, gap, end };

  // The parser's side.

  /// Takes a chunk, whose bytes stay as they are until settle(), and wakes who waits for it.
  void feed(const Chunk& chunk);
  /// Keeps what is left of the chunk.
  void settle();
  /// Nothing more will come; `closed`: since the side said so.
  void finish(bool closed);
  /// What is left, and all that comes, is dropped.
  void ignore();

  // The reads' side.

  /// Whether `n` bytes can be taken. Ready makes them lie in one piece.
  Progress has(std::size_t n) { return n <= now_.size() ? Progress::ready : look(n); }
  /// Takes `n` bytes that are there. They stay as they are until the conversation waits again.
  Bytes take(std::size_t n) {
    if (n == 0) count_empty_read();
    const Bytes taken = now_.first(n);
    now_ = now_.subspan(n);
    if (now_.empty() && !next_.empty()) go_on();
    return taken;
  }
  /// What can be taken without a look further.
  Bytes now() const { return now_; }
  /// After Progress::gap: drops the bytes before the gap, and steps over it, or over its first `most` bytes.
  Gap pass_gap(std::uint64_t most = UINT64_MAX);
  void count_empty_read();
  /// `read` is checked whenever there is more; when it need not wait any longer, `strand` goes on.
  void wait(PendingRead& read, Strand& strand);
  void forget(const PendingRead& read) {
    if (read_ == &read) read_ = nullptr;
  }
  bool closed() const { return closed_; }
  bool ignored() const { return ignored_; }
  /// Offset in the stream of the next byte to be read.
  std::uint64_t offset() const;

 private:
  struct Mark {
    std::size_t before = 0;  // how many of `bytes` stand before the gap
    Gap gap;
  };
  struct Backlog {
    std::vector<std::byte> bytes;
    std::vector<Mark> gaps;
  };

  Progress look(std::size_t n);
  void go_on();
  void wake();
  Backlog& backlog();
  bool gap_waits() const { return backlog_ && !backlog_->gaps.empty(); }
  void show_backlog(std::size_t from);
  void forget_what_was_read();
  void cut_oldest();
  std::size_t now_begin() const { return static_cast<std::size_t>(now_.data() - backlog_->bytes.data()); }

  Bytes now_;                         // unread, up to a gap or what is missing so far
  Bytes next_;                        // of the chunk at hand, behind now_ when that lies in the backlog
  std::unique_ptr<Backlog> backlog_;  // made when there is a need
  std::uint64_t fed_ = 0;             // offset in the stream behind all that was fed
  PendingRead* read_ = nullptr;       // waits for more
  Strand* strand_ = nullptr;          // whose read that is
  std::uint16_t empty_reads_ = 0;
  bool backlogged_ = false;  // now_ lies in the backlog
  bool ended_ = false, closed_ = false, ignored_ = false;
};

/// A read that waits. Lives in its coroutine's frame.
class PendingRead {
 public:
  PendingRead() = default;
  PendingRead(const PendingRead&) = delete;
  PendingRead& operator=(const PendingRead&) = delete;
  virtual ~PendingRead() = default;
  virtual Input::Progress check() = 0;
};

}  // namespace unspool
