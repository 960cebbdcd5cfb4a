#include "capture/block.h"

#include <gtest/gtest.h>

namespace unspool {
namespace {

TEST(Blocks, AreRecycled) {
  BlockPool pool;
  Block* first = nullptr;
  {
    const BlockRef a = pool.take();
    first = a.get();
    EXPECT_EQ(a->space().size(), BlockPool::kBlockSize);
  }
  const BlockRef b = pool.take(100);
  EXPECT_EQ(b.get(), first);
  const BlockRef c = pool.take();
  EXPECT_NE(c.get(), first);
  EXPECT_EQ(pool.blocks(), 2U);
}

TEST(Blocks, LargeOnesAreFreed) {
  BlockPool pool;
  {
    const BlockRef large = pool.take(BlockPool::kBlockSize + 1);
    EXPECT_EQ(large->space().size(), BlockPool::kBlockSize + 1);
    EXPECT_EQ(pool.blocks(), 1U);
  }
  EXPECT_EQ(pool.blocks(), 0U);
}

TEST(Blocks, AreHeldByEachRef) {
  BlockPool pool;
  BlockRef a = pool.take();
  Block* const block = a.get();
  EXPECT_TRUE(a.alone());
  BlockRef b = a;
  EXPECT_FALSE(a.alone());
  EXPECT_TRUE(a == b);
  const BlockRef c = std::move(b);
  EXPECT_FALSE(a.alone());
  a = BlockRef{};
  EXPECT_TRUE(c.alone());
  EXPECT_NE(pool.take().get(), block);
  a = c;
  BlockRef& same = a;
  a = same;
  EXPECT_FALSE(c.alone());
  EXPECT_FALSE(BlockRef{});
}

TEST(BlockPool, GivesBackWhatABurstNeeded) {
  BlockPool pool;
  {
    std::vector<BlockRef> burst;
    for (std::size_t i = 0; i < 2 * BlockPool::kMostIdle; ++i) burst.push_back(pool.take());
    EXPECT_EQ(pool.blocks(), 2 * BlockPool::kMostIdle);
  }
  EXPECT_EQ(pool.blocks(), BlockPool::kMostIdle);
}

}  // namespace
}  // namespace unspool
