#include "pipeline/unanswered.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>

namespace unspool {
namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kNoScale = 0xff;
constexpr std::uint8_t kMostTimes = 127;
constexpr std::size_t kMostSurroundings = 4096;

std::uint16_t saturated(std::uint64_t n) { return static_cast<std::uint16_t>(std::min<std::uint64_t>(n, UINT16_MAX)); }

}  // namespace

UnansweredTable::UnansweredTable(std::uint32_t most)
    : most_{most}, slots_(std::bit_ceil(std::size_t{most} * 4)), mask_{static_cast<std::uint32_t>(slots_.size() - 1)} {}

bool UnansweredTable::is(const Record& record, const SessionKey& key) const {
  const Surroundings& around = surroundings_[record.surroundings];
  return record.low_port == key.low().port && record.high_port == key.high().port && record.low == key.low().address &&
         record.high == key.high().address && around.vlans == key.vlans() && around.tunnels == key.tunnels();
}

std::uint32_t UnansweredTable::find(const SessionKey& key, std::uint32_t hash) const {
  for (std::uint32_t slot = hash & mask_; slots_[slot].index != kNone; slot = (slot + 1) & mask_) {
    const auto [hash_there, index] = slots_[slot];
    if (hash_there == hash && is(records_[index], key)) return index;
  }
  return kNone;
}

std::optional<std::uint16_t> UnansweredTable::number_of(const Surroundings& surroundings) {
  const auto found = std::find(surroundings_.rbegin(), surroundings_.rend(), surroundings);
  if (found != surroundings_.rend()) return static_cast<std::uint16_t>(surroundings_.rend() - found - 1);
  const auto unused = std::find(users_.begin(), users_.end(), 0U) - users_.begin();
  const auto number = static_cast<std::size_t>(unused);
  if (number == kMostSurroundings) return std::nullopt;
  if (number == users_.size()) {
    surroundings_.emplace_back();
    users_.push_back(0);
  }
  surroundings_[number] = surroundings;
  return static_cast<std::uint16_t>(number);
}

/// Both cut to microseconds.
std::optional<std::int32_t> UnansweredTable::microseconds_between(Timestamp from, Timestamp to) {
  using std::chrono::floor, std::chrono::microseconds;
  const std::int64_t between = (floor<microseconds>(to) - floor<microseconds>(from)).count();
  if (between < std::numeric_limits<std::int32_t>::min() || between > std::numeric_limits<std::int32_t>::max())
    return std::nullopt;
  return static_cast<std::int32_t>(between);
}

bool UnansweredTable::add(const Syn& syn) {
  assert(!full());
  const auto surroundings = number_of({.vlans = syn.key.vlans(), .tunnels = syn.key.tunnels(), .source = syn.source});
  const auto clock_after = microseconds_between(syn.time, syn.clock);
  if (!surroundings || !clock_after) return false;
  ++users_[*surroundings];
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(records_.size()));
    records_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Record& record = records_[index];
  record = {.low = syn.key.low().address,
            .high = syn.key.high().address,
            .time = syn.time,
            .hash = syn.hash,
            .seq = syn.seq,
            .clock_after = *clock_after,
            .low_port = syn.key.low().port,
            .high_port = syn.key.high().port,
            .surroundings = *surroundings,
            .window = syn.window,
            .frame_bytes = saturated(syn.frame_bytes),
            .scale = syn.scale.value_or(kNoScale)};
  record.times = 1;
  record.from_high = syn.from_high;
  std::uint32_t slot = syn.hash & mask_;
  while (slots_[slot].index != kNone) slot = (slot + 1) & mask_;
  slots_[slot] = {.hash = syn.hash, .index = index};
  order_.push_back(0, index);
  ++size_;
  return true;
}

bool UnansweredTable::repeat(std::uint32_t index, const Syn& syn) {
  Record& record = records_[index];
  const auto clock_after = microseconds_between(record.time, syn.clock);
  if (record.from_high != syn.from_high || record.seq != syn.seq || record.times == kMostTimes || !clock_after)
    return false;
  ++record.times;
  record.clock_after = *clock_after;
  record.frame_bytes = saturated(std::uint64_t{record.frame_bytes} + syn.frame_bytes);
  order_.remove(index);
  order_.push_back(0, index);
  return true;
}

Timestamp UnansweredTable::clock(std::uint32_t index) const {
  using std::chrono::floor, std::chrono::microseconds;
  return floor<microseconds>(records_[index].time) + microseconds(records_[index].clock_after);
}

UnansweredSyn UnansweredTable::at(std::uint32_t index) const {
  const Record& record = records_[index];
  const Surroundings& around = surroundings_[record.surroundings];
  UnansweredSyn syn;
  syn.key = SessionKey::of_ordered(kTcp, {record.low, record.low_port}, {record.high, record.high_port}, around.vlans,
                                   around.tunnels);
  syn.hash = record.hash;
  syn.from_high = record.from_high;
  syn.time = record.time;
  syn.clock = clock(index);
  syn.seq = record.seq;
  syn.frame_bytes = record.frame_bytes;
  syn.source = around.source;
  syn.window = record.window;
  if (record.scale != kNoScale) syn.scale = record.scale;
  syn.times = record.times;
  return syn;
}

void UnansweredTable::erase(std::uint32_t index) {
  std::uint32_t slot = records_[index].hash & mask_;
  while (slots_[slot].index != index) slot = (slot + 1) & mask_;
  --users_[records_[index].surroundings];
  order_.remove(index);
  free_.push_back(index);
  --size_;
  close_up(slot);
  prefetch_oldest();
}

/// In a flood each that comes drives out the oldest; those that are next lie one behind the other.
void UnansweredTable::prefetch_oldest() const {
  const std::uint32_t next = oldest();
  if (next == kNone) return;
  prefetch(records_[next].hash);
}

/// Moves back what would not be found past the empty slot.
void UnansweredTable::close_up(std::uint32_t hole) {
  for (std::uint32_t slot = (hole + 1) & mask_; slots_[slot].index != kNone; slot = (slot + 1) & mask_) {
    const std::uint32_t wanted = slots_[slot].hash & mask_;
    const bool stays = hole < slot ? wanted > hole && wanted <= slot : wanted > hole || wanted <= slot;
    if (stays) continue;
    slots_[hole] = slots_[slot];
    hole = slot;
  }
  slots_[hole] = {};
}

}  // namespace unspool
