// A file read straight into blocks, with large reads, so that records are parsed where they lie.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "capture/block.h"
#include "capture/file_watch.h"
#include "capture/unpacker.h"

namespace unspool {

class BlockReader {
 public:
  /// Reads `file` from where it stands; that place is offset 0. `pool` outlives the reader.
  BlockReader(Fd file, BlockPool& pool);

  /// Before anything was skipped: the file is compressed, and everything below is about what `unpacker` makes of it.
  void unpack_with(std::unique_ptr<Unpacker> unpacker);
  /// For a look at a file's beginning: less is read at a time, and nothing ahead.
  void read_little();
  bool is_packed() const { return packed_ != nullptr; }
  /// The file grows: at its end more is waited for, as in a pipe, until it was renamed or deleted and its writer has
  /// closed it. No change for a pipe. The error is to be put behind the file's name.
  Result<void> follow();
  /// Makes `n` bytes at the place of the reader lie in one piece, in rest(), reading on if it must. What was seen
  /// before then stays only while a BlockRef to its block is held. False when there are fewer before the end of the
  /// file, an error(), a problem(), or where one would have to wait: wanting().
  bool need(std::size_t n) { return n <= end_ - at_ || read_on(n); }
  /// What is there already; at least what was needed.
  Bytes rest() const { return {start_ + at_, end_ - at_}; }
  /// Goes on by `n` bytes of rest(), which stay as they are until the next need().
  void skip(std::size_t n) { at_ += n; }
  /// What lies at `offset`, for a look ahead that may be wrong: how much was there, nothing where one cannot seek.
  std::size_t peek(std::uint64_t offset, std::span<std::byte> into) const;
  /// Goes on at `offset`; false where one cannot seek.
  bool seek(std::uint64_t offset);
  /// Offset of rest() in the file.
  std::uint64_t offset() const { return origin_ + at_; }
  /// Of the file as it lies on disk: how far it is read, and its size at the beginning; that is 0 for a pipe, and
  /// for a file that is followed.
  std::uint64_t file_offset() const { return packed_ ? packed_->origin + packed_->at : offset(); }
  std::uint64_t file_size() const { return size_; }
  /// What rest() lies in; null before the first need() and after stop().
  Block* block() const { return block_.get(); }

  /// A reader is born patient: it waits for a pipe, or a file that it follows. From here on it does not.
  void stop_waiting() { patient_ = false; }
  /// Whether the last need() failed only because there is nothing more right now.
  bool wanting() const { return wanting_; }
  /// What to wait for when wanting(): the pipe or socket that is read, or what tells of a file that is followed; -1 for
  /// other files.
  int readable_fd() const { return is_pipe_ ? file_.get() : watch_ ? watch_->readable_fd() : -1; }
  /// The errno of a read that failed, 0 if none did.
  int error() const { return error_; }
  /// Why the file gives no more, where that is not its end, to be put behind its name; empty when it is right so far.
  const std::string& problem() const { return problem_; }
  /// Whether a compressed file ends before what is packed in it does.
  bool is_cut() const { return is_cut_; }
  /// Nothing more is read: need() fails for good, rest() is empty, the block is let go.
  void stop();

 private:
  /// Of a compressed file: what was read and not yet unpacked lies in bytes, from at to end.
  struct Packed {
    std::unique_ptr<Unpacker> unpacker;
    std::vector<std::byte> bytes;
    std::size_t at = 0, end = 0;
    std::uint64_t origin = 0;  // offset of the first of bytes in the file
  };

  bool read_on(std::size_t n);
  void make_room(std::size_t n);
  std::size_t read_some(std::span<std::byte> into);
  std::size_t unpack_some(std::span<std::byte> into);
  bool wait();
  bool was_cut();

  Fd file_;
  BlockPool& pool_;
  BlockRef block_;
  const std::byte* start_ = nullptr;  // of block_
  std::size_t at_ = 0;                // in block_: the place of the reader
  std::size_t end_ = 0;               // in block_: what has been read into it
  std::uint64_t origin_ = 0;          // offset of block_'s first byte in the file
  std::uint64_t size_ = 0;
  off_t base_;                      // where `file` stood; negative where one cannot seek
  std::size_t most_ = SIZE_MAX;     // to be read at a time
  std::optional<FileWatch> watch_;  // of a file that is followed
  std::unique_ptr<Packed> packed_;  // null for a file that is not compressed
  int error_ = 0;
  std::string problem_;
  bool is_cut_ = false;
  bool is_pipe_ = false;
  bool is_over_ = false;
  bool patient_ = true;
  bool wanting_ = false;
};

}  // namespace unspool
