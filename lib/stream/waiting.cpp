#include "stream/waiting.h"

namespace unspool {

bool Waiting::idle() const {
  if (syn || reset_deadline != Timestamp::max()) return false;
  return std::all_of(lanes.begin(), lanes.end(), [](const Lane& lane) {
    return lane.held.empty() && lane.far.empty() && !lane.hole.open && !lane.start_deadline && !lane.far_ack &&
           !lane.far_fin && !lane.far_seq && !lane.other_isn && !lane.syn_data_open && lane.urgent.empty() &&
           lane.fin_needs == Position{};
  });
}

}  // namespace unspool
