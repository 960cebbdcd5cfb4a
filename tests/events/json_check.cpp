#include "json_check.h"

#include <algorithm>
#include <cstdint>
#include <set>

namespace unspool::test {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_{text} {}

  bool whole() { return value() && rest_.empty(); }

 private:
  bool value() {
    if (rest_.starts_with('{')) return object();
    if (rest_.starts_with('[')) return array();
    if (rest_.starts_with('"')) return string();
    return take("true") || take("false") || take("null") || number();
  }

  bool object() {
    std::set<std::string_view> keys;
    if (take("{}")) return true;
    for (char before = '{'; take({&before, 1}); before = ',') {
      const std::string_view from = rest_;
      if (!string() || !keys.insert(from.substr(0, from.size() - rest_.size())).second) return false;
      if (!take(":") || !value()) return false;
    }
    return take("}");
  }

  bool array() {
    if (take("[]")) return true;
    for (char before = '['; take({&before, 1}); before = ',') {
      if (!value()) return false;
    }
    return take("]");
  }

  bool number() {
    take("-");
    if (take("0")) return true;
    const std::size_t digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    rest_.remove_prefix(digits);
    return digits > 0;
  }

  bool string() {
    if (!take("\"")) return false;
    while (!rest_.empty() && !rest_.starts_with('"')) {
      if (!(take("\\") ? escape() : character())) return false;
    }
    return take("\"");
  }

  bool escape() {
    constexpr std::string_view kShort = "\"\\/bfnrt";
    if (!take("u")) return !rest_.empty() && kShort.find(static_cast<char>(next())) != kShort.npos;
    const auto digits = rest_.substr(0, 4);
    rest_.remove_prefix(digits.size());
    return digits.size() == 4 && digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  }

  /// By what its bits say (RFC 3629): the number, put together, must need just this many bytes, and be a character.
  bool character() {
    const std::uint32_t first = next();
    if (first < 0x80) return first >= 0x20 && first != 0x7f;
    const unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc0 || first >= 0xf8 || rest_.size() < more) return false;
    std::uint32_t number = first & (0x3fU >> more);
    for (unsigned i = 0; i < more; ++i) {
      const std::uint32_t byte = next();
      if (byte >> 6U != 2) return false;
      number = number << 6U | (byte & 0x3fU);
    }
    const std::uint32_t least = more == 3 ? 0x10000 : more == 2 ? 0x800 : 0xa0;  // 0x80 to 0x9f are control characters
    return number >= least && number <= 0x10ffff && (number < 0xd800 || number > 0xdfff);
  }

  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  unsigned char next() {
    const auto c = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return c;
  }

  std::string_view rest_;
};

}  // namespace

bool is_json(std::string_view text) { return Reader{text}.whole(); }

}  // namespace unspool::test
