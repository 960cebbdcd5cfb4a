#include "ranges.h"

#include <fmt/format.h>

#include <algorithm>

namespace unspool::test {

void Ranges::add(Range range) {
  if (range.begin >= range.end) return;
  std::erase_if(list_, [&](const Range& one) {
    if (one.end < range.begin || range.end < one.begin) return false;
    range = {std::min(one.begin, range.begin), std::max(one.end, range.end)};
    return true;
  });
  list_.insert(std::upper_bound(list_.begin(), list_.end(), range,
                                [](const Range& a, const Range& b) { return a.begin < b.begin; }),
               range);
}

void Ranges::remove(Range range) {
  if (range.begin >= range.end) return;
  std::vector<Range> left;
  for (const Range& one : list_) {
    const Range before{one.begin, std::min(one.end, range.begin)}, behind{std::max(one.begin, range.end), one.end};
    if (before.begin < before.end) left.push_back(before);
    if (behind.begin < behind.end) left.push_back(behind);
  }
  list_ = std::move(left);
}

Ranges operator+(Ranges a, const Ranges& b) {
  for (const Range& range : b.list()) a.add(range);
  return a;
}

Ranges operator-(Ranges a, const Ranges& b) {
  for (const Range& range : b.list()) a.remove(range);
  return a;
}

Ranges operator&(const Ranges& a, const Ranges& b) { return a - (a - b); }

std::string told(const Ranges& ranges) {
  std::string text;
  for (const Range& range : ranges.list())
    text += fmt::format("{}{}-{}", text.empty() ? "" : " ", range.begin, range.end);
  return text;
}

}  // namespace unspool::test
