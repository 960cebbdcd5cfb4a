#include "plugin/sink.h"

#include <algorithm>

namespace unspool {

void GapList::add(Gap gap) {
  bytes += gap.length;
  if (!listed.empty() && omitted == 0 && listed.back().cause == gap.cause &&
      listed.back().offset + listed.back().length == gap.offset) {
    listed.back().length += gap.length;
    return;
  }
  if (listed.size() == kListed) {
    ++omitted;
    return;
  }
  listed.push_back(gap);
}

void GapList::insert(Gap gap) {
  const auto next =
      std::find_if(listed.begin(), listed.end(), [&](const Gap& other) { return other.offset > gap.offset; });
  if (next == listed.end()) return add(gap);
  bytes += gap.length;
  const auto joins = [](const Gap& one, const Gap& other) {
    return one.cause == other.cause && one.offset + one.length == other.offset;
  };
  const bool joins_next = joins(gap, *next);
  if (next != listed.begin() && joins(*(next - 1), gap)) {
    (next - 1)->length += gap.length + (joins_next ? next->length : 0);
    if (joins_next) listed.erase(next);
  } else if (joins_next) {
    next->offset = gap.offset;
    next->length += gap.length;
  } else {
    listed.insert(next, gap);
    if (listed.size() <= kListed) return;
    listed.pop_back();
    ++omitted;
  }
}

std::string_view name(Shed what) {
  switch (what) {
    case Shed::transcripts: return "transcripts";
    case Shed::bodies: return "bodies";
    case Shed::sessions: return "sessions";
  }
  return "";
}

std::string_view name(StoreRecord::What what) {
  switch (what) {
    case StoreRecord::What::paused: return "writing_paused";
    case StoreRecord::What::resumed: return "writing_resumed";
    case StoreRecord::What::behind: return "writing_behind";
    case StoreRecord::What::caught_up: return "writing_caught_up";
    case StoreRecord::What::removed: return "files_removed";
  }
  return "";
}

}  // namespace unspool
