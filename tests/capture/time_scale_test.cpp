#include "capture/time_scale.h"

#include <gtest/gtest.h>

namespace unspool {
namespace {

constexpr std::int64_t kLast = 4'294'967'295'000'000'000;  // 2106-02-07

TEST(TimeScale, Times) {
  struct Row {
    const char* what;
    std::uint8_t resolution;
    std::int64_t offset;
    std::uint64_t ticks;
    std::int64_t ns;
  };
  const Row rows[] = {
      {"seconds", 0, 0, 1'700'000'000, 1'700'000'000'000'000'000},
      {"microseconds", 6, 0, 1'700'000'000'123'456, 1'700'000'000'123'456'000},
      {"nanoseconds", 9, 0, 7, 7},
      {"10^-10 s", 10, 0, 79, 7},
      {"10^-19 s", 19, 0, UINT64_MAX, 1'844'674'407},
      {"10^-28 s", 28, 0, UINT64_MAX, 1},
      {"10^-29 s", 29, 0, UINT64_MAX, 1},
      {"10^-127 s", 127, 0, UINT64_MAX - 1, 0},
      {"2^-0 s", 0x80, 0, 5, 5'000'000'000},
      {"2^-1 s", 0x81, 0, 3, 1'500'000'000},
      {"2^-32 s, as NTP counts", 0xa0, 0, 0x1'8000'0000, 1'500'000'000},
      {"2^-33 s", 0xa1, 0, 0x3'0000'0000, 1'500'000'000},
      {"2^-63 s", 0xbf, 0, 0xc000'0000'0000'0000, 1'500'000'000},
      {"2^-64 s", 0xc0, 0, 0x8000'0000'0000'0000, 500'000'000},
      {"2^-95 s", 0xdf, 0, UINT64_MAX, 0},
      {"2^-127 s", 0xff, 0, UINT64_MAX, 0},
      {"offset", 9, 1'700'000'000, 1, 1'700'000'000'000'000'001},
      {"too late", 0, 0, 4'294'967'296, kLast},
      {"far too late", 0, 0, UINT64_MAX, kLast},
      {"far too late in nanoseconds", 9, 0, UINT64_MAX, kLast},
      {"far too late in halves", 0x81, 0, UINT64_MAX, kLast},
      {"too late by the offset", 0, INT64_MAX, 1, kLast},
      {"too early by the offset", 0, INT64_MIN, 1, 0},
      {"both", 0, INT64_MAX, UINT64_MAX, kLast},
  };
  for (const Row& row : rows) {
    const TimeScale scale{row.resolution, row.offset};
    EXPECT_EQ(scale.at(row.ticks).time_since_epoch().count(), row.ns) << row.what;
  }
}

}  // namespace
}  // namespace unspool
