#include "drop_judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "wire/datagram.h"

namespace unspool::test {

using wire::TcpFlags;

namespace {

Ranges ranges(Range range) {
  Ranges one;
  one.add(range);
  return one;
}

bool holds(const Ranges& all, const Range& range) { return (ranges(range) - all).empty(); }

/// Follows a sequence number as it goes on, beyond 4 GiB; another session begins near the base again.
class Places {
 public:
  explicit Places(std::uint32_t base) : base_{base}, seq_{base} {}
  void restart() {
    seq_ = base_;
    place_ = 0;
  }
  std::int64_t at(std::uint32_t seq) {
    place_ += static_cast<std::int32_t>(seq - seq_);
    seq_ = seq;
    return place_;
  }

 private:
  std::uint32_t base_, seq_;
  std::int64_t place_ = 0;
};

/// Where both hold bytes, and not the same.
Ranges differences(const HeardStream& a, const HeardStream& b) {
  Ranges differ;
  for (const auto& one : a.runs) {
    for (const auto& other : b.runs) {
      const Range both{std::max(one.at, other.at), std::min(one.range().end, other.range().end)};
      if (both.begin >= both.end) continue;
      const std::string_view mine = one.part(both), its = other.part(both);
      if (mine == its) continue;
      for (std::size_t i = 0; i < mine.size(); ++i) {
        const std::int64_t at = both.begin + static_cast<std::int64_t>(i);
        if (mine[i] != its[i]) differ.add({at, at + 1});
      }
    }
  }
  return differ;
}

/// Whether a gap ends there that no window explains.
bool jumps_to(const HeardStream& stream, std::int64_t place) {
  return std::any_of(stream.gaps.list().begin(), stream.gaps.list().end(),
                     [&](const Range& gap) { return gap.end == place && gap.end - gap.begin > 65'535; });
}

std::string place(const Way& way) {
  const SessionKey& key = way.key;
  const Endpoint &from = way.from_high ? key.high() : key.low(), &to = way.from_high ? key.low() : key.high();
  return fmt::format("{}:{} > {}:{}", to_string(from.address), from.port, to_string(to.address), to.port);
}

}  // namespace

std::string_view name(Effect effect) {
  switch (effect) {
    case Effect::tail: return "tail";
    case Effect::start: return "start";
    case Effect::fin_number: return "fin_number";
    case Effect::only_acknowledged: return "only_acknowledged";
    case Effect::late_copy: return "late_copy";
    case Effect::other_copy: return "other_copy";
    case Effect::longer_copy: return "longer_copy";
    case Effect::guessed_start: return "guessed_start";
    case Effect::unconfirmed_jump: return "unconfirmed_jump";
    case Effect::cause_limit: return "cause_limit";
    case Effect::cause_end: return "cause_end";
    case Effect::cause_before: return "cause_before";
  }
  return "";
}

/// The packet, and what is left.
struct DropJudge::Case {
  std::optional<std::size_t> without;  // of the whole capture, where that is what is left
  ByWay rest;                          // else
  const Carried* gone = nullptr;       // what is not carried any more
  bool has_unique = false;
  std::string wrong;

  bool gone_from(const Way& way) const { return gone != nullptr && gone->way == way; }
  bool gone_has(std::uint8_t flag) const { return gone != nullptr && gone->has(flag); }
  bool gone_acknowledges(const Way& way) const { return gone_from(way.reverse()) && gone_has(TcpFlags::ack); }
  const ByWay& left(const ByWay& whole) const { return without ? whole : rest; }
  void complain(const Way& way, std::string_view what, const Ranges& where) {
    wrong += fmt::format("  {}: {} {}\n", place(way), what, told(where));
  }
};

/// What packets say of one direction.
struct DropJudge::Cover {
  Ranges captured, all;
  std::int64_t acked = 0;  // by the other side
  bool syn = false;
};

/// One direction of one session, with and without the packet.
struct DropJudge::Compared {
  const Way& way;
  const HeardStream &before, &now;
  Cover left;        // by the packets that are left
  Ranges lost, own;  // what the packet alone carried, and all that it carried
};

DropJudge::DropJudge(const WholeCapture& capture)
    : held_{capture.files},
      carried_{carried(held_.list())},
      by_way_{by_way(carried_)},
      whole_{hear_streams(held_.list(), carried_)} {}

bool DropJudge::has_streams() const {
  return std::any_of(carried_.begin(), carried_.end(),
                     [](const Carried& one) { return one.is_tcp() && !one.bytes.empty(); });
}

DropJudge::ByWay DropJudge::by_way(const std::vector<Carried>& carried) {
  ByWay sorted;
  for (const Carried& one : carried) sorted[one.way].push_back(&one);
  return sorted;
}

DropJudge::Cover DropJudge::cover(const ByWay& carried, const Way& way, std::uint32_t base,
                                  std::optional<std::size_t> without) {
  Cover cover;
  const auto each = [&](const Way& of, const auto& see) {
    const auto found = carried.find(of);
    if (found == carried.end()) return;
    for (const Carried* one : found->second) {
      if (!without || one->packet != without) see(*one);
    }
  };
  Places places{base}, acks{base};
  each(way, [&](const Carried& one) {
    if (one.has(TcpFlags::syn)) places.restart();
    const std::int64_t at = places.at(one.first());
    const auto size = static_cast<std::int64_t>(one.bytes.size());
    cover.captured.add({at, at + size});
    cover.all.add({at, at + size + one.missing});
    cover.syn |= one.has(TcpFlags::syn);
  });
  each(way.reverse(), [&](const Carried& one) {
    if (one.has(TcpFlags::syn)) acks.restart();
    if (one.has(TcpFlags::ack) && !one.has(TcpFlags::rst)) cover.acked = std::max(cover.acked, acks.at(one.ack));
  });
  return cover;
}

std::string DropJudge::without(std::size_t packet, std::optional<std::size_t> in_secret) {
  Case c;
  wire::Datagram d;
  const Packet& dropped = held_.list()[packet];
  wire::decode(dropped.link_type, dropped.bytes, dropped.wire_length, d);
  std::vector<Carried> rest;
  if (d.kind == wire::Kind::fragment) {
    rest = carried(held_.list(), packet);
    c.rest = by_way(rest);
    const auto is_there = [&](const Carried& one) {
      return std::any_of(rest.begin(), rest.end(), [&](const Carried& other) {
        return one.way == other.way && one.seq == other.seq && one.time == other.time && one.bytes == other.bytes;
      });
    };
    const auto found = std::find_if_not(carried_.begin(), carried_.end(), is_there);
    if (found != carried_.end()) c.gone = &*found;
  } else {
    c.without = packet;
    const auto found =
        std::find_if(carried_.begin(), carried_.end(), [&](const Carried& one) { return one.packet == packet; });
    if (found != carried_.end()) c.gone = &*found;
    for (const Carried& one : carried_) {
      if (!one.is_tcp() && one.packet != packet) rest.push_back(one);
    }
  }

  std::vector<Packet> heard = held_.list();
  std::erase_if(heard, [&](const Packet& one) { return one.record == packet || one.record == in_secret; });
  HeardStreams now = hear_streams(heard, c.without ? carried_ : rest);
  if (now.datagrams != datagrams_of(rest)) c.wrong += "  other datagrams\n";
  for (const auto& [way, streams] : whole_.streams) judge_way(c, way, streams, std::move(now.streams[way]));
  for (const auto& [way, streams] : now.streams) {
    if (!whole_.streams.contains(way)) judge_way(c, way, std::vector<HeardStream>(streams.size()), streams);
  }
  unique_ += c.has_unique ? 1U : 0U;
  return c.wrong;
}

void DropJudge::judge_way(Case& c, const Way& way, std::vector<HeardStream> before, std::vector<HeardStream> now) {
  const auto nothing_left = [&](const HeardStream& stream) {
    if (!stream.base) return stream.data.empty();
    const Cover left = cover(c.left(by_way_), way, *stream.base, c.without);
    return (stream.data & left.captured).empty();
  };
  if (before.size() > now.size()) {
    c.has_unique |= std::any_of(before.begin(), before.end(),
                                [&](const HeardStream& one) { return !one.data.empty() && nothing_left(one); });
    std::erase_if(before, nothing_left);
  }
  if (before.size() != now.size()) {
    c.wrong += fmt::format("  {}: {} sessions became {}\n", place(way), before.size(), now.size());
    return;
  }
  for (std::size_t i = 0; i < now.size(); ++i) judge_stream(c, way, before[i], std::move(now[i]));
}

void DropJudge::judge_stream(Case& c, const Way& way, const HeardStream& before, HeardStream now) {
  if (!c.gone_from(way) && before.runs == now.runs && before.causes == now.causes) return;
  if (!before.base && !before.all().empty()) return judge_unseen(c, way, before, now);
  const std::uint32_t base = before.base.value_or(0);
  now.rebase(base);
  const Cover all = cover(by_way_, way, base, {});
  Compared both{.way = way, .before = before, .now = now, .left = cover(c.left(by_way_), way, base, c.without)};
  both.lost = before.data & (all.captured - both.left.captured);
  c.has_unique |= !both.lost.empty();
  if (c.gone_from(way)) {
    Places places{base};
    for (const Carried* one : by_way_.at(way)) {
      if (one->has(TcpFlags::syn)) places.restart();
      const std::int64_t at = places.at(one->first());
      if (one == c.gone) both.own.add({at, at + static_cast<std::int64_t>(one->bytes.size()) + one->missing});
    }
  }
  judge_bytes(c, both);
  judge_ends(c, both);
  judge_causes(c, both);
}

/// Bytes are the same, but for those that were lost.
void DropJudge::judge_bytes(Case& c, const Compared& both) {
  const auto& [way, before, now, left, lost, own] = both;
  const Ranges missing = before.data - lost - now.data;
  for (const Range& range : missing.list()) {
    if (holds(own, range) && holds(now.gaps, range) && now.late > before.late) {
      excuse(Effect::late_copy);
    } else if (range.end <= now.begin() && c.gone_from(way) && c.gone_has(TcpFlags::syn)) {
      excuse(Effect::guessed_start);
    } else if (holds(now.gaps, range) && c.gone_acknowledges(way) && jumps_to(before, range.begin)) {
      excuse(Effect::unconfirmed_jump);
    } else {
      c.complain(way, "bytes are gone:", ranges(range));
    }
  }
  const Ranges more = now.data - (before.data - lost);
  for (const Range& range : more.list()) {
    const bool longer = holds(own, range) && holds(left.captured, range) && holds(before.gaps, range);
    longer ? excuse(Effect::longer_copy) : c.complain(way, "bytes came into being:", ranges(range));
  }
  const Ranges differ = differences(before, now);
  for (const Range& range : differ.list()) {
    holds(own, range) ? excuse(Effect::other_copy) : c.complain(way, "bytes are others:", ranges(range));
  }
}

/// What is missing is a gap; and nothing else is.
void DropJudge::judge_ends(Case& c, const Compared& both) {
  const auto& [way, before, now, left, lost, own] = both;
  const Ranges absent = (before.all() - now.all()) - (before.data - lost - now.data);
  for (const Range& range : absent.list()) {
    const bool last = range.end == before.end() && range.begin >= now.end();
    const bool first = range.begin == before.begin() && range.end <= now.begin();
    if (last && holds(own, {range.end - 1, range.end}) && left.acked <= range.begin) {
      excuse(Effect::tail);
    } else if (first && holds(own, {range.begin, range.begin + 1}) && !left.syn) {
      excuse(Effect::start);
    } else if (c.gone_acknowledges(way) && holds(before.gaps, range) && (first || last)) {
      excuse(Effect::only_acknowledged);
    } else {
      c.complain(way, "no gap where bytes are missing:", ranges(range));
    }
  }
  const Ranges extra = now.gaps - before.all();
  for (const Range& range : extra.list()) {
    const bool one_at_the_end = range.end - range.begin == 1 && (before.all().empty() || range.begin == before.end());
    const bool fin = c.gone_has(TcpFlags::fin) || before.fins_inferred > now.fins_inferred;
    one_at_the_end&& fin ? excuse(Effect::fin_number) : c.complain(way, "a gap came into being:", ranges(range));
  }
}

/// Of a side without bytes there are only acknowledgements: how long what is missing is, at least.
void DropJudge::judge_unseen(Case& c, const Way& way, const HeardStream& before, const HeardStream& now) {
  const auto length = [](const HeardStream& stream) {
    std::int64_t sum = 0;
    for (const auto& [range, cause] : stream.causes) sum += range.end - range.begin;
    return sum;
  };
  const std::int64_t longer = length(now) - length(before);
  if (!now.data.empty() || longer > 1 || (longer == 1 && !c.gone_has(TcpFlags::fin))) {
    c.complain(way, "more is missing of a side that is not there:", now.all());
  }
  if (longer == 1) excuse(Effect::fin_number);
  if (longer < 0) {
    c.gone_acknowledges(way) ? excuse(Effect::only_acknowledged) : c.complain(way, "less is missing:", now.all());
  }
  judge_causes(c, {.way = way, .before = before, .now = now});
}

void DropJudge::judge_causes(Case& c, const Compared& both) {
  const auto& [way, before, now, left, lost, own] = both;
  for (const auto& [was, cause] : before.causes) {
    for (const auto& [is, other] : now.causes) {
      const Ranges there = (ranges(was) & ranges(is)) - own - lost;
      if (there.empty() || cause == other) continue;
      if (other == Cause::end && c.gone_acknowledges(way)) {
        excuse(Effect::cause_end);
      } else if (other == Cause::limit && c.gone_acknowledges(way)) {
        excuse(Effect::cause_limit);
      } else if (other == Cause::before_capture && c.gone_has(TcpFlags::syn)) {
        excuse(Effect::cause_before);
      } else {
        c.complain(way, fmt::format("{} became {}:", unspool::name(cause), unspool::name(other)), there);
      }
    }
  }
}

}  // namespace unspool::test
