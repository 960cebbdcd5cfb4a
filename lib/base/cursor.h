// Reads fields of a buffer, and never past its end: one after the other, or at the fixed places of a header.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace unspool {

/// A number as it stands in memory, in network order or not.
template <std::unsigned_integral T>
constexpr T byte_swapped(T value) {
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  return value;
}

/// The first N bytes of a buffer: a header whose fields are at fixed places. One check for all of them, and the
/// compiler sees that none lies behind the N bytes.
template <std::size_t N>
class Fixed {
 public:
  explicit Fixed(Bytes bytes) : at_{bytes.size() < N ? nullptr : bytes.data()} {}
  /// Whether the N bytes are there; nothing may be read before it was asked.
  explicit operator bool() const { return at_ != nullptr; }

  /// Big-endian, as network protocols are.
  template <std::size_t Offset>
  std::uint8_t u8() const {
    return load<std::uint8_t, Offset>();
  }
  template <std::size_t Offset>
  std::uint16_t u16() const {
    return big<std::uint16_t, Offset>();
  }
  template <std::size_t Offset>
  std::uint32_t u32() const {
    return big<std::uint32_t, Offset>();
  }
  template <std::size_t Offset, std::size_t Length>
  Bytes bytes() const {
    static_assert(Offset + Length <= N);
    return {at_ + Offset, Length};
  }
  /// As it stands in memory.
  template <std::unsigned_integral T, std::size_t Offset>
  T load() const {
    static_assert(Offset + sizeof(T) <= N);
    T value;
    std::memcpy(&value, at_ + Offset, sizeof value);
    return value;
  }

 private:
  template <std::unsigned_integral T, std::size_t Offset>
  T big() const {
    return std::endian::native == std::endian::big ? load<T, Offset>() : byte_swapped(load<T, Offset>());
  }
  const std::byte* at_;
};

class Cursor {
 public:
  explicit constexpr Cursor(Bytes bytes) : rest_{bytes} {}

  constexpr std::size_t left() const { return rest_.size(); }
  constexpr Bytes rest() const { return rest_; }
  constexpr bool ok() const { return ok_; }

  /// Big-endian, as network protocols are. Past the end, reads 0 and makes ok() false for good: check once, at the end.
  template <std::unsigned_integral T>
  [[gnu::always_inline]] T get() {
    return std::endian::native == std::endian::big ? load<T>() : byte_swapped(load<T>());
  }
  /// Little-endian, as capture files may be.
  template <std::unsigned_integral T>
  [[gnu::always_inline]] T get_le() {
    return std::endian::native == std::endian::little ? load<T>() : byte_swapped(load<T>());
  }

  [[gnu::always_inline]] constexpr Bytes take(std::size_t n) {
    if (n > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const Bytes head = rest_.first(n);
    rest_ = rest_.subspan(n);
    return head;
  }
  constexpr void skip(std::size_t n) { take(n); }

 private:
  template <class T>
  [[gnu::always_inline]] T load() {
    T value = 0;
    const Bytes field = take(sizeof(T));
    if (!field.empty()) std::memcpy(&value, field.data(), sizeof(T));
    return value;
  }

  Bytes rest_;
  bool ok_ = true;
};

}  // namespace unspool
