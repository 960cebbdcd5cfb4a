#include "base/json.h"

#include <array>
#include <charconv>

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

/// The length of the character that `text` begins with, if it is well-formed UTF-8 past ASCII (Unicode, table 3-7) and
/// no control character; 0 if not.
std::size_t character(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return at(i) >= low && at(i) <= high;
  };
  const unsigned first = at(0);
  if (first >= 0xc2 && first <= 0xdf) return follows(1) && !(first == 0xc2 && at(1) < 0xa0) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool second = follows(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf);
    return second && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool second = follows(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

void JsonWriter::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  out_ += '"';
  out_ += name;
  out_ += "\":";
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(bool b) {
  separate();
  out_ += b ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  out_ += '"';
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
    } else if (const std::size_t length = character(text.substr(at)); length > 0) {
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

void JsonWriter::append_number(bool negative, std::uint64_t magnitude) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), magnitude).ptr;
  if (negative) out_ += '-';
  out_.append(digits.data(), end);
}

}  // namespace unspool
