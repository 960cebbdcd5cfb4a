// The writing half of the store: what is done to files. It knows of no session and no shard.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "settings/settings.h"
#include "transfer/host_directories.h"
#include "transfer/job_bytes.h"
#include "transfer/output_directory.h"

namespace unspool {

/// A file that grows in partial/. Only its writer looks into it, from the first job on.
struct GrowingFile {
  explicit GrowingFile(TransferName file_name) : name{std::move(file_name)} {}

  TransferName name;
  std::string partial;                      // its name in partial/; empty until it is made
  Fd fd;                                    // open, or closed for the sake of others
  std::list<GrowingFile*>::iterator place;  // among the open ones
  std::uint64_t stored = 0;                 // bytes in it, holes left out
  std::uint64_t end = 0;                    // offset behind the last of them
  std::uint64_t blocks = 0;                 // bytes that it takes on disk, when it was closed last
  std::optional<Sha256> sha256;             // of them
  std::optional<DiskFailure> failure;       // nothing is written after it
};

/// Bytes of a job that lie together in the file.
struct Run {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// In their order. Most jobs have one, which needs no memory of its own.
class Runs {
 public:
  bool empty() const { return first_.length == 0; }
  std::size_t size() const { return empty() ? 0 : 1 + more_.size(); }
  const Run& operator[](std::size_t i) const { return i == 0 ? first_ : more_[i - 1]; }
  /// `length` bytes more, which stand there in the file.
  void add(std::uint64_t offset, std::uint64_t length) {
    Run& last = more_.empty() ? first_ : more_.back();
    if (last.length > 0 && last.offset + last.length == offset) {
      last.length += length;
    } else if (last.length == 0) {
      last = {.offset = offset, .length = length};
    } else {
      more_.push_back({.offset = offset, .length = length});
    }
  }
  void clear() {
    first_ = {};
    more_.clear();
  }

 private:
  Run first_;
  std::vector<Run> more_;
};

/// Something to be done to one file. Self-contained: jobs of one file are run one after the other, on whatever thread.
struct WriteJob {
  enum class Then : std::uint8_t { grow, finish, remove };

  GrowingFile* file = nullptr;
  Runs runs;
  JobBytes bytes;           // of all runs, one behind the other
  std::size_t written = 0;  // of the bytes, so far
  Then then = Then::grow;
  std::uint64_t size = 0;  // when finished, holes counted
  bool has_holes = false;  // when finished

  /// What became of a file that was finished.
  struct Outcome {
    HostDirectories::Linked linked;
    std::uint64_t stored = 0;
    std::uint64_t blocks = 0;             // bytes that it takes on disk, if they are measured
    std::optional<Sha256::Value> sha256;  // of what is stored
    bool incomplete = false;
    bool too_long = false;               // the failure is that its holes go beyond what the file system takes
    std::optional<DiskFailure> failure;  // why it is not stored, or not all of it
  } outcome;
};

class FileWriter {
 public:
  /// No file system takes longer ones.
  static constexpr std::uint64_t kLongestFile = std::uint64_t{1} << 62U;

  /// At most so many growing ones, and so many directories of hosts, are open at a time, both at least one. `output`
  /// outlives the writer.
  /// `measures`: its outcomes tell what files take on disk.
  FileWriter(const OutputDirectory& output, Digest digest, std::size_t open_files, std::size_t open_hosts,
             bool measures);

  /// Does it. What fails on disk ends up in the outcome, and concerns no other file.
  void run(WriteJob& job);
  /// Does it, or tells what keeps the disk from taking anything for now. Then nothing of the job is lost, and nothing
  /// half-finished is to be seen: it is tried again later, and goes on where it stopped, or run() makes an end of it.
  std::optional<DiskFailure> try_run(WriteJob& job);

 private:
  enum class Try : std::uint8_t { again, last };
  std::optional<DiskFailure> attempt(WriteJob& job, Try which);
  std::optional<DiskFailure> grow(WriteJob& job, Try which);
  std::optional<DiskFailure> finish(WriteJob& job, Try which);
  void remove(GrowingFile& file);

  int open(GrowingFile& file);
  OsResult<Fd> open_partial(const std::string& name, int flags);
  int write_rest(WriteJob& job);
  int write(WriteJob& job, std::uint64_t offset, std::size_t end);
  HostDirectories::Linked link(const GrowingFile& file, bool incomplete);
  bool let_go_of_descriptors();
  void keep_open(std::size_t most);
  void close(GrowingFile& file);
  std::optional<DiskFailure> failed(GrowingFile& file, int error, bool of_all, Try which);

  const OutputDirectory& output_;
  HostDirectories hosts_;
  Digest digest_;
  bool measures_;
  const std::size_t wanted_open_;
  std::size_t most_open_;  // fewer, once the process had no more descriptors; slowly more again
  std::size_t opened_ = 0;
  Fd partial_;                    // the directory, from the first file on
  std::list<GrowingFile*> open_;  // the last written one first
};

}  // namespace unspool
