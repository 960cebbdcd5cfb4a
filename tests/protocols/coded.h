// Content codings applied, for tests.
#pragma once

#include <string>
#include <string_view>

namespace unspool::test {

std::string gzipped(std::string_view text);
std::string zlib_deflated(std::string_view text);  // RFC 1950
std::string bare_deflated(std::string_view text);  // RFC 1951
std::string brotlied(std::string_view text);
std::string zstandarded(std::string_view text);

}  // namespace unspool::test
