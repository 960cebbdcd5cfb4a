// Memory that packets are read into: large, counted, recycled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace unspool {

class BlockPool;

/// One piece of memory with packets in it. Counted by hand through BlockRef, on the capture loop only: no atomics.
class Block {
 public:
  /// Of `size` bytes, which are not cleared: nobody may look at those that nobody wrote.
  Block(BlockPool& pool, std::size_t size)
      : pool_{pool}, bytes_{std::make_unique_for_overwrite<std::byte[]>(size)}, size_{size} {}
  std::span<std::byte> space() { return {bytes_.get(), size_}; }
  /// Whether a BlockRef to it lives: else the pool may give its bytes to others.
  bool is_held() const { return users_ > 0; }

 private:
  friend class BlockRef;
  friend class BlockPool;
  void recycle();
  BlockPool& pool_;
  std::uint32_t users_ = 0;
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_;
};

/// Holds a block: its bytes stay as they are while a BlockRef to it lives. Loop thread only.
class BlockRef {
 public:
  BlockRef() = default;
  explicit BlockRef(Block* block) : block_{block} {
    if (block_ != nullptr) ++block_->users_;
  }
  BlockRef(const BlockRef& other) : BlockRef{other.block_} {}
  BlockRef(BlockRef&& other) noexcept : block_{std::exchange(other.block_, nullptr)} {}
  BlockRef& operator=(BlockRef other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockRef() {
    if (block_ != nullptr && --block_->users_ == 0) block_->recycle();
  }

  Block* operator->() const { return block_; }
  Block* get() const { return block_; }
  explicit operator bool() const { return block_ != nullptr; }
  bool operator==(const BlockRef&) const = default;
  /// Whether no other BlockRef holds the block, so that its bytes may change.
  bool alone() const { return block_->users_ == 1; }

 private:
  Block* block_ = nullptr;
};

/// Makes blocks and takes them back. Outlives every BlockRef of its blocks.
class BlockPool {
 public:
  static constexpr std::size_t kBlockSize = 256U << 10U;
  static constexpr std::size_t kMostIdle = 256;  // kept to be used again

  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool();

  /// A block of at least `size` bytes that nobody else holds; larger ones than kBlockSize are not recycled,
  /// nor more than kMostIdle.
  BlockRef take(std::size_t size = kBlockSize);
  /// Blocks made and not freed, in use or waiting.
  std::size_t blocks() const { return all_; }

 private:
  friend class Block;
  void give_back(std::unique_ptr<Block> block);
  std::vector<std::unique_ptr<Block>> idle_;
  std::size_t all_ = 0;
};

}  // namespace unspool
