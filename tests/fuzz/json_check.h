// Whether a text is JSON (RFC 8259) of one line, as events are: read by other rules than it was written by.
#pragma once

#include <string_view>

#include "settings/text.h"

namespace unspool::test {

class JsonCheck {
 public:
  static bool is_object(std::string_view text) {
    JsonCheck check{text};
    return is_printable(text) && check.value() && check.rest_.empty() && text.starts_with('{');
  }

 private:
  explicit JsonCheck(std::string_view text) : rest_{text} {}

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool word(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  bool digits() {
    const std::size_t n = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    rest_.remove_prefix(n);
    return n > 0;
  }
  bool string() {
    if (!take('"')) return false;
    while (!rest_.empty() && rest_[0] != '"') {
      if (rest_[0] == '\\' && (rest_.size() < 2 || std::string_view{"\"\\/bfnrtu"}.find(rest_[1]) == rest_.npos)) {
        return false;
      }
      if (rest_.starts_with("\\u") && rest_.substr(2, 4).find_first_not_of("0123456789abcdef") != rest_.npos) {
        return false;
      }
      rest_.remove_prefix(rest_[0] == '\\' ? 2 : 1);
    }
    return take('"');
  }
  template <class Element>
  bool list(char close, const Element& element) {
    if (take(close)) return true;
    do {
      if (!element()) return false;
    } while (take(','));
    return take(close);
  }
  bool value() {
    if (take('{')) return list('}', [&] { return string() && take(':') && value(); });
    if (take('[')) return list(']', [&] { return value(); });
    if (rest_.starts_with('"')) return string();
    if (word("true") || word("false") || word("null")) return true;
    take('-');
    return digits();
  }

  std::string_view rest_;
};

}  // namespace unspool::test
