// What fuzz targets share: how one says what it found.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/bytes.h"

// Of the sanitizers' run time; absent without it.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes() __attribute__((weak));

namespace unspool::test {

[[noreturn]] inline void give_up(std::string_view what) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

/// `what` is wrong when it does not hold.
inline void check(bool holds, std::string_view what) {
  if (!holds) give_up(what);
}

inline void check_same(std::string_view told, std::string_view expected, std::string_view what) {
  if (told == expected) return;
  std::fprintf(stderr, "---- %.*s\n", static_cast<int>(told.size()), told.data());
  std::fprintf(stderr, "---- expected\n%.*s\n----\n", static_cast<int>(expected.size()), expected.data());
  give_up(what);
}

/// Bytes of heap in use; 0 where nobody counts them.
inline std::size_t heap_in_use() {
  return &__sanitizer_get_current_allocated_bytes == nullptr ? 0 : __sanitizer_get_current_allocated_bytes();
}

/// So that sanitizers look at every byte.
inline void look_at(Bytes bytes) {
  std::uint64_t sum = 0;
  for (const std::byte b : bytes) sum += std::to_integer<std::uint64_t>(b);
  check(sum <= 255 * bytes.size(), "bytes are more than bytes");
}

/// FNV-1a.
class Hash {
 public:
  void add(Bytes bytes) {
    for (const std::byte b : bytes) state_ = (state_ ^ std::to_integer<std::uint64_t>(b)) * 0x100000001b3U;
  }
  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325U;
};

}  // namespace unspool::test
