#include "capture/block.h"

#include <algorithm>
#include <cassert>

namespace unspool {

void Block::recycle() { pool_.give_back(std::unique_ptr<Block>{this}); }

BlockPool::~BlockPool() { assert(idle_.size() == all_ && "a BlockRef outlived its pool"); }

BlockRef BlockPool::take(std::size_t size) {
  if (size <= kBlockSize && !idle_.empty()) {
    Block* block = idle_.back().release();
    idle_.pop_back();
    return BlockRef{block};
  }
  auto made = std::make_unique<Block>(*this, std::max(size, kBlockSize));
  ++all_;
  return BlockRef{made.release()};
}

void BlockPool::give_back(std::unique_ptr<Block> block) {
  if (block->size_ == kBlockSize && idle_.size() < kMostIdle) {
    idle_.push_back(std::move(block));
    return;
  }
  --all_;
}

}  // namespace unspool
