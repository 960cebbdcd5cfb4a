#include "flow/index_lists.h"

#include <gtest/gtest.h>

#include <deque>

#include "support/dice.h"

namespace unspool::test {
namespace {

// Against deques.
TEST(IndexLists, AgreeWithDeques) {
  constexpr std::uint32_t kLists = 3, kNumbers = 50;
  IndexLists lists{kLists};
  std::array<std::deque<std::uint32_t>, kLists> truth;
  std::array<std::uint32_t, kNumbers> where;
  where.fill(kLists);
  Dice dice{9};
  for (int step = 0; step < 50'000; ++step) {
    const auto number = static_cast<std::uint32_t>(dice.between(0, kNumbers - 1));
    lists.remove(number);
    if (where[number] != kLists) std::erase(truth[where[number]], number);
    where[number] = static_cast<std::uint32_t>(dice.between(0, kLists));  // kLists: in none
    if (where[number] != kLists) {
      lists.push_back(where[number], number);
      truth[where[number]].push_back(number);
    }
    for (std::uint32_t list = 0; list < kLists; ++list) {
      ASSERT_EQ(lists.front(list), truth[list].empty() ? IndexLists::kNone : truth[list].front()) << step;
    }
  }
  for (std::uint32_t list = 0; list < kLists; ++list) {
    for (const auto number : truth[list]) {
      ASSERT_EQ(lists.front(list), number);
      lists.remove(number);
    }
    EXPECT_EQ(lists.front(list), IndexLists::kNone);
  }
}

}  // namespace
}  // namespace unspool::test
