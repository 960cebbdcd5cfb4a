// A piece of one side's stream, as a segment brought it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/origin.h"
#include "base/timestamp.h"
#include "stream/seq.h"

namespace unspool {

/// Bytes, then perhaps a length that the capture cut off. Borrows both bytes and origins.
struct Piece {
  Position at;
  Bytes bytes;
  std::uint64_t missing = 0;  // behind `bytes`
  Position needs;             // of the other side, to be given out before this
  Timestamp seen;
  std::span<const OriginSpan> origins;  // by offset in the segment's payload
  std::uint64_t skipped = 0;            // how many payload bytes stand before `bytes`

  std::uint64_t length() const { return bytes.size() + missing; }
  Position end() const { return at + length(); }
  Origin last_origin() const { return origins.empty() ? Origin{} : origins.back().origin; }
  void drop_front(std::uint64_t n);
  void drop_back(std::uint64_t n);
  /// The first `n` bytes.
  Piece front(std::uint64_t n) const;

  /// Calls `each(Bytes, Origin)` for the runs of one origin in the bytes.
  template <class Each>
  void by_origin(const Each& each) const;
};

template <class Each>
void Piece::by_origin(const Each& each) const {
  std::uint64_t done = 0;
  for (std::size_t i = 0; i < origins.size() && done < bytes.size(); ++i) {
    const std::uint64_t here = skipped + done;
    const std::uint64_t end = i + 1 < origins.size() ? origins[i + 1].offset : here + bytes.size();
    if (end <= here) continue;
    const Bytes run = bytes.subspan(done, std::min<std::uint64_t>(end - here, bytes.size() - done));
    each(run, origins[i].origin);
    done += run.size();
  }
}

}  // namespace unspool
