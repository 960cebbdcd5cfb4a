// The link types that are fuzzed: all that are read.
#pragma once

#include <array>
#include <cstdint>

namespace unspool::test {

/// An input names one by its place here, so new ones come last.
inline constexpr std::array<std::uint16_t, 20> kLinkTypes{0,   1, 12, 14, 101, 108, 113, 228, 229, 276,
                                                          105, 9, 50, 51, 104, 119, 127, 163, 204, 239};

}  // namespace unspool::test
