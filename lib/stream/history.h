// The last bytes that were given out of a side, to compare retransmissions with.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace unspool {

/// A ring that knows which of its bytes were gaps. Grows as bytes come, never by the length of a gap.
class History {
 public:
  /// After so many gaps the bytes before the oldest of them are forgotten.
  static constexpr std::size_t kRuns = 16;

  /// Remembers nothing, and allocates nothing.
  History() = default;
  /// Remembers the last `limit` bytes.
  explicit History(std::uint32_t limit) : limit_{limit} {}

  /// The next bytes of the side. What lies between them and those before was a gap.
  void add(std::uint64_t offset, Bytes bytes);

  struct Difference {
    std::uint64_t offset = 0;
    Bytes first;   // as given out; valid until the next add()
    Bytes second;  // as they came again
  };
  /// Where `bytes` first differ from what is remembered, and from there on both copies, as far as they can be compared
  /// in one piece. Empty when they do not differ, or are forgotten, or were a gap.
  std::optional<Difference> compare(std::uint64_t offset, Bytes bytes) const;

 private:
  struct Run {
    std::uint64_t begin = 0, end = 0;
  };
  void write(std::uint64_t offset, Bytes bytes);
  void forget_before(std::uint64_t offset);
  /// The bytes from `offset` on, at most `length`, up to the ring's edge.
  Bytes stored(std::uint64_t offset, std::uint64_t length) const;

  std::uint64_t limit_ = 0;
  std::vector<std::byte> ring_;  // a byte stands at its offset modulo limit_
  std::vector<Run> runs_;        // without gaps, in order, within the last limit_ bytes
};

}  // namespace unspool
