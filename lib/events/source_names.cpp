#include "events/source_names.h"

#include <utility>

namespace unspool {
namespace {

/// Packets of a file are not always in the order of their times.
constexpr auto kDisorder = std::chrono::minutes(2);

}  // namespace

SourceNames::SourceNames(std::vector<SourceName> names) {
  for (SourceName& name : names) named_.push_back({.name = std::move(name)});
}

void SourceNames::set(std::uint16_t source, SourceName name, Timestamp since) {
  const std::lock_guard held{mutex_};
  if (source >= named_.size()) named_.resize(source + 1U);
  Named& named = named_[source];
  const bool is_used_again = !named.name.name.empty() && since > Timestamp::min() + kDisorder;
  named = {.name = std::move(name), .since = is_used_again ? since - kDisorder : Timestamp::min()};
  version_.fetch_add(1, std::memory_order_release);
}

SourceNames::Named SourceNames::look_up(std::uint16_t source) const {
  const std::lock_guard held{mutex_};
  Named named = source < named_.size() ? named_[source] : Named{};
  named.version = version_.load(std::memory_order_relaxed);
  return named;
}

const SourceName* SourceNames::View::of(std::uint16_t source, Timestamp start) {
  if (source >= seen_.size()) seen_.resize(source + 1U);
  Named& named = seen_[source];
  if (named.version != names_.version_.load(std::memory_order_acquire)) named = names_.look_up(source);
  return named.name.name.empty() || start < named.since ? nullptr : &named.name;
}

}  // namespace unspool
