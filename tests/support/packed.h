// Compressed as gzip and zstd do.
#pragma once

#include <string>
#include <string_view>

namespace unspool::test {

/// One gzip member.
std::string gzipped(std::string_view bytes);
/// One zstd frame, whose window needs `window_bits`; 0: as zstd chooses.
std::string zstd_packed(std::string_view bytes, int window_bits = 0);

}  // namespace unspool::test
