// The words of a transcript, and the HTML around the bytes. Nothing here comes off the wire but addresses and numbers.
//
// No element needs the page's end: a page that is still being written reads well.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugin/session.h"

namespace unspool {

/// What one side said, whether the page shows it or not.
struct SideTotals {
  std::uint64_t bytes = 0;
  std::uint64_t missing = 0;
  std::uint64_t gaps = 0;
  std::uint64_t left_out = 0;  // of `bytes`: not on the page
  bool closed = false;
};

/// From the doctype to the beginning of the conversation: who, when, and how that is known.
std::string page_head(const Session& session);

/// A turn: who speaks, and when. Without a time: what begins it is missing.
std::string turn_begin(const Session& session, Side side, std::optional<Timestamp> seen, bool after_reset);
inline constexpr std::string_view kTurnEnd = "</article>\n";

/// What is missing in a turn, why, and how to read that.
std::string gap_note(std::uint64_t length, Cause cause);

/// A line between turns, as between those of a play. `text` is ours.
std::string direction(std::string_view text);

/// How it ended, and what there was of it.
std::string page_foot(const Session& session, Ending ending, const std::array<SideTotals, 2>& totals);

/// "1 byte", "1,460 bytes".
std::string in_words(std::uint64_t count, std::string_view one, std::string_view many);
/// "20 ms", "1.5 s", "2 min 3 s", "3 h 20 min", "2 d 5 h".
std::string in_words(std::chrono::microseconds duration);
/// Of any two times, without overflow.
std::chrono::microseconds between(Timestamp earlier, Timestamp later);

}  // namespace unspool
