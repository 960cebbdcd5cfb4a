#include "pipeline/unanswered_summary.h"

namespace unspool {

void UnansweredSummary::add(const UnansweredSyn& syn) {
  const Timestamp minute = std::chrono::floor<std::chrono::minutes>(syn.time);
  const Endpoint& target = syn.from_high ? syn.key.low() : syn.key.high();
  add({target, minute},
      {.target = target, .minute = minute, .source = syn.source, .sessions = 1, .packets = syn.times});
}

void UnansweredSummary::add(const Target& target, const UnansweredRecord& record) {
  auto found = targets_.find(target);
  if (found == targets_.end() && targets_.size() >= kMostTargets && target.first != Endpoint{}) {
    UnansweredRecord others = record;
    others.target = Endpoint{};
    return add({Endpoint{}, target.second}, others);
  }
  if (found == targets_.end()) {
    targets_.emplace(target, record);
    return;
  }
  found->second.sessions += record.sessions;
  found->second.packets += record.packets;
  found->second.source = std::min(found->second.source, record.source);
}

void UnansweredSummary::take(UnansweredSummary& other) {
  for (const auto& [target, record] : other.targets_) add(target, record);
  other.targets_.clear();
}

void UnansweredSummary::tell(EventSink& events) {
  for (const auto& [target, record] : targets_) events.on_unanswered(record);
  targets_.clear();
}

void UnansweredSummary::tell_before(Timestamp end, EventSink& events) {
  std::erase_if(targets_, [&](const auto& entry) {
    const bool is_over = entry.second.minute < end;
    if (is_over) events.on_unanswered(entry.second);
    return is_over;
  });
}

}  // namespace unspool
