#include "pipeline/timer_wheel.h"

#include <algorithm>

namespace unspool {
namespace {

std::uint16_t list_of(std::int64_t slice, std::uint32_t slices) {
  return static_cast<std::uint16_t>(static_cast<std::uint64_t>(slice) % slices);
}

std::int64_t slice_of(Timestamp t, Duration slice) { return std::max<std::int64_t>(t.time_since_epoch() / slice, 0); }

}  // namespace

std::uint32_t TimerWheel::ahead(std::uint16_t list) const {
  return (std::uint32_t{list} + kSlices - list_of(next_, kSlices)) % kSlices;
}

void TimerWheel::look_by(std::uint32_t index, Timestamp when) {
  if (index >= list_of_index_.size()) list_of_index_.resize(index + 1, kNowhere);
  // A time beyond the wheel's reach is looked at early, and set again then.
  const std::int64_t slice = std::clamp(slice_of(when, kSlice), next_, next_ + kSlices - 1);
  const std::uint16_t list = list_of(slice, kSlices);
  std::uint16_t& current = list_of_index_[index];
  if (current != kNowhere && ahead(current) <= ahead(list)) return;
  slices_.remove(index);
  slices_.push_back(list, index);
  current = list;
}

void TimerWheel::forget(std::uint32_t index) {
  slices_.remove(index);
  if (index < list_of_index_.size()) list_of_index_[index] = kNowhere;
}

bool TimerWheel::turn(Timestamp now, std::vector<std::uint32_t>& looked_at) {
  const std::int64_t current = slice_of(now, kSlice);
  if (!started_) {
    next_ = current;
    started_ = true;
  }
  const bool once_around = current - next_ >= kSlices;  // then all is looked at, at once
  const std::int64_t end = once_around ? next_ + kSlices : current;
  while (next_ < end) {
    const std::uint16_t list = list_of(next_++, kSlices);
    while (slices_.front(list) != IndexLists::kNone) {
      looked_at.push_back(slices_.front(list));
      forget(slices_.front(list));
    }
    if (!looked_at.empty() && !once_around) break;
  }
  if (once_around) next_ = current;
  next_turn_ = Timestamp{kSlice * (next_ + 1)};
  return !looked_at.empty();
}

}  // namespace unspool
