// Which handshakes were not answered yet, for when room must be made.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/timestamp.h"

namespace unspool {

/// Costs nothing for a session whose handshake was answered: its entry stays until it comes up, or until most entries
/// are like that.
class OpenHandshakes {
 public:
  struct Entry {
    std::uint32_t index = 0, hash = 0;  // of the session in its table
    Timestamp start;                    // tells it from others that were there
  };

  /// Behind all others. `is_open(entry)` says whether a session is still there, and unanswered.
  template <class IsOpen>
  void add(Entry entry, const IsOpen& is_open) {
    if (entries_.size() >= 2 * open_ + kFew) std::erase_if(entries_, [&](const Entry& e) { return !is_open(e); });
    entries_.push_back(entry);
    ++open_;
  }
  /// One of them was answered, or has ended.
  void settle() { --open_; }
  /// The one that has waited longest.
  template <class IsOpen>
  std::optional<std::uint32_t> oldest(const IsOpen& is_open) {
    while (!entries_.empty() && !is_open(entries_.front())) entries_.pop_front();
    if (entries_.empty()) return std::nullopt;
    return entries_.front().index;
  }

 private:
  static constexpr std::size_t kFew = 256;
  std::deque<Entry> entries_;
  std::size_t open_ = 0;
};

}  // namespace unspool
