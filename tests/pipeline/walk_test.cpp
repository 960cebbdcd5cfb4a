// Every delivered byte goes back to the packet that brought it: to the record that its origin names, and to its place
// there. The records are found by a reader of the test's own.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <tuple>

#include "capture/file_source.h"
#include "capture/merge.h"
#include "hearing.h"
#include "placing.h"
#include "record_index.h"
#include "support/capture_file.h"
#include "whole_captures.h"
#include "wire/datagram.h"

namespace unspool::test {
namespace {

class Walk {
 public:
  explicit Walk(const WholeCapture& capture) {
    for (const std::string& file : capture.files) records_.push_back(index_records(file));
  }

  /// The first thing that is wrong, or nothing.
  std::string through(const HeardSession& session) {
    streams_ = {};
    fragments_.clear();
    std::array<std::uint64_t, 2> next{};
    for (const Piece& piece : session.pieces) {
      std::string wrong = piece.offset == next[static_cast<std::size_t>(piece.from)] ? "" : "is not the next";
      next[static_cast<std::size_t>(piece.from)] = piece.end();
      if (wrong.empty() && piece.missing == 0) wrong = check(session, piece);
      if (wrong.empty()) continue;
      return fmt::format("{}+{} of the {} with port {}, from record {} of source {}: {}", piece.offset,
                         piece.bytes.size(), name(piece.from), session.flow.session.server().port, piece.origin.record,
                         piece.origin.source, wrong);
    }
    return {};
  }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t tcp_bytes() const { return tcp_bytes_; }
  std::uint64_t fragment_bytes() const { return fragment_bytes_; }

 private:
  std::string check(const HeardSession& session, const Piece& piece) {
    if (piece.origin.source >= records_.size()) return "there is no such source";
    const auto found = records_[piece.origin.source].find(piece.origin.record);
    if (found == records_[piece.origin.source].end()) return "there is no such record";
    const IndexedRecord& record = found->second;
    wire::Datagram d;
    wire::decode(record.link_type, as_bytes(record.bytes), record.wire_length, d);
    bytes_ += piece.bytes.size();
    if (session.flow.session.is_tcp()) tcp_bytes_ += piece.bytes.size();
    if (d.kind == wire::Kind::fragment) return check_fragment(piece, d);
    const Endpoint sender{.address = d.source, .port = d.source_port};
    if (!(sender == session.sender(piece.from))) return "the record is of another sender";
    if (d.kind == wire::Kind::udp) return as_text(d.payload) == piece.bytes ? "" : "the datagram is another";
    if (d.kind != wire::Kind::tcp) return "the record is no segment";
    const std::uint32_t first = d.tcp.seq + (d.tcp.has(wire::TcpFlags::syn) ? 1U : 0U);
    Placing& stream = streams_[static_cast<std::size_t>(piece.from)];
    return stream.add(piece.offset, piece.bytes, first, as_text(d.tcp.payload))
               ? ""
               : "the segment does not hold them there";
  }

  /// Offsets in a datagram and in the stream go side by side, as far as one datagram reaches.
  std::string check_fragment(const Piece& piece, const wire::Datagram& d) {
    fragment_bytes_ += piece.bytes.size();
    Placing& datagram = fragments_[{piece.from, d.fragment.id, piece.seen}];
    const bool there = datagram.add(piece.offset, piece.bytes, d.fragment.offset, as_text(d.payload));
    return there ? "" : "the fragment does not hold them there";
  }

  std::vector<std::map<std::uint64_t, IndexedRecord>> records_;
  std::array<Placing, 2> streams_;
  std::map<std::tuple<Side, std::uint32_t, Timestamp>, Placing> fragments_;
  std::uint64_t bytes_ = 0, tcp_bytes_ = 0, fragment_bytes_ = 0;
};

struct Walked {
  std::uint64_t captures = 0, bytes = 0, fragment_bytes = 0;
};

void walk(const WholeCapture& capture, Listens listens, Walked& walked) {
  const ScratchFolder folder;
  BlockPool pool;
  std::vector<std::unique_ptr<Source>> sources;
  for (const std::string& file : capture.files) {
    const auto index = static_cast<std::uint16_t>(sources.size());
    auto source = open_capture_file({.path = folder.file(std::to_string(index), file)}, index, pool);
    ASSERT_TRUE(source) << capture.name << ": " << source.error().what;
    sources.push_back(std::move(*source));
  }
  const auto merged = merge_by_time(std::move(sources));
  const Hearing hearing =
      hear([&](Packet& packet) { return merged->next(packet) == Source::State::packet; }, {}, listens);
  Walk walk{capture};
  for (const HeardSession& session : hearing.sessions) EXPECT_EQ(walk.through(session), "") << capture.name;
  EXPECT_EQ(walk.tcp_bytes(), hearing.count("streams.bytes")) << capture.name << ": not every byte was looked at";
  walked.captures += listens == Listens::at_once ? 1 : 0;
  walked.bytes += walk.bytes();
  walked.fragment_bytes += walk.fragment_bytes();
}

void tell(const Walked& walked) {
  fmt::print("{} captures, each heard in two ways: {} bytes walked back to their packets, {} of them to fragments\n",
             walked.captures, walked.bytes, walked.fragment_bytes);
}

TEST(Origins, EveryByteOfMadeCaptures) {
  Walked walked;
  for (const auto& captures : {made_captures(), simulated_captures()}) {
    for (const WholeCapture& capture : captures) {
      walk(capture, Listens::at_once, walked);
      walk(capture, Listens::behind_a_probe, walked);
    }
  }
  tell(walked);
  EXPECT_GT(walked.bytes, 100'000U);
  EXPECT_GT(walked.fragment_bytes, 10'000U);
}

TEST(Origins, EveryByteOfRealCaptures) {
  Walked walked;
  for (const WholeCapture& capture : real_captures()) {
    walk(capture, Listens::at_once, walked);
    walk(capture, Listens::behind_a_probe, walked);
  }
  if (walked.captures == 0) GTEST_SKIP() << "the collection is not there";
  tell(walked);
}

/// The walk finds what is wrong.
TEST(Origins, AnotherOriginIsNoticed) {
  const WholeCapture capture = made_captures().front();
  const auto records = index_records(capture.files[0]);
  auto record = records.begin();
  Hearing hearing = hear([&](Packet& packet) {
    if (record == records.end()) return false;
    packet = {.bytes = as_bytes(record->second.bytes),
              .wire_length = record->second.wire_length,
              .link_type = record->second.link_type,
              .record = record->first};
    ++record;
    return true;
  });
  ASSERT_FALSE(hearing.sessions.empty());
  HeardSession& session = hearing.sessions.front();
  ASSERT_GT(session.pieces.size(), 2U);
  EXPECT_EQ(Walk{capture}.through(session), "");
  for (std::size_t i = 0; i < session.pieces.size(); ++i) {
    if (session.pieces[i].missing > 0) continue;
    for (const std::uint64_t wrong : {records.begin()->first, session.pieces[i].origin.record + 1}) {
      HeardSession spoilt = session;
      spoilt.pieces[i].origin.record = wrong;
      EXPECT_NE(Walk{capture}.through(spoilt), "") << i;
    }
    if (i < 2 || session.pieces[i].missing > 0 || session.pieces[i - 1].missing > 0) continue;
    HeardSession spoilt = session;
    std::swap(spoilt.pieces[i].origin, spoilt.pieces[i - 1].origin);
    EXPECT_NE(Walk{capture}.through(spoilt), "") << i;
  }
}

}  // namespace
}  // namespace unspool::test
