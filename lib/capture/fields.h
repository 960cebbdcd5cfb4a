// Fields of capture files, in the byte order of the machine that wrote them.
#pragma once

#include "base/cursor.h"

namespace unspool {

enum class ByteOrder : std::uint8_t { big, little };

/// A Cursor whose byte order is known only when the file is read.
class Fields {
 public:
  Fields(Bytes bytes, ByteOrder order) : in_{bytes}, order_{order} {}

  std::size_t left() const { return in_.left(); }
  Bytes rest() const { return in_.rest(); }
  bool ok() const { return in_.ok(); }

  std::uint16_t u16() { return get<std::uint16_t>(); }
  std::uint32_t u32() { return get<std::uint32_t>(); }
  std::uint64_t u64() { return get<std::uint64_t>(); }
  Bytes take(std::size_t n) { return in_.take(n); }
  void skip(std::size_t n) { in_.skip(n); }

 private:
  template <std::unsigned_integral T>
  T get() {
    return order_ == ByteOrder::little ? in_.get_le<T>() : in_.get<T>();
  }

  Cursor in_;
  ByteOrder order_;
};

}  // namespace unspool
