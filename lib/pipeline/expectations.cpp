#include "pipeline/expectations.h"

#include <functional>
#include <string_view>

namespace unspool {

std::size_t Expectations::HashEndpoint::operator()(const Endpoint& endpoint) const {
  const auto& octets = endpoint.address.octets;
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(octets.data()), octets.size()}) * 31 +
         endpoint.port;
}

void Expectations::erase(std::unordered_multimap<Endpoint, List::iterator, HashEndpoint>::iterator at) {
  waiting_.erase(at->second);
  by_endpoint_.erase(at);
}

void Expectations::add(Expectation expectation, Timestamp now) {
  if (waiting_.size() == kMost) {
    const auto [first, last] = by_endpoint_.equal_range(waiting_.front().expectation.to);
    for (auto at = first; at != last; ++at) {
      if (at->second != waiting_.begin()) continue;
      erase(at);
      break;
    }
    ++missed_;
  }
  const Endpoint to = expectation.to;
  const Timestamp until = now + expectation.lifetime;
  waiting_.push_back({.expectation = std::move(expectation), .until = until});
  by_endpoint_.emplace(to, std::prev(waiting_.end()));
}

std::optional<Expectation> Expectations::take_at(const Endpoint& to, const Endpoint& from, std::uint8_t transport,
                                                 Timestamp now) {
  const auto [first, last] = by_endpoint_.equal_range(to);
  for (auto at = first; at != last;) {
    Waiting& waiting = *at->second;
    if (waiting.until < now) {
      ++missed_;
      erase(at++);
      continue;
    }
    const bool right_host = !waiting.expectation.from || *waiting.expectation.from == from.address;
    if (waiting.expectation.transport == transport && right_host) {
      Expectation found = std::move(waiting.expectation);
      erase(at);
      return found;
    }
    ++at;
  }
  return std::nullopt;
}

std::optional<Expectation> Expectations::take(const Session& session, Timestamp now) {
  if (waiting_.empty()) return std::nullopt;
  const std::uint8_t transport = session.key.protocol();
  if (auto found = take_at(session.server(), session.client(), transport, now)) return found;
  return take_at(session.client(), session.server(), transport, now);
}

}  // namespace unspool
