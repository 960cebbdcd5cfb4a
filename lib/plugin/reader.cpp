#include "plugin/reader.h"

#include <algorithm>
#include <stdexcept>

namespace unspool::reading {

using Progress = Input::Progress;

/// Thrown here and not by check(), which is also called outside the conversation.
void Until::throw_if_too_long() const {
  if (too_long_) throw std::length_error("what a read looks for does not come within its bound");
}

Progress Until::check() {
  for (;;) {
    const std::string_view there = as_text(input_.now());
    found_ = there.find(delimiter_, searched_);
    if (found_ <= most_) return progress_ = Progress::ready;
    if (there.size() >= most_ + delimiter_.size()) {
      too_long_ = true;
      return progress_ = Progress::ready;
    }
    searched_ = there.size() - std::min(there.size(), delimiter_.size() - 1);
    const Progress progress = input_.has(std::min(most_ + delimiter_.size(), Input::kLongestRead));
    if (input_.now().size() == there.size()) return progress_ = progress;
  }
}

Progress Pass::check() {
  if (left_ == 0) input_.count_empty_read();
  while (left_ > 0) {
    const Progress progress = input_.has(1);
    if (progress == Progress::ready) {
      const Bytes bytes = input_.take(std::min<std::uint64_t>(input_.now().size(), left_));
      if (to_ != nullptr) to_->write(bytes);
      left_ -= bytes.size();
    } else if (progress == Progress::gap) {
      const Gap gap = input_.pass_gap(left_);
      if (to_ != nullptr) to_->write_gap(gap.length, gap.cause);
      left_ -= gap.length;
    } else {
      return progress_ = progress;
    }
  }
  return progress_ = Progress::ready;
}

}  // namespace unspool::reading
