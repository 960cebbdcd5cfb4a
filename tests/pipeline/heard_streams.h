// What a run gave out, by places in the sequence space of each sender: so that runs of different packets compare.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "carried.h"
#include "hearing.h"
#include "ranges.h"

namespace unspool::test {

/// One direction of one TCP session. Places count from `base`.
struct HeardStream {
  struct Run {
    std::int64_t at = 0;
    std::string bytes;
    Range range() const { return {at, at + static_cast<std::int64_t>(bytes.size())}; }
    /// `part` lies in it.
    std::string_view part(const Range& part) const;
    bool operator==(const Run&) const = default;
  };
  std::vector<Run> runs;  // each as long as it can be
  Ranges data, gaps;
  std::vector<std::pair<Range, Cause>> causes;  // of gaps; neighbours of one cause are joined
  std::optional<std::uint32_t> base;            // sequence number of place 0; empty when no bytes tell it
  std::uint64_t late = 0, fins_inferred = 0;    // of its session

  void add(const Piece& piece);
  /// Counts from another base.
  void rebase(std::uint32_t other);
  Ranges all() const { return data + gaps; }
  /// Of all; where there is nothing, its beginning is behind everything, and its end before it.
  std::int64_t begin() const;
  std::int64_t end() const;
};

struct HeardStreams {
  std::map<Way, std::vector<HeardStream>> streams;  // the first, the second ... session of the same endpoints
  std::map<Way, std::string> datagrams;             // of UDP, one behind the other; "<3>" for what was not captured
};

/// `carried` is what the packets carry, or more.
HeardStreams hear_streams(const std::vector<Packet>& packets, const std::vector<Carried>& carried);

/// What is carried of UDP, as HeardStreams::datagrams has it.
std::map<Way, std::string> datagrams_of(const std::vector<Carried>& carried);

}  // namespace unspool::test
