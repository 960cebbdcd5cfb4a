#include "transfer/job_bytes.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace unspool {

void JobBytes::add(Bytes bytes, SparePieces& spare) {
  assert(bytes.size() <= kMost - size_);
  while (!bytes.empty()) {
    const std::size_t piece = piece_at(size_);
    if (!pieces_[piece]) pieces_[piece] = spare.take(piece);
    const std::size_t n = std::min(bytes.size(), kBegin[piece + 1] - size_);
    std::memcpy(pieces_[piece].get() + (size_ - kBegin[piece]), bytes.data(), n);
    size_ += n;
    bytes = bytes.subspan(n);
  }
}

void JobBytes::clear(SparePieces& spare) {
  for (std::size_t i = 0; i < kPieces && pieces_[i]; ++i) spare.give_back(i, std::move(pieces_[i]));
  size_ = 0;
}

void JobBytes::clear() {
  for (Piece& piece : pieces_) piece.reset();
  size_ = 0;
}

std::size_t JobBytes::room() const { return size_ == 0 ? 0 : kBegin[piece_at(size_ - 1) + 1]; }

Bytes JobBytes::at(std::size_t at, std::size_t most) const {
  const std::size_t piece = piece_at(at);
  const std::size_t end = std::min(size_, kBegin[piece + 1]);
  return {pieces_[piece].get() + (at - kBegin[piece]), std::min(most, end - at)};
}

JobBytes::Piece SparePieces::take(std::size_t piece) {
  std::vector<JobBytes::Piece>& spare = spare_[kind_of(piece)];
  if (spare.empty()) return std::make_unique_for_overwrite<std::byte[]>(JobBytes::room_of(piece));
  JobBytes::Piece memory = std::move(spare.back());
  spare.pop_back();
  return memory;
}

void SparePieces::give_back(std::size_t piece, JobBytes::Piece memory) {
  std::vector<JobBytes::Piece>& spare = spare_[kind_of(piece)];
  if (spare.size() < kMost) spare.push_back(std::move(memory));
}

}  // namespace unspool
