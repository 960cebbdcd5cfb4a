// Which record of which source bytes came from.
#pragma once

#include <cstdint>

namespace unspool {

/// `source` is its number in the run; `record` the offset of the record's header in a capture file, or a sequence
/// number from 1 on, live.
struct Origin {
  std::uint64_t record = 0;
  std::uint16_t source = 0;
  bool operator==(const Origin&) const = default;
};

/// From `offset` on, until the next one, bytes came from `origin`.
struct OriginSpan {
  std::uint32_t offset = 0;
  Origin origin;
};

}  // namespace unspool
