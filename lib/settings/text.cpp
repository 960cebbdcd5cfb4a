#include "settings/text.h"

#include <algorithm>
#include <vector>

#include "base/json.h"
#include "base/utf8.h"

namespace unspool {
namespace {

constexpr std::size_t kLongestShown = 40;

constexpr bool between(unsigned low, unsigned octet, unsigned high) { return low <= octet && octet <= high; }

}  // namespace

bool is_printable(std::string_view text) {
  for (; printable(text) > 0; text.remove_prefix(printable(text))) {
  }
  return text.empty();
}

std::string quoted(std::string_view text) {
  std::string out;
  JsonWriter{out}.value(text);
  return out;
}

std::string shown(std::string_view text) {
  if (text.size() <= kLongestShown) return quoted(text);
  std::size_t end = 0;
  for (std::size_t next = 0; next <= kLongestShown; next += std::max(printable(text.substr(next)), std::size_t{1})) {
    end = next;
  }
  return quoted(text.substr(0, end)) + "...";
}

std::string path_step(std::string_view key) {
  const bool plain = std::all_of(key.begin(), key.end(), [](char c) {
    return between('a', static_cast<unsigned char>(c), 'z') || between('A', static_cast<unsigned char>(c), 'Z') ||
           between('0', static_cast<unsigned char>(c), '9') || c == '_' || c == '-';
  });
  return plain && !key.empty() && key.size() <= kLongestShown ? std::string{key} : shown(key);
}

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > most) return most + 1;
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, above);
    std::swap(above, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return std::min(row[b.size()], most + 1);
}

}  // namespace unspool
