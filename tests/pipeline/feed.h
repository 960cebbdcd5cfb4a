// Gives packets to a pipeline as interfaces do.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "capture/block.h"
#include "pipeline/pipeline.h"
#include "support/dialog.h"

namespace unspool::test {

/// Each in memory that stays. `loop`: which of the pipeline's; it is the packets' source too.
class Feed {
 public:
  explicit Feed(Pipeline& pipeline, unsigned loop = 0) : pipeline_{pipeline}, loop_{loop} {}
  /// `dropped`: packets that were lost so far.
  void operator()(const std::pair<Timestamp, Frame>& packet, std::uint64_t dropped = 0) {
    const std::string frame = packet.second.bytes();
    if (!block_ || used_ + frame.size() > BlockPool::kBlockSize) block_ = pool().take(), used_ = 0;
    std::byte* at = block_->space().data() + used_;
    std::memcpy(at, frame.data(), frame.size());
    used_ += frame.size();
    pipeline_.dispatcher(loop_).take({.time = packet.first,
                                      .bytes = {at, frame.size()},
                                      .wire_length = static_cast<std::uint32_t>(frame.size()),
                                      .link_type = 1,
                                      .source = static_cast<std::uint16_t>(loop_),
                                      .record = ++record_,
                                      .dropped = dropped,
                                      .block = block_.get()});
  }
  /// The loop's own; outlives the pipeline.
  BlockPool& pool() {
    static std::array<BlockPool, 8> pools;
    return pools.at(loop_);
  }

 private:
  Pipeline& pipeline_;
  unsigned loop_;
  BlockRef block_;
  std::size_t used_ = 0;
  std::uint64_t record_ = 0;
};

/// Nothing comes until then, as a live source tells it.
inline void pass_until(Pipeline& pipeline, Timestamp time, unsigned loop = 0) {
  Dispatcher& dispatcher = pipeline.dispatcher(loop);
  while (dispatcher.now() < time) dispatcher.advance(std::min(time, dispatcher.now() + std::chrono::seconds(1)));
}

}  // namespace unspool::test
