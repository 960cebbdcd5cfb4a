// The input is a conversation, read by read, and the pieces that both sides come in. Whatever the conversation reads is
// what a flat model of both streams says; it waits only for what is not there yet; and it ends.
//
// First byte: whether each side is read by a conversation of its own. Second: a quarter of how many bytes of reads
// follow; the rest are pieces, of two bytes:
//   side (1 bit), kind (2 bits: bytes, many bytes, a gap, the end), number (5 bits); a number more.
#include "plugin/conversation.h"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/cursor.h"
#include "fuzz/target.h"

namespace unspool::test {
namespace {

// ---- what is said

/// Both streams as they will be when all is there. What byte stands where follows from its place.
class Streams {
 public:
  struct Piece {
    Side from = Side::client;
    std::uint64_t offset = 0, length = 0;
    bool gap = false, fin = false;
    Cause cause = Cause::end;
  };
  std::vector<Piece> pieces;

  explicit Streams(Cursor& input) {
    std::array<std::uint64_t, 2> end{};
    std::array<bool, 2> over{};
    constexpr std::uint64_t kMost = 600'000;  // bytes in all
    while (input.left() > 0 && end[0] + end[1] < kMost) {
      const unsigned what = input.get<std::uint8_t>(), number = what & 0x1fU, more = input.get<std::uint8_t>();
      const std::size_t side = what >> 7U;
      if (over[side]) continue;
      Piece piece{.from = static_cast<Side>(side), .offset = end[side]};
      switch (what >> 5U & 3U) {
        case 0: piece.length = more % 64 + 1; break;
        case 1: piece.length = number * 1024 + more + 1; break;
        case 2:
          piece.gap = true;
          piece.cause = static_cast<Cause>(number % 7);
          piece.length = more < 250 ? more % 16 + 1 : more * 40;
          break;
        default: piece.fin = over[side] = true;
      }
      std::string& stream = streams_[side];
      for (; end[side] < piece.offset + piece.length; ++end[side]) stream += byte_at(piece.from, end[side]);
      if (piece.gap) gaps_[side].push_back({piece.offset, piece.length, piece.cause});
      pieces.push_back(piece);
    }
  }

  /// Without a look at gaps.
  std::string_view text(Side side, std::uint64_t from, std::uint64_t until) const {
    return std::string_view{streams_[static_cast<std::size_t>(side)]}.substr(from, until - from);
  }
  /// The first gap that is not before `place`, or what is left of it there, if it begins before `until`.
  std::optional<Gap> gap_from(Side side, std::uint64_t place, std::uint64_t until) const {
    for (const Gap& gap : gaps_[static_cast<std::size_t>(side)]) {
      const std::uint64_t end = gap.offset + gap.length, begin = std::max(gap.offset, place);
      if (end > place) return begin < until ? std::optional{Gap{begin, end - begin, gap.cause}} : std::nullopt;
    }
    return std::nullopt;
  }
  /// How much of what lies there is bytes.
  std::uint64_t bytes_in(Side side, std::uint64_t from, std::uint64_t until) const {
    std::uint64_t bytes = until - from;
    for (const Gap& gap : gaps_[static_cast<std::size_t>(side)]) {
      const std::uint64_t begin = std::max(gap.offset, from), end = std::min(gap.offset + gap.length, until);
      if (begin < end) bytes -= end - begin;
    }
    return bytes;
  }

 private:
  /// Lines and other delimiters come about.
  static char byte_at(Side side, std::uint64_t place) {
    constexpr std::string_view kText = "ab\r\n\n:-x";
    std::uint64_t x = (place / 3 + (side == Side::client ? 0U : 1000U)) * 0x9e3779b97f4a7c15U;
    x ^= x >> 32U;
    return x % 31 < 24 ? static_cast<char>('a' + x % 20) : kText[place % kText.size()];
  }

