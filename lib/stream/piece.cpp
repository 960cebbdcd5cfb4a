#include "stream/piece.h"

namespace unspool {

void Piece::drop_front(std::uint64_t n) {
  const std::uint64_t of_bytes = std::min<std::uint64_t>(n, bytes.size());
  bytes = bytes.subspan(of_bytes);
  missing -= n - of_bytes;
  skipped += of_bytes;
  at = at + n;
}

void Piece::drop_back(std::uint64_t n) {
  const std::uint64_t of_missing = std::min(n, missing);
  missing -= of_missing;
  bytes = bytes.first(bytes.size() - (n - of_missing));
}

Piece Piece::front(std::uint64_t n) const {
  Piece first = *this;
  first.drop_back(length() - n);
  return first;
}

}  // namespace unspool
