// When sessions want to be looked at: coarse, cheap to move, the same for every number of workers.
#pragma once

#include <cstdint>
#include <vector>

#include "base/timestamp.h"
#include "flow/index_lists.h"

namespace unspool {

/// Keeps, for each index, a time before which nothing needs to happen to it. Time is cut into fixed slices; an index
/// comes due when its whole slice lies in the past, so nothing depends on how often the wheel is turned.
class TimerWheel {
 public:
  TimerWheel() : slices_{kSlices} {}

  /// `index` is to be looked at once `when` is past; an earlier time that was set for it before stays.
  void look_by(std::uint32_t index, Timestamp when);
  /// Forgets `index`.
  void forget(std::uint32_t index);
  /// Whether turn() has anything to do.
  bool due(Timestamp now) const { return now >= next_turn_; }
  /// Moves on to `now`, slice by slice: puts the indexes of the first past slice that holds any into `looked_at`, which
  /// is empty, and forgets them. False when no past slice holds any.
  bool turn(Timestamp now, std::vector<std::uint32_t>& looked_at);

 private:
  static constexpr std::uint32_t kSlices = 8192;
  static constexpr Duration kSlice = std::chrono::milliseconds(50);

  static constexpr std::uint16_t kNowhere = 0xffff;

  /// How many slices after the next one `list` stands for.
  std::uint32_t ahead(std::uint16_t list) const;

  IndexLists slices_;                         // of slice n: list n modulo kSlices
  std::vector<std::uint16_t> list_of_index_;  // or kNowhere
  std::int64_t next_ = 0;                     // the first slice that was not turned over yet
  bool started_ = false;
  Timestamp next_turn_;  // the end of that slice
};

}  // namespace unspool
