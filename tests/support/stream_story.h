// What came out of streams, in its order, as one string that a person can read:
//
//   C"data" C+100 C<3 not_captured> C<2 limit x2> C.fin C[after_rst]"data" =closed {C<1 limit> C+1}x500
//
// C and S are the sides; C+100 is so many content-free bytes, each in its place; x2 stands for two gaps in a row;
// {...}x500 for what repeats.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stream/chunk.h"

namespace unspool::test {

/// When scripts begin.
inline constexpr Timestamp kScriptTime = timestamp_from_ns(1'162'491'300'000'000'000);
/// Content-free bytes tell their place in their side's sequence space, and differ from text by their top bit.
constexpr std::byte content_at(std::uint64_t relative) { return static_cast<std::byte>(0x80U | (relative % 127)); }

class StreamStory {
 public:
  /// Chunks of one side of one session are joined.
  void add(const Chunk& chunk, unsigned session = 0);
  /// "C.fin"
  void add_fin(Side side);
  /// When there are many already, a word that comes again is only counted.
  void add(std::string word);
  /// What comes next comes in the next step.
  void next_step() { ++step_; }

  std::string whole() const;
  /// What came out in each step, parted by " / "; "-" is nothing.
  std::string by_step() const;
  /// Seconds since the script's beginning at which each chunk was seen, as in "2.000 1.000".
  const std::string& times() const { return times_; }
  /// The record of each chunk.
  const std::string& origins() const { return origins_; }

 private:
  struct Token {
    unsigned step = 0, session = 0;
    std::string side;  // C, S, C[after_rst] ...; empty for a word
    std::string bytes;
    std::uint64_t offset = 0, missing = 0;
    Cause cause = Cause::end;
    unsigned gaps = 0;
    std::string word;
    std::size_t times = 1;  // of the word
  };
  static bool joins(const Token& last, const Token& next);
  static std::string text(const Token& token);
  static std::string text(const std::vector<Token>& tokens);

  std::vector<Token> tokens_;
  unsigned step_ = 0;
  std::string times_, origins_;
};

/// Adds a word to words.
void append_word(std::string& text, std::string_view word);

}  // namespace unspool::test
