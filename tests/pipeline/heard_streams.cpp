#include "heard_streams.h"

#include <fmt/format.h>

#include <array>

#include "placing.h"

namespace unspool::test {
namespace {

constexpr unsigned kEnough = 16;  // pieces that tell where a stream stands

Range range_of(const Piece& piece) {
  return {static_cast<std::int64_t>(piece.offset), static_cast<std::int64_t>(piece.end())};
}

/// Finds what a piece stood in.
class Index {
 public:
  explicit Index(const std::vector<Carried>& carried) {
    for (const Carried& one : carried) {
      if (one.packet) {
        whole_[*one.packet] = &one;
      } else {
        put_together_[{one.way, one.time}].push_back(&one);
      }
    }
  }
  const Carried* find(const Way& way, const Piece& piece) const {
    if (const auto found = whole_.find(piece.origin.record); found != whole_.end()) return found->second;
    const auto found = put_together_.find({way, piece.seen});
    if (found == put_together_.end()) return nullptr;
    for (const Carried* one : found->second) {
      if (one->bytes.find(piece.bytes) != std::string::npos) return one;
    }
    return nullptr;
  }

 private:
  std::map<std::uint64_t, const Carried*> whole_;
  std::map<std::pair<Way, Timestamp>, std::vector<const Carried*>> put_together_;
};

void add_session(const HeardSession& session, const Index& index, HeardStreams& heard) {
  const SessionKey& key = session.flow.session.key;
  std::array<HeardStream, 2> streams;
  std::array<Placing, 2> places;
  std::array<unsigned, 2> placed{};
  for (const Piece& piece : session.pieces) {
    const bool high = !(session.sender(piece.from) == key.low());
    HeardStream& stream = streams[high];
    stream.add(piece);
    if (piece.missing > 0 || placed[high] == kEnough) continue;
    const Carried* source = index.find({key, high}, piece);
    if (source == nullptr) continue;
    places[high].add(piece.offset, piece.bytes, source->first(), source->bytes);
    ++placed[high];
  }
  for (const bool high : {false, true}) {
    streams[high].base = places[high].base();
    streams[high].late = session.count(Oddity::late);
    streams[high].fins_inferred = session.count(Oddity::fin_inferred);
    heard.streams[{key, high}].push_back(std::move(streams[high]));
  }
}

}  // namespace

void HeardStream::add(const Piece& piece) {
  const Range range = range_of(piece);
  if (piece.missing > 0) {
    gaps.add(range);
    const bool joins = !causes.empty() && causes.back().first.end == range.begin && causes.back().second == piece.cause;
    if (joins) {
      causes.back().first.end = range.end;
    } else {
      causes.emplace_back(range, piece.cause);
    }
    return;
  }
  data.add(range);
  if (runs.empty() || runs.back().range().end != range.begin) runs.push_back({range.begin, {}});
  runs.back().bytes += piece.bytes;
}

std::string_view HeardStream::Run::part(const Range& part) const {
  return std::string_view{bytes}.substr(static_cast<std::size_t>(part.begin - at),
                                        static_cast<std::size_t>(part.end - part.begin));
}

std::int64_t HeardStream::begin() const {
  const Ranges places = all();
  return places.empty() ? INT64_MAX : places.list().front().begin;
}

std::int64_t HeardStream::end() const {
  const Ranges places = all();
  return places.empty() ? INT64_MIN : places.list().back().end;
}

void HeardStream::rebase(std::uint32_t other) {
  if (!base || *base == other) return;
  const std::int64_t by = static_cast<std::int32_t>(*base - other);
  const auto moved = [by](const Range& range) { return Range{range.begin + by, range.end + by}; };
  const auto all_moved = [&moved](const Ranges& ranges) {
    Ranges result;
    for (const Range& range : ranges.list()) result.add(moved(range));
    return result;
  };
  data = all_moved(data);
  gaps = all_moved(gaps);
  for (Run& run : runs) run.at += by;
  for (auto& gap : causes) gap.first = moved(gap.first);
  base = other;
}

HeardStreams hear_streams(const std::vector<Packet>& packets, const std::vector<Carried>& carried) {
  Settings settings;
  settings.limits.unanswered = 1024;  // its table is made anew for each run
  settings.pipeline.duplicates = {};  // every packet counts
  std::size_t next = 0;
  const auto source = [&](Packet& packet) {
    if (next == packets.size()) return false;
    packet = packets[next++];
    return true;
  };
  const Hearing hearing = hear(source, settings);
  const Index index{carried};
  HeardStreams heard;
  for (const HeardSession& session : hearing.sessions) {
    if (session.pieces.empty()) continue;
    if (session.flow.session.is_tcp()) {
      add_session(session, index, heard);
      continue;
    }
    const SessionKey& key = session.flow.session.key;
    for (const Piece& piece : session.pieces) {
      std::string& text = heard.datagrams[{key, !(session.sender(piece.from) == key.low())}];
      text += piece.missing > 0 ? fmt::format("<{}>", piece.missing) : piece.bytes;
    }
  }
  return heard;
}

std::map<Way, std::string> datagrams_of(const std::vector<Carried>& carried) {
  std::map<Way, std::string> datagrams;
  for (const Carried& one : carried) {
    if (one.is_tcp()) continue;
    const std::string text = one.bytes + (one.missing > 0 ? fmt::format("<{}>", one.missing) : "");
    if (!text.empty()) datagrams[one.way] += text;
  }
  return datagrams;
}

}  // namespace unspool::test