  std::array<std::string, 2> streams_;
  std::array<std::vector<Gap>, 2> gaps_;
};

/// Where one side stands: what was fed, and what was read of it.
struct Place {
  std::uint64_t fed = 0, read = 0;
  std::uint64_t gaps = 0;  // fed
  bool over = false, ignored = false;
  bool neglected = false;   // more was kept than is promised, so that a limit may have made a gap of it
  bool owes_limit = false;  // and certainly has: the next that is read is that gap
  bool vague = false;       // part of such a gap may have been passed over: nothing is certain any more
};

// ---- reads

struct Read {
  enum class Kind : std::uint8_t {
    exactly,
    try_exactly,
    number,
    some,
    try_some,
    until,
    try_until,
    line,
    try_line,
    skip,
    copy,
    next,
    ignore,
    nest
  };
  static constexpr unsigned kKinds = 14;
  Kind kind = Kind::some;
  Side side = Side::client;
  std::uint64_t n = 0;      // bytes, or the most of them, or how deep
  std::uint64_t start = 0;  // where the side stood
  unsigned width = 1;       // of a number
  std::string_view delimiter;
};

std::vector<Read> draw_reads(Cursor input) {
  constexpr std::array<std::string_view, 4> kDelimiters{"\n", "\r\n", "\n\n", "a"};
  constexpr std::size_t kMost = 900;  // fewer than empty reads may be
  std::vector<Read> reads;
  while (input.left() > 0 && reads.size() < kMost) {
    const unsigned what = input.get<std::uint8_t>(), more = input.get<std::uint8_t>();
    Read read{.kind = static_cast<Read::Kind>((what & 0x7fU) % Read::kKinds), .side = static_cast<Side>(what >> 7U)};
    read.n = more < 200 ? more : more < 255 ? (more - 199U) * 5000 : Input::kLongestRead + 1;
    const bool searches = read.kind >= Read::Kind::until && read.kind <= Read::Kind::try_line;
    if (searches) read.n *= 8;  // so that it finds something
    read.width = more % 7;
    read.delimiter = kDelimiters[more % kDelimiters.size()];
    reads.push_back(read);
  }
  return reads;
}

/// What a read comes to, as the model says or as it happened.
struct Outcome {
  enum class Kind : std::uint8_t { waits, bytes, gap, end, too_long, none };
  Kind kind = Kind::none;
  std::uint64_t until = 0;  // where it leaves off; of next: the side
  std::string_view text{};  // of bytes
};

/// The streams, how much of them was fed and read, and what is being read.
class World {
 public:
  World(const Streams& streams_, std::vector<Read> reads_) : streams{streams_}, reads{std::move(reads_)} {}

  const Streams& streams;
  const std::vector<Read> reads;
  std::array<Place, 2> places{};
  std::array<std::optional<Read>, 2> at_hand;  // by conversation: what it awaits
  std::array<bool, 2> done{};                  // by conversation

  Place& place(Side side) { return places[static_cast<std::size_t>(side)]; }

  Outcome expect(const Read& read) {
    switch (read.kind) {
      case Read::Kind::exactly:
      case Read::Kind::try_exactly: return expect_exactly(read.side, read.n);
      case Read::Kind::number: return expect_exactly(read.side, width(read));
      case Read::Kind::some:
      case Read::Kind::try_some: return expect_some(read.side);
      case Read::Kind::until:
      case Read::Kind::try_until: return expect_until(read.side, read.delimiter, read.n);
      case Read::Kind::line:
      case Read::Kind::try_line: return expect_line(read.side, read.n);
      case Read::Kind::skip:
      case Read::Kind::copy: return expect_pass(read);
      case Read::Kind::next: return expect_next();
      case Read::Kind::ignore:
      case Read::Kind::nest: break;
    }
    return {};
  }
  static unsigned width(const Read& read) { return std::array{1U, 2U, 4U, 8U, 2U, 4U, 8U}[read.width]; }

  /// A gap that the model knows, or one of a limit where so much was kept that there may be one.
  void meet_gap(Side side, const Gap& gap) {
    Place& p = place(side);
    const auto known = streams.gap_from(side, p.read, p.fed);
    const bool same = known && known->offset == gap.offset && known->length == gap.length && known->cause == gap.cause;
    check(same || is_limit(side, gap.cause), "a gap that is not there");
    check(gap.offset >= p.read && gap.length > 0, "a gap of what was read");
    pay_limit(p, gap.cause);
    p.read = gap.offset + gap.length;
    check(p.read <= p.fed, "a gap of what is not there yet");
  }
  /// Of a transfer: gaps may come in parts.
  void pass_gap(Side side, std::uint64_t length, Cause cause) {
    Place& p = place(side);
    const auto known = streams.gap_from(side, p.read, p.fed);
    const bool same = known && known->offset == p.read && known->length >= length && known->cause == cause;
    check(same || is_limit(side, cause), "a transfer is given a gap that is not there");
    pay_limit(p, cause);
    p.vague |= p.neglected;
    p.read += length;
    check(length > 0 && p.read <= p.fed, "a gap of what is not there yet");
  }
  void take(Side side, std::string_view bytes, std::uint64_t until) {
    Place& p = place(side);
    check(!p.owes_limit || until == p.read, "more is kept than may be");
    check(!streams.gap_from(side, p.read, until), "bytes from inside a gap");
    check(bytes == streams.text(side, p.read, p.read + bytes.size()), "bytes that were not sent");
    check(until <= p.fed, "bytes that are not there yet");
    p.read = until;
  }
  bool awaits(Side side) const {
    return std::any_of(at_hand.begin(), at_hand.end(), [=](const auto& read) {
      return read && (read->side == side || read->kind == Read::Kind::next);
    });
  }

