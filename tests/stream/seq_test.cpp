#include "stream/seq.h"

#include <gtest/gtest.h>

#include <vector>

namespace unspool {
namespace {

TEST(Position, IsNearestAroundTheWrap) {
  struct Row {
    std::uint32_t from, to;
    std::int64_t ahead;
  };
  for (const Row& row : std::vector<Row>{
           {0, 0, 0},
           {0, 1, 1},
           {0, 0xffffffff, -1},
           {0xffffffff, 0, 1},
           {0xfffffff0, 0x10, 0x20},
           {0x10, 0xfffffff0, -0x20},
           {5, 5 + 0x7fffffffU, 0x7fffffff},
           {5, 5 + 0x80000000U, -0x80000000LL},
       }) {
    const Position from = Position::first(row.from), to = from.nearest(row.to);
    EXPECT_EQ(to > from, row.ahead > 0) << row.from << " " << row.to;
    const std::uint64_t distance = to > from ? to - from : from - to;
    EXPECT_EQ(distance, static_cast<std::uint64_t>(row.ahead > 0 ? row.ahead : -row.ahead))
        << row.from << " " << row.to;
  }
}

TEST(Position, CountsOnPastFourGigabytes) {
  const Position base = Position::first(0xfffffff0);
  Position at = base;
  std::uint32_t seq = 0xfffffff0;
  for (int i = 0; i < 10; ++i) {
    seq += 0x7fffffff;
    at = at.nearest(seq);
  }
  EXPECT_EQ(at - base, 10ULL * 0x7fffffff);
}

TEST(Position, OfAFirstNumberHasRoomBeforeIt) {
  const Position first = Position::first(0);
  EXPECT_LT(first.nearest(0x80000000), first);
  EXPECT_LT(Position{}, first.nearest(0x80000000));
}

TEST(Timestamps, OfTcpWrap) {
  EXPECT_TRUE(is_before(50, 100));
  EXPECT_FALSE(is_before(100, 100));
  EXPECT_FALSE(is_before(101, 100));
  EXPECT_TRUE(is_before(4294967290, 5));
  EXPECT_FALSE(is_before(5, 4294967290));
  EXPECT_FALSE(is_before(4294967290, 0)) << "0 is none";
}

}  // namespace
}  // namespace unspool
