// One packet less: what must stay as it was, and what may change, and why.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "carried.h"
#include "heard_streams.h"
#include "whole_captures.h"

namespace unspool::test {

/// What the loss of a packet changes beside the range of bytes that it alone carried: each a fact of what is left, that
/// no reader of it could tell better.
enum class Effect : std::uint8_t {
  tail,        // the range was the last: nothing came behind it, and nobody acknowledged it
  start,       // the range was the first of a stream without its SYN: nothing tells of it
  fin_number,  // the FIN was lost, and its acknowledgement looks like that of one byte more; or who closed is lost
  only_acknowledged,  // nothing but this acknowledgement told of bytes that nobody saw
  late_copy,          // the other copy came more than a grace after its acknowledgement
  other_copy,         // the other copy holds other bytes: the first one that is there wins
  longer_copy,        // the capture cut the packet short, and the other copy is longer
  guessed_start,      // the SYN was lost: the beginning is a guess, and what came before it comes too late
  unconfirmed_jump,   // bytes out of window count when their acknowledgement shows the jump too: it was lost
  cause_limit,        // nothing acknowledged the gap for as long as one is waited for
  cause_end,          // nothing acknowledges the gap any more: it is one because the session ended
  cause_before,       // the SYN was lost: what is missing in front was before the capture, for all that can be told
};
inline constexpr std::size_t kEffects = 12;
std::string_view name(Effect effect);

/// Judges a capture without each of its packets. Sessions are matched by their endpoints, and by their order where
/// these come again.
class DropJudge {
 public:
  explicit DropJudge(const WholeCapture& capture);

  std::size_t packets() const { return held_.list().size(); }
  /// Whether the capture has bytes of TCP.
  bool has_streams() const;
  /// What is wrong without that packet; empty when nothing is. It is not told of another one that is dropped in secret:
  /// to see that it finds what is wrong.
  std::string without(std::size_t packet, std::optional<std::size_t> in_secret = {});
  const std::array<std::uint64_t, kEffects>& effects() const { return effects_; }
  /// Of the packets dropped so far, those with bytes that occur once.
  std::uint64_t unique() const { return unique_; }

 private:
  using ByWay = std::map<Way, std::vector<const Carried*>>;
  struct Case;  // one dropped packet
  struct Cover;
  struct Compared;

  static ByWay by_way(const std::vector<Carried>& carried);
  static Cover cover(const ByWay& carried, const Way& way, std::uint32_t base, std::optional<std::size_t> without);
  void judge_way(Case& c, const Way& way, std::vector<HeardStream> before, std::vector<HeardStream> now);
  void judge_stream(Case& c, const Way& way, const HeardStream& before, HeardStream now);
  void judge_unseen(Case& c, const Way& way, const HeardStream& before, const HeardStream& now);
  void judge_bytes(Case& c, const Compared& both);
  void judge_ends(Case& c, const Compared& both);
  void judge_causes(Case& c, const Compared& both);
  void excuse(Effect effect) { ++effects_[static_cast<std::size_t>(effect)]; }

  HeldPackets held_;
  std::vector<Carried> carried_;
  ByWay by_way_;
  HeardStreams whole_;
  std::array<std::uint64_t, kEffects> effects_{};
  std::uint64_t unique_ = 0;
};

}  // namespace unspool::test
