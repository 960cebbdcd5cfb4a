#include "capture/time_scale.h"

#include <algorithm>

namespace unspool {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLastSecond = (std::int64_t{1} << 32) - 1;  // 2106-02-07
constexpr std::uint64_t kLast = static_cast<std::uint64_t>(kLastSecond) * kSecond;

/// 10^n, the largest number for n > 19.
std::uint64_t power_of_ten(unsigned n) {
  if (n > 19) return UINT64_MAX;
  std::uint64_t power = 1;
  while (n-- > 0) power *= 10;
  return power;
}

}  // namespace

TimeScale::TimeScale(std::uint8_t resolution, std::int64_t offset)
    : is_binary_{(resolution & 0x80U) != 0},
      digits_{static_cast<std::uint8_t>(resolution & 0x7fU)},
      offset_{std::clamp(offset, -kLastSecond, kLastSecond) * static_cast<std::int64_t>(kSecond)} {
  if (is_binary_) return;
  if (digits_ <= 9) multiply_ = power_of_ten(9U - digits_);
  if (digits_ > 9) divide_ = power_of_ten(digits_ - 9U);
}

Timestamp TimeScale::at(std::uint64_t ticks) const {
  const std::uint64_t since = std::min(is_binary_ ? binary(ticks) : decimal(ticks), kLast);
  const std::int64_t ns = static_cast<std::int64_t>(since) + offset_;
  return timestamp_from_ns(std::clamp<std::int64_t>(ns, 0, static_cast<std::int64_t>(kLast)));
}

std::uint64_t TimeScale::decimal(std::uint64_t ticks) const {
  if (divide_ > 1) return ticks / divide_;
  return std::min(ticks, kLast / multiply_) * multiply_;
}

/// In 32.32 fixed point, which is a quarter of a nanosecond exact.
std::uint64_t TimeScale::binary(std::uint64_t ticks) const {
  constexpr std::uint64_t kFraction = 0xffffffff;
  const unsigned n = digits_;
  const std::uint64_t seconds = n < 64 ? ticks >> n : 0;
  const std::uint64_t fraction = n <= 32 ? ticks << (32U - n) : n < 96 ? ticks >> (n - 32U) : 0;
  return std::min(seconds, kFraction) * kSecond + ((fraction & kFraction) * kSecond >> 32U);
}

}  // namespace unspool
