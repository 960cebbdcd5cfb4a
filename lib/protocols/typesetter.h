// Bytes off the wire as HTML: text as text, the rest as a hexdump.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace unspool {

/// However a run of bytes is cut into pieces, its HTML is the same; and nothing in it is markup, or moves other text.
///
/// Text is UTF-8 (RFC 3629). What cannot be seen in it (controls, bytes that are no UTF-8, characters that turn or hide
/// text) stands there by name. Where too much of that comes together the bytes are no text: that begins where the first
/// of it stands, and ends where kSure bytes of text follow one another.
class Typesetter {
 public:
  static constexpr int kSure = 32;                    // votes, or bytes, that decide
  static constexpr std::size_t kLongestDoubt = 1024;  // bytes held undecided; then the majority has it

  /// Appends to `out`, which outlives it.
  explicit Typesetter(std::string& out) : out_{out} {}

  /// The next bytes of a run. `offset` is the place of its first byte in the stream: it counts when a run begins.
  void add(std::uint64_t offset, Bytes bytes);
  /// The run ends here. What was undecided is decided, what is open is closed.
  void finish();
  /// Whether the last bytes may be the beginning of a character.
  bool inside_character() const { return judged_ < held_.size(); }

 private:
  enum class Mode : std::uint8_t { undecided, text, hexdump };
  struct Token;

  void judge(bool last);
  void judge(const Token& token);
  void set_text(std::size_t end);
  void set_hexdump(std::size_t end, bool last_row);
  void open(Mode block);
  void forget_what_is_set();

  std::string& out_;
  std::string held_;        // bytes that are not set yet, from set_ on
  std::size_t set_ = 0;     // of held_
  std::size_t judged_ = 0;  // of held_
  std::uint64_t at_ = 0;    // place of held_'s first byte in the stream
  Mode mode_ = Mode::undecided;
  Mode block_ = Mode::undecided;  // which kind is open in out_; undecided: none
  int votes_ = 0;                 // while undecided: for a hexdump, less those for text
  std::size_t text_ = 0;          // in a hexdump: how many bytes of text came last
};

}  // namespace unspool
