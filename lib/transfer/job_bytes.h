// The bytes of a write job, in pieces that are used again: most files are small, and what grows is not copied.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace unspool {

class SparePieces;

class JobBytes {
 public:
  static constexpr std::size_t kMost = std::size_t{64} << 10U;
  static constexpr std::size_t kPieces = 9;

  /// At most as many as there is room for below kMost.
  void add(Bytes bytes, SparePieces& spare);
  /// Its pieces go to `spare`, or where all memory goes.
  void clear(SparePieces& spare);
  void clear();

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// What its pieces take.
  std::size_t room() const;

  /// Bytes that lie together, from `at` on: at most `most`, at least one.
  Bytes at(std::size_t at, std::size_t most) const;

 private:
  friend class SparePieces;
  using Piece = std::unique_ptr<std::byte[]>;
  /// The first ones are small. Where each begins, and where the last one ends.
  static constexpr std::array<std::size_t, kPieces + 1> kBegin{
      0, 2U << 10U, 8U << 10U, 16U << 10U, 24U << 10U, 32U << 10U, 40U << 10U, 48U << 10U, 56U << 10U, kMost};
  static constexpr std::size_t piece_at(std::size_t at) { return at < kBegin[1] ? 0 : 1 + (at >> 13U); }
  static constexpr std::size_t room_of(std::size_t piece) { return kBegin[piece + 1] - kBegin[piece]; }

  std::size_t size_ = 0;
  std::array<Piece, kPieces> pieces_;
};

/// Used by one thread.
class SparePieces {
 public:
  /// Kept of each size; others are let go of.
  static constexpr std::size_t kMost = 128;

 private:
  friend class JobBytes;
  JobBytes::Piece take(std::size_t piece);
  void give_back(std::size_t piece, JobBytes::Piece memory);
  static constexpr std::size_t kind_of(std::size_t piece) { return piece < 2 ? piece : 2; }

  std::array<std::vector<JobBytes::Piece>, 3> spare_;
};

}  // namespace unspool
