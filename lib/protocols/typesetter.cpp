#include "protocols/typesetter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

namespace unspool {

/// A character, an end of a line, or a byte that is no part of one. Of length 0: more bytes are needed to tell.
struct Typesetter::Token {
  enum class Kind : std::uint8_t { plain, line_end, hidden, terminal, control, stray };

  std::size_t length = 1;
  Kind kind = Kind::plain;
  char32_t code = 0;

  static Token first_of(std::string_view bytes, bool last);
  static Token of_character(std::string_view bytes, bool last);
  static Kind kind_of(char32_t code);
  /// What it says of whether this is text: its length for it, or so many votes against it.
  int votes_against() const;
  std::string name() const;
};

namespace {

constexpr std::array<std::string_view, 33> kControls{
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT",  "LF",  "VT", "FF", "CR", "SO", "SI", "DLE",
    "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US", "SP"};

struct Range {
  char32_t first, last;
};
/// Characters that turn text around, hide it, or cannot be seen themselves; and those that are none (Unicode 15:
/// Bidi_Control, Default_Ignorable_Code_Point, line separators, noncharacters). Variation selectors 15 and 16 may stay:
/// they choose between an emoji's two looks.
constexpr Range kHidden[] = {{0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x061c, 0x061c},  {0x115f, 0x1160},
                             {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},  {0x2028, 0x202e},
                             {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfdd0, 0xfdef},  {0xfe00, 0xfe0d},
                             {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},  {0xfffe, 0xffff},
                             {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};

constexpr unsigned octet(char c) { return static_cast<unsigned char>(c); }

/// `c` as it may stand in text, or in an attribute's value; empty: as it is.
constexpr std::string_view escape(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return {};
  }
}

constexpr bool is_visible(char c) { return c >= 0x20 && c < 0x7f; }

void append_visible(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::size_t end = at;
    while (end < text.size() && escape(text[end]).empty()) ++end;
    out.append(text, at, end - at);
    if (end < text.size()) out += escape(text[end]);
    at = end;
  }
}

constexpr std::size_t kRow = 16;

/// "00000010  89 50 4e 47 0d 0a 1a 0a  00 00 00 0d 49 48 44 52  .PNG........IHDR"
void append_row(std::string& out, std::uint64_t offset, std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<char, 3 * kRow + 3> columns;
  std::array<char, kRow> text;
  columns.fill(' ');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t column = 3 * i + (i < kRow / 2 ? 1 : 2);
    columns[column] = kHex[octet(bytes[i]) >> 4U];
    columns[column + 1] = kHex[octet(bytes[i]) & 0xfU];
    text[i] = is_visible(bytes[i]) ? bytes[i] : '.';
  }
  fmt::format_to(std::back_inserter(out), "<i>{:08x}</i> ", offset);
  out.append(columns.data(), columns.size());
  append_visible(out, {text.data(), bytes.size()});
  out += '\n';
}

/// How many bytes `text` begins with that are characters for themselves, to be seen.
std::size_t visible_run(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_visible) - text.begin());
}

}  // namespace

// ---- what bytes are

Typesetter::Token Typesetter::Token::first_of(std::string_view bytes, bool last) {
  if (bytes.empty()) return {.length = 0};
  const unsigned first = octet(bytes[0]);
  if (first >= 0x80) return of_character(bytes, last);
  if (first == '\r' && bytes.size() == 1 && !last) return {.length = 0};
  if (first == '\r' && bytes.size() > 1 && bytes[1] == '\n') return {.length = 2, .kind = Kind::line_end};
  return {.kind = kind_of(first), .code = first};
}

/// Unicode 15, table 3-7.
Typesetter::Token Typesetter::Token::of_character(std::string_view bytes, bool last) {
  const unsigned first = octet(bytes[0]);
  const Token stray{.kind = Kind::stray, .code = first};
  if (first < 0xc2 || first > 0xf4) return stray;
  const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  char32_t code = first & (0x7fU >> length);
  unsigned low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  unsigned high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  for (std::size_t i = 1; i < length; ++i) {
    if (i == bytes.size()) return last ? stray : Token{.length = 0};
    const unsigned next = octet(bytes[i]);
    if (next < low || next > high) return stray;
    code = code << 6U | (next & 0x3fU);
    low = 0x80, high = 0xbf;
  }
  return {.length = length, .kind = kind_of(code), .code = code};
}

Typesetter::Token::Kind Typesetter::Token::kind_of(char32_t code) {
  if (code >= 0x20 && code < 0x7f) return Kind::plain;
  switch (code) {
    case '\n': return Kind::line_end;
    case '\t': return Kind::plain;
    case '\r': return Kind::hidden;
    case 0x07:  // bell
    case 0x08:  // backspace
    case 0x0c:  // form feed
    case 0x1b:  // escape
      return Kind::terminal;
    default: break;
  }
  if (code < 0xa0) return Kind::control;
  const auto hides = [&](const Range& range) { return code >= range.first && code <= range.last; };
  if (std::any_of(std::begin(kHidden), std::end(kHidden), hides) || (code & 0xfffeU) == 0xfffe) return Kind::hidden;
  return Kind::plain;
}

