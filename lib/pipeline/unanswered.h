// SYNs that nobody has answered yet: a bounded table of small records, so that a flood of them costs little.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/timestamp.h"
#include "flow/index_lists.h"
#include "flow/session_key.h"

namespace unspool {

/// A SYN without data, as it came.
struct Syn {
  SessionKey key;
  std::uint32_t hash = 0;  // SessionHash::session
  bool from_high = false;  // sent by key.high()
  Timestamp time;          // the packet's own
  Timestamp clock;         // of the run
  std::uint32_t seq = 0;
  std::uint32_t frame_bytes = 0;
  std::uint16_t source = 0;
  std::uint16_t window = 0;
  std::optional<std::uint8_t> scale;  // of the window (RFC 7323), at most 14
};

/// What is told of a SYN that was sent `times` times.
struct UnansweredSyn : Syn {  // `time` of the first, `clock` of the last, to the microsecond; `frame_bytes` of all
  std::uint32_t times = 1;
};

/// Keeps the SYNs that came last, one for each session. A SYN that is kept is found by the session's key.
class UnansweredTable {
 public:
  explicit UnansweredTable(std::uint32_t most);

  static constexpr std::uint32_t kNone = 0xffffffffU;
  std::uint32_t find(const SessionKey& key, std::uint32_t hash) const;
  void prefetch(std::uint32_t hash) const { __builtin_prefetch(&slots_[hash & mask_]); }

  bool full() const { return size_ == most_; }
  std::uint32_t size() const { return size_; }
  /// Adds a SYN whose session is not there; the table is not full. False when it cannot be kept so small: its clock is
  /// half an hour from its time, or too many kinds of VLANs, tunnels and sources are about.
  bool add(const Syn& syn);
  /// The same SYN again, from the same side; false when it is another one.
  bool repeat(std::uint32_t index, const Syn& syn);
  UnansweredSyn at(std::uint32_t index) const;
  /// UnansweredSyn::clock.
  Timestamp clock(std::uint32_t index) const;
  /// UnansweredSyn::source.
  std::uint16_t source(std::uint32_t index) const { return surroundings_[records_[index].surroundings].source; }
  void erase(std::uint32_t index);
  /// The one that was not repeated for the longest time; kNone when there is none.
  std::uint32_t oldest() const { return order_.front(0); }

 private:
  /// What few SYNs differ in.
  struct Surroundings {
    VlanStack vlans;
    TunnelStack tunnels;
    std::uint16_t source = 0;
    bool operator==(const Surroundings&) const = default;
  };
  struct Record {
    IpAddress low, high;
    Timestamp time;
    std::uint32_t hash = 0, seq = 0;
    std::int32_t clock_after = 0;  // microseconds from `time`
    std::uint16_t low_port = 0, high_port = 0;
    std::uint16_t surroundings = 0, window = 0, frame_bytes = 0;
    std::uint8_t scale = 0;  // 0xff: none
    std::uint8_t times : 7 = 0;
    bool from_high : 1 = false;
  };
  static_assert(sizeof(Record) == 64);

  /// With the hash, so that those that merely stand in the way are not looked at.
  struct Slot {
    std::uint32_t hash = 0, index = kNone;
  };

  bool is(const Record& record, const SessionKey& key) const;
  std::optional<std::uint16_t> number_of(const Surroundings& surroundings);
  static std::optional<std::int32_t> microseconds_between(Timestamp from, Timestamp to);
  void close_up(std::uint32_t hole);
  void prefetch_oldest() const;

  std::uint32_t most_;
  std::vector<Record> records_;
  std::vector<std::uint32_t> free_;  // of them
  std::vector<Slot>
      slots_;  // linear probing; a power of two, at most a quarter full: nearly all are at their first place
  std::uint32_t mask_;
  IndexLists order_{1};
  std::vector<Surroundings> surroundings_;
  std::vector<std::uint32_t> users_;  // of each: records; those of none are used for others
  std::uint32_t size_ = 0;
};

}  // namespace unspool
