// File descriptors that close themselves.
#pragma once

#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/error.h"

namespace unspool {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_{fd} {}
  Fd(Fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

/// Writes all of `bytes`, through interruptions. 0, or the errno of the write that failed.
int write_all(int fd, Bytes bytes);

/// All of a text file, up to `limit` bytes; larger ones are an error, as is one that cannot be read. Errors name the
/// path.
Result<std::string> read_text_file(const std::string& path, std::size_t limit);

}  // namespace unspool
