#include "base/json.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/utf8.h"

namespace unspool {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

constexpr bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

void append_escaped(std::string& out, unsigned char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  out += "\\u00";
  out += kHex[c >> 4U];
  out += kHex[c & 0xfU];
}

}  // namespace

/// One token, with the comma in front of it if there is one: put together first, since each append to a string costs as
/// much as a dozen bytes.
class JsonWriter::Token {
 public:
  static constexpr std::size_t kRoom = 64;

  explicit Token(JsonWriter& json) : json_{json} {
    if (json.comma_) *end_++ = ',';
    json.comma_ = true;
  }
  Token& add(char c) {
    *end_++ = c;
    return *this;
  }
  /// What is longer than there is room goes straight out.
  Token& add(std::string_view text) {
    if (text.size() > room()) {
      flush();
      json_.out_ += text;
      return *this;
    }
    end_ = std::copy(text.begin(), text.end(), end_);
    return *this;
  }
  Token& add(std::uint64_t number) {
    end_ = std::to_chars(end_, bytes_.data() + bytes_.size(), number).ptr;
    return *this;
  }
  JsonWriter& write() {
    flush();
    return json_;
  }

 private:
  /// Leaves some for single characters.
  std::size_t room() const { return kRoom - static_cast<std::size_t>(end_ - bytes_.data()); }
  void flush() {
    json_.out_.append(bytes_.data(), end_);
    end_ = bytes_.data();
  }

  JsonWriter& json_;
  std::array<char, kRoom + 8> bytes_;
  char* end_ = bytes_.data();
};

JsonWriter& JsonWriter::open(char bracket) {
  Token{*this}.add(bracket).write();
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  Token{*this}.add('"').add(name).add('"').add(':').write();
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(bool b) { return Token{*this}.add(b ? "true" : "false").write(); }

JsonWriter& JsonWriter::members(std::string_view written) { return Token{*this}.add(written).write(); }

JsonWriter& JsonWriter::value(std::string_view text) {
  const bool is_short = text.size() < Token::kRoom;
  if (is_short && std::all_of(text.begin(), text.end(), [](char c) { return is_plain(static_cast<unsigned char>(c)); }))
    return Token{*this}.add('"').add(text).add('"').write();
  Token{*this}.add('"').write();
  const std::size_t most = text.size() > kLongest ? kLongest : text.size();
  std::size_t at = 0;
  while (at < most) {
    std::size_t run = at;
    while (run < most && is_plain(static_cast<unsigned char>(text[run]))) ++run;
    out_.append(text, at, run - at);
    at = run;
    if (at == most) break;
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x80) {
      append_escaped(out_, c);
      ++at;
    } else if (const std::size_t length = printable(text.substr(at)); length > 0) {
      out_.append(text, at, length);
      at += length;
    } else {
      out_ += "\\\\x";
      out_ += kHex[c >> 4U];
      out_ += kHex[c & 0xfU];
      ++at;
    }
  }
  if (at < text.size()) out_ += "\xe2\x80\xa6";
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::number(bool negative, std::uint64_t magnitude) {
  Token token{*this};
  if (negative) token.add('-');
  return token.add(magnitude).write();
}

}  // namespace unspool
