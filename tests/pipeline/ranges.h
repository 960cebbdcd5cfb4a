// Sets of places in a stream.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace unspool::test {

struct Range {
  std::int64_t begin = 0, end = 0;
  bool operator==(const Range&) const = default;
};

/// Ascending, apart from each other, none empty.
class Ranges {
 public:
  Ranges() = default;
  void add(Range range);
  void remove(Range range);

  const std::vector<Range>& list() const { return list_; }
  bool empty() const { return list_.empty(); }
  bool operator==(const Ranges&) const = default;

 private:
  std::vector<Range> list_;
};

Ranges operator+(Ranges a, const Ranges& b);
Ranges operator-(Ranges a, const Ranges& b);
Ranges operator&(const Ranges& a, const Ranges& b);
/// "0-5 8-9"
std::string told(const Ranges& ranges);

}  // namespace unspool::test