int Typesetter::Token::votes_against() const {
  switch (kind) {
    case Kind::plain:
    case Kind::line_end:
    case Kind::hidden: return -static_cast<int>(length);
    case Kind::terminal: return 2;  // what terminals are sent is full of them
    case Kind::control: return 8;
    case Kind::stray: return code >= 0xa0 ? 3 : 8;  // the letters of ISO 8859 are there
  }
  return 0;
}

std::string Typesetter::Token::name() const {
  if (kind == Kind::stray) return fmt::format("\\x{:02x}", static_cast<unsigned>(code));
  if (code < kControls.size()) return std::string{kControls[code]};
  if (code == 0x7f) return "DEL";
  return fmt::format("U+{:04X}", static_cast<unsigned>(code));
}

// ---- what becomes of them

void Typesetter::add(std::uint64_t offset, Bytes bytes) {
  if (held_.empty() && block_ == Mode::undecided) at_ = offset;
  held_ += as_text(bytes);
  judge(false);
  if (mode_ == Mode::text) set_text(judged_);
  if (mode_ == Mode::hexdump) set_hexdump(judged_ - text_, false);
  forget_what_is_set();
}

void Typesetter::finish() {
  judge(true);
  if (mode_ == Mode::undecided) mode_ = votes_ > 0 ? Mode::hexdump : Mode::text;
  if (mode_ == Mode::hexdump) set_hexdump(judged_, true);
  if (mode_ == Mode::text) set_text(judged_);
  open(Mode::undecided);
  forget_what_is_set();
  mode_ = Mode::undecided;
  votes_ = 0;
}

void Typesetter::judge(bool last) {
  for (;;) {
    if (mode_ == Mode::text) judged_ += visible_run(std::string_view{held_}.substr(judged_));  // nearly all of a text
    const Token token = Token::first_of(std::string_view{held_}.substr(judged_), last);
    if (token.length == 0) return;
    judge(token);
  }
}

void Typesetter::judge(const Token& token) {
  const int votes = token.votes_against();
  if (mode_ == Mode::text && votes > 0) {
    set_text(judged_);
    mode_ = Mode::undecided;
    votes_ = -kSure;
  }
  judged_ += token.length;
  switch (mode_) {
    case Mode::text: return;
    case Mode::undecided: {
      votes_ += votes;
      const bool long_enough = judged_ - set_ >= kLongestDoubt;
      if (votes_ <= -kSure || (long_enough && votes_ <= 0)) {
        mode_ = Mode::text;
      } else if (votes_ >= kSure || long_enough) {
        mode_ = Mode::hexdump;
        text_ = 0;
      }
      return;
    }
    case Mode::hexdump:
      text_ = votes > 0 ? 0 : text_ + token.length;
      if (text_ < static_cast<std::size_t>(kSure)) return;
      set_hexdump(judged_ - text_, true);
      mode_ = Mode::text;
      return;
  }
}

void Typesetter::set_text(std::size_t end) {
  if (set_ == end) return;
  open(Mode::text);
  while (set_ < end) {
    const std::string_view rest = std::string_view{held_}.substr(set_, end - set_);
    const std::size_t run = visible_run(rest);
    append_visible(out_, rest.substr(0, run));
    set_ += run;
    if (set_ == end) return;
    const Token token = Token::first_of(rest.substr(run), true);
    switch (token.kind) {
      case Token::Kind::line_end: out_ += '\n'; break;
      case Token::Kind::plain: out_ += rest.substr(run, token.length); break;
      case Token::Kind::hidden:
      case Token::Kind::terminal:
      case Token::Kind::control:
      case Token::Kind::stray: fmt::format_to(std::back_inserter(out_), "<b>{}</b>", token.name()); break;
    }
    set_ += token.length;
  }
}

/// Whole rows; what is left of the last one only if that is `last_row`.
void Typesetter::set_hexdump(std::size_t end, bool last_row) {
  while (set_ < end && (last_row || end - set_ >= kRow)) {
    open(Mode::hexdump);
    const std::size_t length = std::min(kRow, end - set_);
    append_row(out_, at_ + set_, std::string_view{held_}.substr(set_, length));
    set_ += length;
  }
}

void Typesetter::open(Mode block) {
  if (block_ == block) return;
  if (block_ != Mode::undecided) out_ += "</pre>\n";
  if (block == Mode::text) out_ += "<pre>\n";  // HTML drops this line's end, and would drop one off the wire
  if (block == Mode::hexdump) out_ += "<pre class=hex>\n";
  block_ = block;
}

void Typesetter::forget_what_is_set() {
  held_.erase(0, set_);
  at_ += set_;
  judged_ -= set_;
  set_ = 0;
}

}  // namespace unspool
