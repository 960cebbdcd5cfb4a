// Finds where in a stream a segment stands, from bytes that were given out of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace unspool::test {

/// Of one stream. Whatever it is told of must fit one place of the stream's offset 0; as long as bytes repeat
/// themselves there may be several.
class Placing {
 public:
  /// `given`, at `offset` of the stream, is part of `whole`, whose first byte stands at `at`. False when no place is
  /// left.
  bool add(std::uint64_t offset, std::string_view given, std::uint32_t at, std::string_view whole);
  /// Where offset 0 stands, modulo 2^32; the first place of several. Empty when it was told nothing, or what cannot be.
  std::optional<std::uint32_t> base() const;

 private:
  std::optional<std::vector<std::uint32_t>> bases_;
};

}  // namespace unspool::test
