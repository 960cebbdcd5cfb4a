// Sessions that others announced: FTP's data connections, TFTP's second port.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>

#include "plugin/plugin.h"

namespace unspool {

/// One for each shard: related sessions meet there. At most kMost at a time; then the oldest goes.
class Expectations {
 public:
  static constexpr std::size_t kMost = 16384;

  void add(Expectation expectation, Timestamp now);
  /// The one that waits for this session, which began at `now`; it is taken out.
  std::optional<Expectation> take(const Session& session, Timestamp now);

  std::size_t size() const { return waiting_.size(); }
  /// How many were never met, or had to make room.
  std::uint64_t missed() const { return missed_; }

 private:
  struct Waiting {
    Expectation expectation;
    Timestamp until;
  };
  using List = std::list<Waiting>;
  struct HashEndpoint {
    std::size_t operator()(const Endpoint& endpoint) const;
  };
  std::optional<Expectation> take_at(const Endpoint& to, const Endpoint& from, std::uint8_t transport, Timestamp now);
  void erase(std::unordered_multimap<Endpoint, List::iterator, HashEndpoint>::iterator at);

  List waiting_;  // oldest first
  std::unordered_multimap<Endpoint, List::iterator, HashEndpoint> by_endpoint_;
  std::uint64_t missed_ = 0;
};

}  // namespace unspool
