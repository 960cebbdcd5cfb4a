// Compressed captures, undone a piece at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"

namespace unspool {

enum class Compression : std::uint8_t { none, gzip, zstd };

/// By the first four bytes of a file; fewer tell gzip only.
Compression compression_of(Bytes first);

/// One compressed file: gzip (RFC 1952) of one member or several, or zstd (RFC 8878) of one frame or several. What was
/// packed however small, a piece unpacked is never larger than it was asked for, and a zstd window at most 128 MiB.
class Unpacker {
 public:
  Unpacker() = default;
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;
  virtual ~Unpacker() = default;

  struct Step {
    std::size_t taken = 0, made = 0;  // of `packed`, and in `into`
    bool is_corrupt = false;          // what follows cannot be unpacked: problem(). What was made is right.
  };
  /// Goes on with `packed`, the file's next bytes. When nothing was made of a room that is not empty, all was taken.
  virtual Step unpack(Bytes packed, std::span<std::byte> into) = 0;
  /// Whether the file may end here.
  virtual bool is_whole() const = 0;
  /// "gzip", "zstd".
  virtual std::string_view name() const = 0;
  /// What is wrong with a corrupt one, for the operator.
  virtual std::string problem() const = 0;
};

/// `compression` is not `none`. Null where there is no memory for it.
std::unique_ptr<Unpacker> make_unpacker(Compression compression);

}  // namespace unspool