 private:
  static void pay_limit(Place& p, Cause cause) {
    check(!p.owes_limit || cause == Cause::limit, "more is kept than may be");
    p.owes_limit = false;
  }
  bool is_limit(Side side, Cause cause) { return place(side).neglected && cause == Cause::limit; }

  /// How far bytes go from where the side stands, and what is behind them.
  struct Run {
    std::uint64_t end;
    Outcome::Kind behind;
  };
  Run run(Side side) {
    const Place& p = place(side);
    if (const auto gap = streams.gap_from(side, p.read, p.fed)) return {gap->offset, Outcome::Kind::gap};
    return {p.fed, p.over ? Outcome::Kind::end : Outcome::Kind::waits};
  }
  Outcome expect_exactly(Side side, std::uint64_t n) {
    const std::uint64_t from = place(side).read;
    const Run r = run(side);
    if (n <= r.end - from) return {Outcome::Kind::bytes, from + n, streams.text(side, from, from + n)};
    if (n > Input::kLongestRead) return {Outcome::Kind::too_long};
    return {r.behind};
  }
  Outcome expect_some(Side side) {
    const std::uint64_t from = place(side).read;
    const Run r = run(side);
    return r.end > from ? Outcome{Outcome::Kind::bytes, r.end, streams.text(side, from, r.end)} : Outcome{r.behind};
  }
  Outcome expect_until(Side side, std::string_view delimiter, std::uint64_t most) {
    const std::uint64_t from = place(side).read;
    const Run r = run(side);
    const std::string_view there = streams.text(side, from, r.end);
    const std::size_t found = there.substr(0, most + delimiter.size()).find(delimiter);
    if (found <= most) return {Outcome::Kind::bytes, from + found + delimiter.size(), there.substr(0, found)};
    return {there.size() >= most + delimiter.size() ? Outcome::Kind::too_long : r.behind};
  }
  Outcome expect_line(Side side, std::uint64_t most) {
    Outcome outcome = expect_until(side, "\n", most + 1);
    if (outcome.text.ends_with('\r')) outcome.text.remove_suffix(1);
    return outcome;
  }
  Outcome expect_pass(const Read& read) {
    const Place& p = place(read.side);
    if (read.start + read.n <= p.fed) return {Outcome::Kind::bytes, read.start + read.n, {}};
    return {p.over ? Outcome::Kind::end : Outcome::Kind::waits};
  }
  /// Of the client first; `until` is not said, because what there is may come in parts.
  Outcome expect_next() {
    Outcome outcome{Outcome::Kind::end};
    for (const Side side : {Side::client, Side::server}) {
      if (place(side).ignored) continue;
      const Run r = run(side);
      if (r.end > place(side).read) return {Outcome::Kind::bytes, static_cast<std::uint64_t>(side), {}};
      if (r.behind == Outcome::Kind::gap) return {Outcome::Kind::gap, static_cast<std::uint64_t>(side), {}};
      if (r.behind == Outcome::Kind::waits) outcome = {Outcome::Kind::waits};
    }
    return outcome;
  }
};

// ---- the conversation

/// Looks whether a transfer is given what stands in the stream.
class Witness : public Transfer {
 public:
  Witness(World& world, Side side) : world_{world}, side_{side} {}
  void write(Bytes bytes) override {
    check(!bytes.empty(), "a transfer is written nothing");
    world_.take(side_, as_text(bytes), world_.place(side_).read + bytes.size());
  }
  void write_gap(std::uint64_t length, Cause cause) override { world_.pass_gap(side_, length, cause); }
  void close() override {}
  void discard() override {}

