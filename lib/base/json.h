// Writes JSON (RFC 8259), and nothing else: an append to a string for each token.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace unspool {

/// Commas come by themselves. The caller nests objects and arrays rightly, and gives each value in an object a key.
class JsonWriter {
 public:
  /// How much of a string is written; the rest is cut off at a character, and an ellipsis says so.
  static constexpr std::size_t kLongest = 4096;

  /// Appends to `out`, which outlives the writer.
  explicit JsonWriter(std::string& out) : out_{out} {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  /// A key of our own: plain ASCII, nothing to escape.
  JsonWriter& key(std::string_view name);

  /// Any bytes. Control characters are escaped; bytes that are no UTF-8 become the four characters \xHH, as in EVE.
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view{text}); }
  JsonWriter& value(bool b);
  template <std::integral T>
  requires(!std::same_as<T, bool>) JsonWriter& value(T n) {
    const auto magnitude = static_cast<std::uint64_t>(n);
    return number(n < 0, n < 0 ? 0 - magnitude : magnitude);
  }

  /// Members that another writer has written, in an object.
  JsonWriter& members(std::string_view written);

  template <class T>
  JsonWriter& member(std::string_view name, const T& v) {
    return key(name).value(v);
  }

 private:
  class Token;
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& number(bool negative, std::uint64_t magnitude);

  std::string& out_;
  bool comma_ = false;  // before the next value or key
};

}  // namespace unspool
