#include "capture/block_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace unspool {

/// Less room than this behind what was read from a pipe is not worth another read.
constexpr std::size_t kSmallestRead = 64U << 10U;

/// Of a compressed file, read at a time.
constexpr std::size_t kPackedBytes = 128U << 10U;

constexpr std::size_t kLittle = 4096;

BlockReader::BlockReader(Fd file, BlockPool& pool)
    : file_{std::move(file)}, pool_{pool}, base_{::lseek(file_.get(), 0, SEEK_CUR)} {
  struct stat status {};
  if (::fstat(file_.get(), &status) == 0) is_pipe_ = S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode);
  if (!is_pipe_ && status.st_size > 0) size_ = static_cast<std::uint64_t>(status.st_size);
  ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

std::size_t BlockReader::peek(std::uint64_t offset, std::span<std::byte> into) const {
  if (base_ < 0 || offset > static_cast<std::uint64_t>(INT64_MAX - base_)) return 0;
  const ssize_t got = ::pread(file_.get(), into.data(), into.size(), base_ + static_cast<off_t>(offset));
  return got < 0 ? 0 : static_cast<std::size_t>(got);
}

bool BlockReader::seek(std::uint64_t offset) {
  if (base_ < 0 || offset > static_cast<std::uint64_t>(INT64_MAX - base_)) return false;
  if (::lseek(file_.get(), base_ + static_cast<off_t>(offset), SEEK_SET) < 0) return false;
  origin_ = offset;
  at_ = end_ = 0;
  is_over_ = false;
  return true;
}

void BlockReader::stop() {
  origin_ += at_;
  at_ = end_ = 0;
  start_ = nullptr;
  block_ = {};
  is_over_ = true;
  wanting_ = false;
}

bool BlockReader::read_on(std::size_t n) {
  wanting_ = false;
  if (is_over_) return false;
  make_room(n);
  while (end_ - at_ < n) {
    const auto room = block_->space().subspan(end_);
    const std::size_t got = packed_ ? unpack_some(room) : read_some(room);
    if (got == 0) return false;
    end_ += got;
  }
  return true;
}

/// Nothing: the end, an error, or something that is to be waited for.
std::size_t BlockReader::read_some(std::span<std::byte> into) {
  for (;;) {
    if (is_pipe_ && !wait()) return 0;
    if (watch_) watch_->look();
    const ssize_t got = ::read(file_.get(), into.data(), std::min(into.size(), most_));
    if (got > 0) return static_cast<std::size_t>(got);
    if (got < 0 && (errno == EINTR || (is_pipe_ && errno == EAGAIN))) continue;
    if (got < 0) error_ = errno;
    if (got == 0 && watch_ && !watch_->is_left() && !was_cut()) {
      if (wait()) continue;
      return 0;
    }
    is_over_ = true;
    return 0;
  }
}

/// A followed file that became shorter than what was read of it: what is in it now is something else.
bool BlockReader::was_cut() {
  struct stat status {};
  const off_t read = ::lseek(file_.get(), 0, SEEK_CUR);
  if (::fstat(file_.get(), &status) != 0 || status.st_size >= read) return false;
  problem_ = fmt::format("it was cut to {} bytes while it was read", status.st_size);
  return true;
}

std::size_t BlockReader::unpack_some(std::span<std::byte> into) {
  for (;;) {
    const Bytes packed{packed_->bytes.data() + packed_->at, packed_->end - packed_->at};
    const Unpacker::Step step = packed_->unpacker->unpack(packed, into);
    packed_->at += step.taken;
    if (step.made > 0) return step.made;
    if (step.is_corrupt) {
      is_over_ = true;
      problem_ = fmt::format("its {} data is corrupt near byte {} of it: {}", packed_->unpacker->name(),
                             packed_->origin + packed_->at, packed_->unpacker->problem());
      return 0;
    }
    packed_->origin += packed_->end;
    packed_->at = packed_->end = 0;
    packed_->end = read_some(packed_->bytes);
    if (packed_->end > 0) continue;
    is_cut_ = is_over_ && error_ == 0 && problem_.empty() && !packed_->unpacker->is_whole();
    if (is_cut_) problem_ = fmt::format("its {} data ends too early", packed_->unpacker->name());
    return 0;
  }
}

void BlockReader::unpack_with(std::unique_ptr<Unpacker> unpacker) {
  const Bytes read = rest();
  packed_ = std::make_unique<Packed>();
  packed_->unpacker = std::move(unpacker);
  packed_->bytes.resize(std::max(kPackedBytes, read.size()));
  std::copy(read.begin(), read.end(), packed_->bytes.begin());
  packed_->end = read.size();
  base_ = -1;
  end_ = at_;
  is_over_ = false;
}

void BlockReader::read_little() {
  most_ = kLittle;
  ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_RANDOM);
}

Result<void> BlockReader::follow() {
  if (is_pipe_) return {};
  auto watch = FileWatch::on(file_);
  if (!watch) return tl::unexpected(watch.error());
  watch_ = std::move(*watch);
  size_ = 0;
  return {};
}

/// Room for `n` bytes from at_ on. Nobody has seen what lies past end_, so a block that others hold is filled up, not
/// changed.
void BlockReader::make_room(std::size_t n) {
  const std::size_t kept = end_ - at_;
  const std::size_t size = block_ ? block_->space().size() : 0;
  const bool right_size = n <= size && (size == BlockPool::kBlockSize || n > BlockPool::kBlockSize);
  const bool is_worth_filling = at_ == 0 || (!block_.alone() && size - end_ >= kSmallestRead);
  if (right_size && at_ + n <= size && is_worth_filling) return;

  BlockRef next = right_size && block_.alone() ? block_ : pool_.take(n);
  if (kept > 0) std::memmove(next->space().data(), start_ + at_, kept);
  origin_ += at_;
  at_ = 0;
  end_ = kept;
  start_ = next->space().data();
  block_ = std::move(next);
}

bool BlockReader::wait() {
  pollfd one{.fd = readable_fd(), .events = POLLIN, .revents = 0};
  int ready = 0;
  do ready = ::poll(&one, 1, patient_ ? -1 : 0);
  while (ready < 0 && errno == EINTR);
  wanting_ = ready == 0;
  return !wanting_;
}

}  // namespace unspool
