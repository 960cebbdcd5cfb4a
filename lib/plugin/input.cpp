#include "plugin/input.h"

#include <algorithm>
#include <stdexcept>

namespace unspool {

Input::Backlog& Input::backlog() {
  if (!backlog_) backlog_ = std::make_unique<Backlog>();
  return *backlog_;
}

/// From here on now_ is what stands in the backlog from byte `from` to the first gap.
void Input::show_backlog(std::size_t from) {
  const Backlog& b = *backlog_;
  const std::size_t end = b.gaps.empty() ? b.bytes.size() : b.gaps.front().before;
  now_ = Bytes{b.bytes}.subspan(from, end - from);
  backlogged_ = true;
}

// ---- what comes

void Input::feed(const Chunk& chunk) {
  empty_reads_ = 0;
  fed_ = chunk.offset + chunk.length();
  if (ignored_) return;
  const bool nothing_waits = now_.empty() && !gap_waits();
  if (nothing_waits && backlog_) backlog_->bytes.clear();
  if (chunk.is_gap()) {
    backlog().gaps.push_back({.before = backlog_->bytes.size(),
                              .gap = {.offset = chunk.offset, .length = chunk.missing, .cause = chunk.cause}});
    if (nothing_waits) show_backlog(0);
  } else if (nothing_waits) {
    now_ = chunk.bytes;
    backlogged_ = false;
  } else if (gap_waits()) {
    const std::size_t begin = now_begin();
    backlog_->bytes.insert(backlog_->bytes.end(), chunk.bytes.begin(), chunk.bytes.end());
    show_backlog(begin);
  } else {
    next_ = chunk.bytes;
  }
  wake();
}

void Input::settle() {
  if (!backlogged_) {
    if (now_.empty()) return;
    backlog().bytes.assign(now_.begin(), now_.end());
    show_backlog(0);
  } else {
    forget_what_was_read();
    const std::size_t begin = now_begin();
    backlog_->bytes.insert(backlog_->bytes.end(), next_.begin(), next_.end());
    show_backlog(begin);
  }
  next_ = {};
  if (read_ != nullptr) return;  // a read that waits has a bound of its own
  if (backlog_->bytes.size() - now_begin() > kMostKept || backlog_->gaps.size() > kMostGaps) cut_oldest();
}

/// Each byte is moved once at most for each time that the backlog doubles.
void Input::forget_what_was_read() {
  Backlog& b = *backlog_;
  const std::size_t begin = now_begin();
  if (begin == 0 || begin < b.bytes.size() / 2) return;
  b.bytes.erase(b.bytes.begin(), b.bytes.begin() + static_cast<std::ptrdiff_t>(begin));
  for (Mark& mark : b.gaps) mark.before -= begin;
  show_backlog(0);
}

/// The older half of what nobody awaits becomes one gap, with the gaps in it.
void Input::cut_oldest() {
  Backlog& b = *backlog_;
  const std::size_t cut = std::max(b.bytes.size() - std::min(b.bytes.size(), kMostKept / 2), now_begin());
  Gap gap{.offset = offset(), .length = cut - now_begin(), .cause = Cause::limit};
  const std::size_t most_gaps = b.gaps.size() - std::min(b.gaps.size(), kMostGaps / 2);
  std::size_t gone = 0;
  std::size_t upto = cut;
  while (gone < b.gaps.size() && (b.gaps[gone].before <= upto || gone < most_gaps)) {
    gap.length += b.gaps[gone].gap.length;
    if (b.gaps[gone].before > upto) {
      gap.length += b.gaps[gone].before - upto;
      upto = b.gaps[gone].before;
    }
    ++gone;
  }
  b.gaps.erase(b.gaps.begin(), b.gaps.begin() + static_cast<std::ptrdiff_t>(gone));
  b.gaps.insert(b.gaps.begin(), Mark{.before = upto, .gap = gap});
  show_backlog(upto);
}

void Input::finish(bool closed) {
  ended_ = true;
  closed_ |= closed;
  wake();
}

void Input::ignore() {
  ignored_ = true;
  now_ = next_ = {};
  backlog_.reset();
  backlogged_ = false;
}

// ---- what is read

Input::Progress Input::look(std::size_t n) {
  if (n > kLongestRead) throw std::length_error("a read of more than Input::kLongestRead bytes");
  if (!next_.empty()) {
    const std::size_t more = std::min(n - now_.size(), next_.size());
    const std::size_t begin = now_begin();
    backlog_->bytes.insert(backlog_->bytes.end(), next_.begin(), next_.begin() + static_cast<std::ptrdiff_t>(more));
    next_ = next_.subspan(more);
    show_backlog(begin);
    if (n <= now_.size()) return Progress::ready;
  }
  if (gap_waits()) return Progress::gap;
  return ended_ ? Progress::end : Progress::waits;
}

void Input::go_on() {
  now_ = next_;
  next_ = {};
  backlogged_ = false;
}

Gap Input::pass_gap(std::uint64_t most) {
  Backlog& b = *backlog_;
  Gap gap = b.gaps.front().gap;
  const std::size_t at = b.gaps.front().before;
  if (most < gap.length) {
    gap.length = most;
    b.gaps.front().gap.offset += most;
    b.gaps.front().gap.length -= most;
  } else {
    b.gaps.erase(b.gaps.begin());
  }
  show_backlog(at);
  return gap;
}

void Input::count_empty_read() {
  if (++empty_reads_ > kMostEmptyReads) throw std::runtime_error("reads nothing, over and over");
}

void Input::wait(PendingRead& read, Strand& strand) {
  if (ignored_) throw std::logic_error("awaits a side that it ignores");
  if (read_ != nullptr) throw std::logic_error("a side is awaited twice");
  read_ = &read;
  strand_ = &strand;
  strand.wait();
}

void Input::wake() {
  if (read_ == nullptr || read_->check() == Progress::waits) return;
  read_ = nullptr;
  strand_->run();
}

std::uint64_t Input::offset() const {
  std::uint64_t unread = now_.size() + next_.size();
  if (backlogged_) {
    unread += backlog_->bytes.size() - now_begin() - now_.size();
    for (const Mark& mark : backlog_->gaps) unread += mark.gap.length;
  }
  return fed_ - unread;
}

}  // namespace unspool
