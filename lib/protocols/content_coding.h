// Undoes content codings (RFC 9110, 8.4.1) as bytes come: gzip, deflate, br, zstd.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "protocols/http_limits.h"

namespace unspool {

enum class ContentCoding : std::uint8_t { gzip, deflate, brotli, zstd };

/// By its name in a field; empty when it is none that is undone here.
std::optional<ContentCoding> content_coding(std::string_view name);
/// What a file's name that holds it ends in, as ".gz".
std::string_view extension(ContentCoding coding);

/// One coding. It owns its library's state.
class Decoder {
 public:
  enum class Progress : std::uint8_t { more, done, corrupt };
  struct Step {
    Progress progress = Progress::more;
    std::size_t used = 0;  // of the input
    std::size_t made = 0;  // of the output
  };

  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  virtual ~Decoder() = default;
  /// Goes on until the input is used up or the output is full. After `done` further input begins anew, if the coding
  /// has that, or is corrupt; after `corrupt` it is called no more.
  virtual Step step(Bytes in, std::span<std::byte> out) = 0;
};
std::unique_ptr<Decoder> make_decoder(ContentCoding coding);

/// Codings on top of each other, with bounds on what comes out.
class Decoding {
 public:
  enum class Verdict : std::uint8_t { good, corrupt, bomb };
  using Take = std::function<void(Bytes)>;

  /// `codings`: in the order in which they were applied.
  Decoding(const std::vector<ContentCoding>& codings, const HttpLimits& limits, Take take);

  /// Decodes the next bytes. After anything but `good` it is not called again, and `bytes` is what was not used.
  Verdict feed(Bytes& bytes);
  /// What came so far is all of it.
  bool done() const;
  bool made_any() const { return made_any_; }

 private:
  struct Layer {
    std::unique_ptr<Decoder> decoder;
    std::uint64_t made = 0;
    bool done = false;
  };
  Verdict run(std::size_t layer, Bytes& bytes);
  bool too_much(const Layer& layer) const;

  const HttpLimits& limits_;
  Take take_;
  std::vector<Layer> layers_;  // the outermost, which was applied last, first
  std::uint64_t used_ = 0;
  bool made_any_ = false;
};

}  // namespace unspool
