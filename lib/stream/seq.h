// TCP sequence numbers: 32 bits that wrap (RFC 9293, 3.4), and the 64-bit positions that they stand for.
#pragma once

#include <compare>
#include <cstdint>

namespace unspool {

/// A place in one side's sequence space, unwrapped: positions order and subtract like plain numbers. The only place
/// where sequence numbers are compared.
class Position {
 public:
  constexpr Position() = default;

  /// The first position of a stream known only by this number. Far enough from zero that even a billion SYNs, each half
  /// the sequence space before the last, do not underflow.
  static constexpr Position first(std::uint32_t seq) { return Position{(std::uint64_t{1} << 62U) + seq}; }
  /// Behind all others.
  static constexpr Position last() { return Position{~std::uint64_t{0}}; }
  /// The position nearest to this one that has this sequence number: at most 2^31 away.
  constexpr Position nearest(std::uint32_t seq) const {
    const auto ahead = static_cast<std::int32_t>(seq - static_cast<std::uint32_t>(value_));
    return Position{value_ + static_cast<std::uint64_t>(static_cast<std::int64_t>(ahead))};
  }

  constexpr Position operator+(std::uint64_t n) const { return Position{value_ + n}; }
  /// Bytes from `other` to here; `other` is not behind this one.
  constexpr std::uint64_t operator-(Position other) const { return value_ - other.value_; }
  constexpr auto operator<=>(const Position&) const = default;

 private:
  constexpr explicit Position(std::uint64_t value) : value_{value} {}
  std::uint64_t value_ = 0;
};

/// Of timestamps, which wrap likewise (RFC 7323, 5.2); nothing is before 0, which stands for none.
constexpr bool is_before(std::uint32_t timestamp, std::uint32_t last) {
  return last != 0 && static_cast<std::int32_t>(timestamp - last) < 0;
}

}  // namespace unspool
