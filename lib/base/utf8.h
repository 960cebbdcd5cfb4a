// Characters in text that may be anything.
#pragma once

#include <cstddef>
#include <string_view>

namespace unspool {

/// The length of the character that `text` begins with, if it is well-formed UTF-8 (Unicode, table 3-7) and no control
/// character; 0 if not, or if there is none.
constexpr std::size_t printable(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto between = [](unsigned low, unsigned octet, unsigned high) { return low <= octet && octet <= high; };
  const auto follows = [&](std::size_t i) { return between(0x80, at(i), 0xbf); };
  const unsigned first = at(0);
  if (between(0x20, first, 0x7e)) return 1;
  const unsigned second = at(1);
  if (between(0xc2, first, 0xdf)) return between(first == 0xc2 ? 0xa0 : 0x80, second, 0xbf) ? 2 : 0;
  if (between(0xe0, first, 0xef)) {
    const bool shortest = between(first == 0xe0 ? 0xa0 : 0x80, second, first == 0xed ? 0x9f : 0xbf);
    return shortest && follows(2) ? 3 : 0;
  }
  if (between(0xf0, first, 0xf4)) {
    const bool shortest = between(first == 0xf0 ? 0x90 : 0x80, second, first == 0xf4 ? 0x8f : 0xbf);
    return shortest && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace unspool
