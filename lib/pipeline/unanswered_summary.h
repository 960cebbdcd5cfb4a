// How many handshakes nobody answered, by target and minute: what is told of a flood instead of a line for each.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "pipeline/unanswered.h"
#include "plugin/sink.h"

namespace unspool {

/// One for each shard; they are added up before they are told, since a target's handshakes are in many.
class UnansweredSummary {
 public:
  static constexpr std::size_t kMostTargets =
      65536;  // with their minutes; what is past that is counted as one target, of no address

  void add(const UnansweredSyn& syn);
  /// Takes what is in `other`, which is empty then.
  void take(UnansweredSummary& other);
  bool empty() const { return targets_.empty(); }
  /// Tells what there is, in the order of targets and minutes, and forgets it.
  void tell(EventSink& events);
  /// The same of minutes that began before `end`.
  void tell_before(Timestamp end, EventSink& events);

 private:
  using Target = std::pair<Endpoint, Timestamp>;
  void add(const Target& target, const UnansweredRecord& record);
  std::map<Target, UnansweredRecord> targets_;
};

}  // namespace unspool