 private:
  World& world_;
  Side side_;
};

using Got = tl::expected<std::string, Gap>;
Got got(Bytes bytes) { return std::string{as_text(bytes)}; }
Got got(std::string_view text) { return std::string{text}; }
template <class Value>
Got got(const tl::expected<Value, Gap>& value) {
  return value ? got(*value) : tl::unexpected(value.error());
}
/// The bytes that a number was made of.
Got got(std::uint64_t number, const Read& read) {
  std::string bytes;
  for (unsigned i = 0; i < World::width(read); ++i) bytes += static_cast<char>(number >> (8 * i) & 0xffU);
  if (read.width <= 3) std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

Reading<Got> read_number(Reader reader, const Read& read) {
  switch (read.width) {
    case 0: co_return got(co_await reader.u8(), read);
    case 1: co_return got(co_await reader.u16be(), read);
    case 2: co_return got(co_await reader.u32be(), read);
    case 3: co_return got(co_await reader.u64be(), read);
    case 4: co_return got(co_await reader.u16le(), read);
    case 5: co_return got(co_await reader.u32le(), read);
    default: co_return got(co_await reader.u64le(), read);
  }
}

/// What one read answers with, copied while it is there.
Reading<Got> perform(Followed& session, World& world, const Read& read) {
  Reader reader = session.side(read.side);
  switch (read.kind) {
    case Read::Kind::exactly: co_return got(co_await reader.read(read.n));
    case Read::Kind::try_exactly: co_return got(co_await reader.try_read(read.n));
    case Read::Kind::some: co_return got(co_await reader.some());
    case Read::Kind::try_some: co_return got(co_await reader.try_some());
    case Read::Kind::until: co_return got(co_await reader.until(read.delimiter, read.n));
    case Read::Kind::try_until: co_return got(co_await reader.try_until(read.delimiter, read.n));
    case Read::Kind::line: co_return got(co_await reader.line(read.n));
    case Read::Kind::try_line: co_return got(co_await reader.try_line(read.n));
    case Read::Kind::number: co_return co_await read_number(reader, read);
    case Read::Kind::skip: co_await reader.skip(read.n); break;
    case Read::Kind::copy: {
      Witness witness{world, read.side};
      co_await reader.copy_to(witness, read.n);
      break;
    }
    case Read::Kind::next:
    case Read::Kind::ignore:
    case Read::Kind::nest: break;
  }
  co_return std::string{};
}

void compare(World& world, const Read& read, const Got& got) {
  const Outcome expected = world.expect(read);
  Place& p = world.place(read.side);
  if (!got) {
    check(expected.kind == Outcome::Kind::gap || p.neglected, "a gap where something else comes first");
    return world.meet_gap(read.side, got.error());
  }
  check(expected.kind == Outcome::Kind::bytes, "bytes where something else comes first");
  if (read.kind == Read::Kind::skip || read.kind == Read::Kind::copy) {
    check(read.kind == Read::Kind::skip || p.read == expected.until, "a transfer is not given all");
    p.read = expected.until;
    p.owes_limit = false;
    p.vague |= p.neglected;
    return;
  }
  if (read.kind == Read::Kind::some || read.kind == Read::Kind::try_some) {
    check(!got->empty() && expected.text.starts_with(*got), "some bytes are others");
    return world.take(read.side, *got, p.read + got->size());
  }
  check_same(*got, expected.text, "what is read is not what stands there");
  world.take(read.side, *got, expected.until);
}

Conversation next(Followed& session, World& world) {
  const auto chunk = co_await session.next();
  const Outcome expected = world.expect({.kind = Read::Kind::next});
  if (!chunk) {
    check(expected.kind == Outcome::Kind::end, "the session is not over");
    co_return;
  }
  check(expected.kind == Outcome::Kind::bytes || expected.kind == Outcome::Kind::gap, "a chunk that is not there");
  check(static_cast<std::uint64_t>(chunk->from) == expected.until, "a chunk of the other side");
  Place& p = world.place(chunk->from);
  if (chunk->is_gap()) {
    check(expected.kind == Outcome::Kind::gap || p.neglected, "a gap where bytes come first");
    world.meet_gap(chunk->from, {chunk->offset, chunk->missing, chunk->cause});
  } else {
    check(chunk->offset == p.read, "a chunk from elsewhere");
    world.take(chunk->from, as_text(chunk->bytes), p.read + chunk->bytes.size());
  }
}

Conversation step(Followed& session, World& world, unsigned strand, Read read) {
  if (read.kind == Read::Kind::nest && read.n > 0) {
    constexpr std::uint64_t kDeepest = 2000;
    read.n = std::min(read.n, kDeepest) - 1;
    co_await step(session, world, strand, read);
    co_return;
  }
  if (read.kind == Read::Kind::nest) read.kind = Read::Kind::some;
  if (read.kind != Read::Kind::next && world.place(read.side).ignored) co_return;  // may not be awaited
  if (read.kind == Read::Kind::ignore) {
    session.ignore(read.side);
    world.place(read.side).ignored = true;
    co_return;
  }
  read.start = world.place(read.side).read;
  world.at_hand[strand] = read;
  if (read.kind == Read::Kind::next) {
    co_await next(session, world);
  } else {
    std::optional<Got> got;
    try {
      got = co_await perform(session, world, read);
    } catch (const Gap& gap) {
      got = tl::unexpected(gap);
    } catch (const EndOfStream&) {
      check(world.expect(read).kind == Outcome::Kind::end, "an end where something else comes first");
      throw;
    } catch (const std::length_error&) {
      check(world.expect(read).kind == Outcome::Kind::too_long, "a read that is not too long");
      throw;
    }
    compare(world, read, *got);
    check(session.side(read.side).offset() == world.place(read.side).read, "it stands elsewhere");
  }
  world.at_hand[strand].reset();
}

/// All reads, or those of one side, by a conversation that cannot await the other.
Conversation talk(Followed& session, World& world, std::optional<Side> alone) {
  const unsigned strand = alone == Side::server ? 1 : 0;
  struct Done {
    World& world;
    unsigned strand;
    ~Done() { world.done[strand] = true, world.at_hand[strand].reset(); }
  };
  const Done done{world, strand};
  for (const Read& read : world.reads) {
    if (alone && (read.side != *alone || read.kind == Read::Kind::next)) continue;
    co_await step(session, world, strand, read);
  }
}

class NoOutputs : public Outputs {
 public:
  std::unique_ptr<Transfer> open_transfer(const Session&, Side, std::string_view, std::string_view) override {
    return nullptr;
  }
  void emit(const Session&, const Event&) override {}
  void hand_over(const std::array<std::uint64_t, 2>&) override {}
  void expect(Expectation) override {}
  void limit_reached(std::string_view) override {}
};

/// Whoever can go on has gone on; what nobody reads is bounded.
void check_waiting(World& world, std::size_t heap_before) {
  constexpr std::size_t kMostHeap = std::size_t{8} << 20U;
  for (const auto& read : world.at_hand) {
    check(!read || world.expect(*read).kind == Outcome::Kind::waits, "it waits for what is there");
  }
  check(heap_in_use() < heap_before + kMostHeap, "too much is kept");
}

void feed(World& world, Parser& parser, const Streams::Piece& piece) {
  Place& p = world.place(piece.from);
  p.fed += piece.length;
  p.over |= piece.fin;
  if (piece.fin) return parser.on_fin(piece.from);
  const Bytes text = as_bytes(world.streams.text(piece.from, piece.offset, piece.gap ? piece.offset : p.fed));
  const std::vector<std::byte> bytes{text.begin(), text.end()};  // gone when the chunk is
  parser.on_chunk({.from = piece.from,
                   .cause = piece.cause,
                   .offset = piece.offset,
                   .bytes = bytes,
                   .missing = piece.gap ? piece.length : 0});
  p.gaps += piece.gap ? 1U : 0U;
  if (world.awaits(piece.from) || p.ignored) return;
  const bool too_much = world.streams.bytes_in(piece.from, p.read, p.fed) > Input::kMostKept;
  p.owes_limit |= too_much && !p.vague;
  p.neglected |= too_much || p.gaps > Input::kMostGaps;
}

void run(const Streams& streams, std::vector<Read> reads, bool alone) {
  World world{streams, std::move(reads)};
  const Session session;
  NoOutputs outputs;
  const auto one = [&](std::optional<Side> side) {
    return [&world, side](Followed& s) { return talk(s, world, side); };
  };
  const std::size_t heap_before = heap_in_use();
  const auto parser = alone ? converse(session, outputs, "made_up", one(Side::client), one(Side::server))
                            : converse(session, outputs, "made_up", one(std::nullopt));
  world.done[1] |= !alone;
  try {
    for (const Streams::Piece& piece : streams.pieces) {
      feed(world, *parser, piece);
      check_waiting(world, heap_before);
    }
    world.places[0].over = world.places[1].over = true;
    parser->on_end(Ending::closed);
  } catch (const std::length_error&) {
    return;  // compared where it was thrown
  }
  check(world.done[0] && world.done[1], "it goes on behind the end");
}

}  // namespace
}  // namespace unspool::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace unspool::test;
  unspool::Cursor input{std::as_bytes(std::span{data, size})};
  const bool alone = input.get<std::uint8_t>() % 2 == 1;
  const std::size_t reads = input.get<std::uint8_t>();
  const auto drawn = draw_reads(unspool::Cursor{input.take(std::min(reads * 4, input.left()))});
  const Streams streams{input};
  run(streams, drawn, alone);
  return 0;
}
