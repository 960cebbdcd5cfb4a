#include "stream/history.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace unspool {
namespace {

std::string compared(const History& history, std::uint64_t offset, std::string_view again) {
  const auto difference = history.compare(offset, as_bytes(again));
  if (!difference) return "same";
  return fmt::format("{}: {} {}", difference->offset, as_text(difference->first), as_text(difference->second));
}

TEST(History, ToldWhereACopyFirstDiffers) {
  History history{16};
  history.add(0, as_bytes("HTTP/1."));
  history.add(7, as_bytes("1 302"));
  EXPECT_EQ(compared(history, 0, "HTTP/1.1 302"), "same");
  EXPECT_EQ(compared(history, 0, "HTTP/1.1 200"), "9: 302 200");
  EXPECT_EQ(compared(history, 5, "xx1 302"), "5: 1.1 302 xx1 302");
  EXPECT_EQ(compared(history, 9, "302 Found"), "same");  // what comes behind is not remembered
  EXPECT_EQ(compared(history, 11, "3 Found"), "11: 2 3");
  EXPECT_EQ(compared(history, 12, "elsewhere"), "same");
  EXPECT_EQ(compared(history, 3, ""), "same");
}

TEST(History, ForgetsWhatIsOlderThanItsLimit) {
  History history{4};
  history.add(0, as_bytes("abc"));
  history.add(3, as_bytes("def"));
  EXPECT_EQ(compared(history, 0, "xx"), "same");
  EXPECT_EQ(compared(history, 0, "xxcdef"), "same");
  EXPECT_EQ(compared(history, 0, "xxxdef"), "2: cd xd");  // up to the edge of the ring
  EXPECT_EQ(compared(history, 0, "xxcdxx"), "4: ef xx");
  history.add(6, as_bytes("much longer than the ring"));
  EXPECT_EQ(compared(history, 27, "ring"), "same");
  EXPECT_EQ(compared(history, 27, "rinG"), "30: g G");
  EXPECT_EQ(compared(history, 26, "Xring"), "same");
}

TEST(History, DoesNotCompareGaps) {
  History history{64};
  history.add(0, as_bytes("AAA"));
  history.add(6, as_bytes("CCC"));
  EXPECT_EQ(compared(history, 0, "AAAbbbCCC"), "same");
  EXPECT_EQ(compared(history, 0, "AAAbbbCcC"), "7: CC cC");
  history.add(10'000'000'000, as_bytes("Z"));
  EXPECT_EQ(compared(history, 0, "xxx"), "same");
  EXPECT_EQ(compared(history, 10'000'000'000, "z"), "10000000000: Z z");
}

TEST(History, KeepsItsMemoryBoundedAmongManyGaps) {
  History history{1024};
  for (std::uint64_t offset = 0; offset < 1000; offset += 2) history.add(offset, as_bytes("A"));
  EXPECT_EQ(compared(history, 998, "B"), "998: A B");
  EXPECT_EQ(compared(history, 998 - 2 * (History::kRuns - 1), "B"), "968: A B");
  EXPECT_EQ(compared(history, 998 - 2 * History::kRuns, "B"), "same");
}

TEST(History, OfNothingRemembersNothing) {
  History history;
  history.add(0, as_bytes("AAA"));
  EXPECT_EQ(compared(history, 0, "BBB"), "same");
}

}  // namespace
}  // namespace unspool
