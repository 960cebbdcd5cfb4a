// What an interface of a pcapng file counts time in.
#pragma once

#include <cstdint>

#include "base/timestamp.h"

namespace unspool {

class TimeScale {
 public:
  /// `resolution` is if_tsresol: 10^-n s, with the highest bit set 2^-n s; `offset` is if_tsoffset, seconds to add.
  explicit TimeScale(std::uint8_t resolution = 6, std::int64_t offset = 0);

  /// Never before 1970 nor after 2106, as in pcap files: so sums with durations below do not overflow. Finer than a
  /// nanosecond is cut.
  Timestamp at(std::uint64_t ticks) const;

 private:
  std::uint64_t decimal(std::uint64_t ticks) const;
  std::uint64_t binary(std::uint64_t ticks) const;

  bool is_binary_;
  std::uint8_t digits_;         // n
  std::uint64_t multiply_ = 1;  // decimal: from ticks to nanoseconds
  std::uint64_t divide_ = 1;
  std::int64_t offset_;  // nanoseconds
};

}  // namespace unspool
