#include "plugin/sink.h"

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

}  // namespace unspool
