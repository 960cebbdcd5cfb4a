// Reads fields off the front of a buffer, and never past its end.
#pragma once

#include <bit>
#include <concepts>
#include <cstring>

#include "base/bytes.h"

namespace unspool {

class Cursor {
 public:
  explicit constexpr Cursor(Bytes bytes) : rest_{bytes} {}

  constexpr std::size_t left() const { return rest_.size(); }
  constexpr Bytes rest() const { return rest_; }
  constexpr bool ok() const { return ok_; }

  /// Big-endian, as network protocols are. Past the end, reads 0 and makes ok() false for good: check once, at the end.
  template <std::unsigned_integral T>
  T get() {
    return std::endian::native == std::endian::big ? load<T>() : reversed(load<T>());
  }
  /// Little-endian, as capture files may be.
  template <std::unsigned_integral T>
  T get_le() {
    return std::endian::native == std::endian::little ? load<T>() : reversed(load<T>());
  }

  constexpr Bytes take(std::size_t n) {
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
  T load() {
    T value = 0;
    const Bytes field = take(sizeof(T));
    if (!field.empty()) std::memcpy(&value, field.data(), sizeof(T));
    return value;
  }
  template <class T>
  static T reversed(T value) {
    if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
    if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
    if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
    return value;
  }

  Bytes rest_;
  bool ok_ = true;
};

}  // namespace unspool
