// What should have been given out, and was not.
#include <fmt/format.h>

#include <algorithm>

#include "support/stream_judge.h"

namespace unspool::test {

/// What `brought` acknowledges behind the last byte of `side` is its FIN; but as long as nobody saw that, it can be a
/// byte that is missing, which has its grace.
bool Judge::may_wait_for_fin(unsigned side, const CapturedPacket& brought) const {
  const Stream& stream = streams_[side];
  if (stream.fin_seen || brought.acks <= length(side)) return false;
  const auto acked = acked_when(stream, length(side));
  return acked && clock_ < std::max(*acked, stream.moved) + settings_.grace;
}

/// Nothing waits that could be given out, and no hole is kept open longer than its grace.
void Judge::check_prompt(unsigned side) {
  const Stream& mine = streams_[side];
  const Stream& peer = streams_[1 - side];
  if (!mine.base || !peer.base || mine.fin_told || session_.phase() != TcpSession::Phase::open) return;
  const std::uint64_t at = *mine.base + mine.given;
  if (at >= length(side) || mine.fate[at] == Fate::cut) return;
  if (mine.first[at] > 0) {
    const CapturedPacket& brought = recording_.packets[mine.first[at] - 1];
    const std::uint64_t needs = std::min<std::uint64_t>(brought.acks, length(1 - side));
    if (*peer.base + peer.given < needs || may_wait_for_fin(1 - side, brought)) return;
    complain(fmt::format("byte {} of side {} is stuck", at, side));
  } else if (const auto acked = acked_when(mine, at);
             acked && clock_ >= std::max({*acked, mine.moved, doubted_}) + settings_.grace) {
    complain(fmt::format("the hole at {} of side {} stays open", at, side));
  }
}

void Judge::check_end(unsigned side) {
  const Stream& mine = streams_[side];
  if (!mine.base) {
    const bool doubtful = oddities_[static_cast<std::size_t>(Oddity::out_of_window)] > 0;  // and nobody confirmed it
    bool too_late = !mine.leading.empty();  // all of it came when its gap, or its answer, had been given out
    for (std::size_t at = 0; at < length(side) && !too_late; ++at) {
      if (mine.first[at] != 0 && !mine.came_answered[at]) break;
      too_late = at + 1 == length(side);
    }
    if (mine.start && !mine.began_with_end && !was_reset() && !too_late && !doubtful)
      complain(fmt::format("side {} was captured, and nothing of it given out", side));
    return;
  }
  const bool believed = oddities_[static_cast<std::size_t>(Oddity::invalid_ack)] == 0;
  const bool jumped =
      oddities_[static_cast<std::size_t>(Oddity::out_of_window)] > 0;  // what nobody confirmed is not given out
  std::uint64_t end =
      std::max<std::uint64_t>(mine.top, believed ? std::min<std::uint64_t>(mine.acked(), length(side)) : 0);
  if (jumped) end = std::min(end, *mine.base + mine.given);
  for (std::uint64_t at = *mine.base; at < end; ++at) {
    const bool behind_reset = was_reset() && (side != reset_from_ || at >= *reset_at_);
    if (behind_reset) continue;
    if (mine.fate[at] == Fate::waits || mine.fate[at] == Fate::cut)
      return complain(fmt::format("byte {} of side {} was not given out", at, side));
    if (mine.fate[at] == Fate::gap && mine.first[at] > 0 && !mine.came_answered[at] && !mine.forgettable[at])
      return complain(fmt::format("byte {} of side {} was captured, and not told", at, side));
  }
}

void Judge::check_ending() {
  const auto& [first, second] = streams_;
  if (session_.phase() != TcpSession::Phase::over) complain("goes on after its end");
  if (budget_.held() != 0 || budget_.hosts() != 0) complain("bytes are held after the end");
  if (session_.waits()) complain("waits after the end");
  const bool doubtful = oddities_[static_cast<std::size_t>(Oddity::out_of_window)] > 0;  // and nobody confirmed it
  if (!was_reset() && !doubtful && first.fin_seen && second.fin_seen && (!first.fin_told || !second.fin_told))
    complain("both ends were seen, and not told");
  if (first.fin_told && second.fin_told && !was_reset() && session_.ended() != Ending::closed)
    complain("not closed by its two ends");
  if (session_.ended()) ++happened_[name(*session_.ended())];
  const auto count = [&](Oddity oddity) { return oddities_[static_cast<std::size_t>(oddity)]; };
  if (conditions_.tap_is_whole() && !conditions_.cramped && count(Oddity::order_conflict) > 0)
    complain("an order conflict of an honest conversation");
  for (const Oddity never :
       {Oddity::overlap_differs, Oddity::data_after_fin, Oddity::bad_fin, Oddity::no_ack_flag, Oddity::syn_fin}) {
    if (count(never) > 0) complain(fmt::format("{} in an honest conversation", name(never)));
  }
  if (conditions_.weather.lost + conditions_.weather.doubled + conditions_.weather.delayed > 0 ||
      !conditions_.tap_is_whole())
    return;
  if (conditions_.weather.skew.count() > 0) return;
  for (const Oddity never : {Oddity::late, Oddity::invalid_ack, Oddity::out_of_window, Oddity::fin_inferred,
                             Oddity::syn_ignored, Oddity::synack_unexpected}) {
    if (count(never) > 0) complain(fmt::format("{} in a clean capture", name(never)));
  }
  if (happened_["gap bytes"] > 0 && conditions_.weather.snaplen == 0) complain("a gap in a clean capture");
}

}  // namespace unspool::test
