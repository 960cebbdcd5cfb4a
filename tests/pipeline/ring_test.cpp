#include "base/ring.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace unspool {
namespace {

TEST(Ring, HandsOverEverythingInOrderAndWakesTheSleeper) {
  constexpr int kItems = 200'000;
  std::vector<int> items(kItems);
  Bell for_other, for_us;
  Ring<int> there{16, for_other}, back{16, for_us};
  std::thread other([&] {
    for (int i = 0; i < kItems; ++i) {
      int* item = there.pop();
      *item = i;
      while (!back.push(item)) std::this_thread::yield();
    }
  });
  int sent = 0;
  for (int received = 0; received < kItems;) {
    while (sent < kItems && sent - received < 16 && there.push(&items[static_cast<std::size_t>(sent)])) ++sent;
    int* item = back.pop();
    ASSERT_EQ(item, &items[static_cast<std::size_t>(received)]);
    ASSERT_EQ(*item, received);
    ++received;
  }
  other.join();
}

TEST(Ring, SaysWhenItIsFull) {
  int item = 0;
  Bell bell;
  Ring<int> ring{2, bell};
  EXPECT_TRUE(ring.push(&item));
  EXPECT_TRUE(ring.push(&item));
  EXPECT_FALSE(ring.push(&item));
  EXPECT_EQ(ring.try_pop(), &item);
  EXPECT_TRUE(ring.push(&item));
}

}  // namespace
}  // namespace unspool
