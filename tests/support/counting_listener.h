// A listener for what costs are measured of: counts, and looks at nothing.
#pragma once

#include "stream/listener.h"

namespace unspool::test {

class CountingListener : public StreamListener {
 public:
  std::uint64_t bytes = 0, gaps = 0;

  void on_roles(unsigned, Roles, bool) override {}
  void on_chunk(const Chunk& chunk) override {
    bytes += chunk.bytes.size();
    if (chunk.is_gap()) ++gaps;
  }
  void on_taken_out(Side, std::uint64_t) override {}
  void on_fin(Side) override {}
  void on_old(Side, std::uint64_t, Bytes) override {}
  void on_conflict(Side, std::uint64_t, Bytes, Bytes) override {}
  void on_oddity(Oddity) override {}
};

}  // namespace unspool::test
