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

std::unique_ptr<Waiting> WaitingPool::take() {
  if (waiting_.empty()) return std::make_unique<Waiting>();
  std::unique_ptr<Waiting> waiting = std::move(waiting_.back());
  waiting_.pop_back();
  return waiting;
}

void WaitingPool::give_back(std::unique_ptr<Waiting> waiting) {
  if (waiting_.size() == kWaiting) return;
  *waiting = Waiting{};
  waiting_.push_back(std::move(waiting));
}

Held& WaitingPool::add(HeldMap& map, Position at) {
  if (held_.empty()) return map[at];
  HeldMap::node_type node = std::move(held_.back());
  held_.pop_back();
  node.key() = at;
  std::vector<std::byte> bytes = std::move(node.mapped().bytes);
  bytes.clear();
  node.mapped() = Held{.bytes = std::move(bytes)};
  return map.insert(std::move(node)).position->second;
}

void WaitingPool::remove(HeldMap& map, HeldMap::iterator held) {
  HeldMap::node_type node = map.extract(held);
  if (held_.size() == kHeld) return;
  if (node.mapped().bytes.capacity() > kBytes) node.mapped().bytes = {};
  held_.push_back(std::move(node));
}

}  // namespace unspool
