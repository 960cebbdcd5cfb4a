// The first frames of a workload, in memory, for inner loops to go round and round.
#pragma once

#include <string>
#include <vector>

#include "bench/workload.h"

namespace unspool::bench {

/// About `count` of them.
inline std::vector<std::string> frames_of(Workload workload, std::size_t count) {
  std::vector<std::string> frames;
  const auto keep = [&](Timestamp, std::string_view frame) { frames.emplace_back(frame); };
  make({.workload = workload, .amount = 10'000'000, .at_once = 64, .most_packets = count}, {.frame = keep, .over = {}});
  return frames;
}

}  // namespace unspool::bench
