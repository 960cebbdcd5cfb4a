// Gives packets to a pipeline as interfaces do.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "capture/block.h"
#include "pipeline/pipeline.h"
#include "support/dialog.h"

namespace unspool::test {

/// Each in memory that stays.
class Feed {
 public:
  explicit Feed(Pipeline& pipeline) : pipeline_{pipeline} {}
  /// `dropped`: packets that were lost so far.
  void operator()(const std::pair<Timestamp, Frame>& packet, std::uint64_t dropped = 0) {
    const std::string frame = packet.second.bytes();
    if (!block_ || used_ + frame.size() > BlockPool::kBlockSize) block_ = pool().take(), used_ = 0;
    std::byte* at = block_->space().data() + used_;
    std::memcpy(at, frame.data(), frame.size());
    used_ += frame.size();
    pipeline_.dispatcher().take({.time = packet.first,
                                 .bytes = {at, frame.size()},
                                 .wire_length = static_cast<std::uint32_t>(frame.size()),
                                 .link_type = 1,
                                 .record = ++record_,
                                 .dropped = dropped,
                                 .block = block_.get()});
  }
  /// Outlives the pipeline.
  static BlockPool& pool() {
    static BlockPool pool;
    return pool;
  }

 private:
  Pipeline& pipeline_;
  BlockRef block_;
  std::size_t used_ = 0;
  std::uint64_t record_ = 0;
};

/// Nothing comes until then, as a live source tells it.
inline void pass_until(Pipeline& pipeline, Timestamp time) {
  while (pipeline.dispatcher().now() < time)
    pipeline.dispatcher().advance(std::min(time, pipeline.dispatcher().now() + std::chrono::seconds(1)));
}

}  // namespace unspool::test
