#include <fmt/format.h>
#include <gtest/gtest.h>

#include "plugin/sink.h"

namespace unspool::test {
namespace {

/// "10+5 limit, 20+1 end (16 bytes)": offset and length of each gap and its cause, and the bytes of all.
std::string told(const GapList& gaps) {
  std::string text;
  for (const Gap& gap : gaps.listed) text += fmt::format("{}+{} {}, ", gap.offset, gap.length, name(gap.cause));
  if (!text.empty()) text.replace(text.size() - 2, 2, " ");
  return text + fmt::format("({} bytes)", gaps.bytes) +
         (gaps.omitted > 0 ? fmt::format(" {} omitted", gaps.omitted) : "");
}

TEST(GapList, JoinsNeighboursOfOneCause) {
  struct Row {
    const char* what;
    std::vector<Gap> gaps;
    const char* expected;
  };
  const Row rows[] = {
      {"none", {}, "(0 bytes)"},
      {"one", {{10, 5, Cause::limit}}, "10+5 limit (5 bytes)"},
      {"neighbours", {{10, 5, Cause::limit}, {15, 3, Cause::limit}}, "10+8 limit (8 bytes)"},
      {"three", {{0, 1, Cause::end}, {1, 1, Cause::end}, {2, 1, Cause::end}}, "0+3 end (3 bytes)"},
      {"bytes between", {{10, 5, Cause::limit}, {16, 3, Cause::limit}}, "10+5 limit, 16+3 limit (8 bytes)"},
      {"another cause", {{10, 5, Cause::limit}, {15, 3, Cause::snaplen}}, "10+5 limit, 15+3 snaplen (8 bytes)"},
      {"only with the last",
       {{0, 5, Cause::limit}, {5, 1, Cause::end}, {6, 2, Cause::limit}},
       "0+5 limit, 5+1 end, 6+2 limit (8 bytes)"},
      {"far and long",
       {{UINT64_MAX / 2, 1ULL << 40U, Cause::not_captured}},
       "9223372036854775807+1099511627776 not_captured (1099511627776 bytes)"},
  };
  for (const Row& row : rows) {
    GapList list;
    EXPECT_TRUE(list.empty());
    for (const Gap& gap : row.gaps) list.add(gap);
    EXPECT_EQ(told(list), row.expected) << row.what;
    EXPECT_EQ(list.empty(), row.gaps.empty()) << row.what;
  }
}

TEST(GapList, ListsAThousandAndCountsTheRest) {
  GapList list;
  for (std::uint64_t i = 0; i < 1000; ++i) list.add({i * 10, 1, Cause::limit});
  EXPECT_EQ(list.listed.size(), 1000U);
  EXPECT_EQ(list.omitted, 0U);
  list.add({9991, 4, Cause::limit});
  EXPECT_EQ(list.omitted, 0U) << "a neighbour of the last one listed needs no place";
  EXPECT_EQ(list.listed.back().length, 5U);
  list.add({9995, 1, Cause::end});
  list.add({9996, 1, Cause::limit});
  EXPECT_EQ(list.listed.size(), 1000U);
  EXPECT_EQ(list.omitted, 2U);
  EXPECT_EQ(list.bytes, 1006U);
  EXPECT_EQ(list.listed.back().length, 5U);
}

TEST(GapList, TakesOneBetweenTheOthers) {
  struct Row {
    const char* what;
    std::vector<Gap> gaps;
    Gap inserted;
    const char* expected;
  };
  const Row rows[] = {
      {"into none", {}, {10, 5, Cause::limit}, "10+5 limit (5 bytes)"},
      {"behind all", {{0, 5, Cause::limit}}, {10, 5, Cause::limit}, "0+5 limit, 10+5 limit (10 bytes)"},
      {"before all", {{10, 5, Cause::end}}, {0, 5, Cause::limit}, "0+5 limit, 10+5 end (10 bytes)"},
      {"between",
       {{0, 5, Cause::end}, {20, 1, Cause::end}},
       {10, 5, Cause::end},
       "0+5 end, 10+5 end, 20+1 end (11 bytes)"},
      {"joins the one before",
       {{0, 5, Cause::end}, {20, 1, Cause::end}},
       {5, 5, Cause::end},
       "0+10 end, 20+1 end (11 bytes)"},
      {"joins the one behind",
       {{0, 5, Cause::end}, {20, 1, Cause::end}},
       {15, 5, Cause::end},
       "0+5 end, 15+6 end (11 bytes)"},
      {"joins both", {{0, 5, Cause::end}, {20, 1, Cause::end}}, {5, 15, Cause::end}, "0+21 end (21 bytes)"},
      {"of another cause",
       {{0, 5, Cause::end}, {20, 1, Cause::end}},
       {5, 15, Cause::limit},
       "0+5 end, 5+15 limit, 20+1 end (21 bytes)"},
  };
  for (const Row& row : rows) {
    GapList list;
    for (const Gap& gap : row.gaps) list.add(gap);
    list.insert(row.inserted);
    EXPECT_EQ(told(list), row.expected) << row.what;
  }
}

TEST(GapList, CountsWhatAnInsertedOnePushesOut) {
  GapList list;
  for (std::uint64_t i = 0; i < 1001; ++i) list.add({i * 10, 1, Cause::limit});
  list.insert({5, 1, Cause::limit});
  list.insert({20'000, 1, Cause::limit});
  EXPECT_EQ(list.listed.size(), 1000U);
  EXPECT_EQ(list.listed[1].offset, 5U);
  EXPECT_EQ(list.listed.back().offset, 9980U);
  EXPECT_EQ(list.omitted, 3U);
  EXPECT_EQ(list.bytes, 1003U);
}

}  // namespace
}  // namespace unspool::test
