// What happens in a session, drawn from fuzz input that keeps what is said readable, so that text can be found in it.
//
// A piece begins with one byte: its highest bit is the side, the next two the kind, the rest a number.
//   0: so many bytes and one     1: 256 times as many, more of them in the next byte, and one
//   2: a gap, the number its cause; the next byte its length less one, or, from 128 on, eight bytes that are
//   3: odd: the side closes      even: silence, until the next byte's milliseconds have passed, squared
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/cursor.h"
#include "plugin/plugin.h"

namespace unspool::test {

struct Piece {
  enum class Kind : std::uint8_t { bytes, gap, fin, silence };
  Side from = Side::client;
  Kind kind = Kind::bytes;
  Bytes bytes{};
  std::uint64_t missing = 0;
  Cause cause = Cause::end;
  std::chrono::milliseconds pause{};
};

constexpr std::size_t kMostPieces = 2000;

inline Piece draw_piece(Cursor& input) {
  const unsigned what = input.get<std::uint8_t>(), number = what & 0x1fU;
  Piece piece{.from = (what & 0x80U) == 0 ? Side::client : Side::server};
  switch (what >> 5U & 3U) {
    case 0: piece.bytes = input.take(std::min<std::size_t>(number + 1, input.left())); break;
    case 1: {
      const std::size_t low = input.get<std::uint8_t>();
      piece.bytes = input.take(std::min<std::size_t>(number * 256 + low + 1, input.left()));
      break;
    }
    case 2: {
      const std::uint64_t length = input.get<std::uint8_t>();
      piece.kind = Piece::Kind::gap;
      piece.cause = static_cast<Cause>(number % 7);
      piece.missing = length < 128 ? length + 1 : (input.get<std::uint64_t>() >> 16U) + 1;  // all fit into 64 bits
      break;
    }
    default:
      piece.kind = number % 2 == 1 ? Piece::Kind::fin : Piece::Kind::silence;
      if (number % 2 == 0) piece.pause = std::chrono::milliseconds{1} * input.get<std::uint8_t>();
      piece.pause *= piece.pause.count();
  }
  return piece;
}

/// Nothing comes from a side that has closed, and nothing is empty.
inline std::vector<Piece> draw_pieces(Cursor& input) {
  std::vector<Piece> pieces;
  bool closed[2] = {};
  while (input.left() > 0 && pieces.size() < kMostPieces) {
    const Piece piece = draw_piece(input);
    bool& over = closed[static_cast<std::size_t>(piece.from)];
    const bool nothing = piece.kind == Piece::Kind::bytes && piece.bytes.empty();
    if (nothing || (over && piece.kind != Piece::Kind::silence)) continue;
    over |= piece.kind == Piece::Kind::fin;
    pieces.push_back(piece);
  }
  return pieces;
}

/// The same as draw_pieces() reads it, for corpora.
class PieceText {
 public:
  PieceText& client(std::string_view text) { return bytes(0, text); }
  PieceText& server(std::string_view text) { return bytes(0x80, text); }
  /// Of at most 128 bytes.
  PieceText& client_gap(Cause cause, std::uint8_t length) { return put(0x40U | static_cast<unsigned>(cause), length); }
  PieceText& server_gap(Cause cause, std::uint8_t length) { return put(0xc0U | static_cast<unsigned>(cause), length); }
  PieceText& client_fin() { return text_ += '\x61', *this; }
  PieceText& server_fin() { return text_ += '\xe1', *this; }
  PieceText& silence(std::uint8_t root_of_ms) { return put(0x60, root_of_ms + 1U); }
  const std::string& text() const { return text_; }

 private:
  PieceText& put(unsigned what, unsigned length) {
    text_ += static_cast<char>(what);
    text_ += static_cast<char>(length - 1);
    return *this;
  }
  PieceText& bytes(unsigned side, std::string_view bytes) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 8192))) {
      const std::size_t length = std::min<std::size_t>(bytes.size(), 8192) - 1;
      text_ += static_cast<char>(length < 32 ? side | length : side | 0x20U | length / 256);
      if (length >= 32) text_ += static_cast<char>(length % 256);
      text_ += bytes.substr(0, length + 1);
    }
    return *this;
  }
  std::string text_;
};

/// How pieces are cut anew: bytes of one side that come one behind the other are joined, and then cut.
inline constexpr std::size_t kAsTheyAre = 0, kJoined = SIZE_MAX;

/// Gives pieces to a parser as a follower does: one that has enough, hands over or throws is let go. Bytes live in
/// memory of exactly their size, and only as long as the call.
class PieceFeeder {
 public:
  PieceFeeder(std::unique_ptr<Parser> parser, Session& session) : parser_{std::move(parser)}, session_{session} {}

  void feed(std::span<const Piece> pieces, std::size_t most) {
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const Piece& piece = pieces[i];
      switch (piece.kind) {
        case Piece::Kind::bytes: {
          std::string joined{as_text(piece.bytes)};
          const auto goes_on = [&] {
            return i + 1 < pieces.size() && pieces[i + 1].kind == Piece::Kind::bytes &&
                   pieces[i + 1].from == piece.from;
          };
          while (most != kAsTheyAre && goes_on()) joined += as_text(pieces[++i].bytes);
          cut(piece.from, joined, most == kAsTheyAre ? kJoined : most);
          break;
        }
        case Piece::Kind::gap:
          give({.from = piece.from, .cause = piece.cause, .missing = piece.missing, .seen = now()});
          break;
        case Piece::Kind::fin: call([&] { return parser_->on_fin(piece.from), Appetite::more; }); break;
        case Piece::Kind::silence: session_.last += piece.pause; break;
      }
    }
  }
  void end(Ending ending) {
    call([&] { return parser_->on_end(ending), Appetite::enough; });
  }
  /// From inside a call: the parser gets no more.
  void let_go() { done_ = true; }
  bool over() const { return parser_ == nullptr; }
  /// What the parser threw.
  const std::string& failure() const { return failure_; }

 private:
  Timestamp now() const { return session_.last; }
  void cut(Side from, std::string_view text, std::size_t most) {
    for (; !text.empty(); text.remove_prefix(std::min(most, text.size()))) {
      const std::string_view part = text.substr(0, most);
      const std::vector<std::byte> copy{as_bytes(part).begin(), as_bytes(part).end()};
      give(
          {.from = from, .bytes = copy, .seen = now(), .origin = {.record = offsets_[static_cast<std::size_t>(from)]}});
    }
  }
  void give(Chunk&& chunk) {
    std::uint64_t& offset = offsets_[static_cast<std::size_t>(chunk.from)];
    chunk.offset = offset;
    offset += chunk.length();
    call([&] { return parser_->on_chunk(chunk); });
  }
  template <class Call>
  void call(const Call& call) {
    if (!parser_) return;
    try {
      if (call() == Appetite::enough || done_) parser_.reset();
    } catch (const std::exception& error) {
      parser_.reset();
      failure_ = error.what();
    }
  }

  std::unique_ptr<Parser> parser_;
  Session& session_;
  std::uint64_t offsets_[2] = {};
  std::string failure_;
  bool done_ = false;
};

}  // namespace unspool::test
