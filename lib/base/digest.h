// SHA-256 and SHA-1 (FIPS 180-4), by OpenSSL.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "base/bytes.h"

namespace unspool {

/// Takes bytes in pieces.
class Sha256 {
 public:
  using Value = std::array<std::byte, 32>;

  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void add(Bytes bytes);
  /// Of all that was added. Called once; nothing is added after it.
  Value finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// Of many short pieces, one after the other: OpenSSL's SHA1() looks the algorithm up under a lock of the process each
/// time.
class Sha1 {
 public:
  using Value = std::array<std::byte, 20>;

  Sha1();
  Sha1(Sha1&&) noexcept;
  ~Sha1();

  Value of(Bytes bytes);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// Lower-case hexadecimal.
std::string hex(Bytes bytes);
/// RFC 4648, 4, with padding.
std::string base64(Bytes bytes);

}  // namespace unspool
