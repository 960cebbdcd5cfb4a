#include "transfer/file_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace unspool {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr std::size_t kSpare = 4;  // descriptors left for directories, once the process has no more
constexpr std::size_t kFewestHosts = 8, kMostHosts = 256;  // directories kept open

}  // namespace

FileWriter::FileWriter(const OutputDirectory& output, Digest digest, std::size_t open_files)
    : output_{output},
      hosts_{output.root(), std::clamp(open_files, kFewestHosts, kMostHosts)},
      digest_{digest},
      most_open_{std::max<std::size_t>(open_files, 1)} {}

void FileWriter::run(WriteJob& job) {
  switch (job.then) {
    case WriteJob::Then::grow: return grow(*job.file, job);
    case WriteJob::Then::finish: return finish(*job.file, job);
    case WriteJob::Then::remove: return remove(*job.file);
  }
}

void FileWriter::grow(GrowingFile& file, const WriteJob& job) {
  if (file.failure) return;
  if (const int error = open(file); error != 0) return set_failure(file, error);
  Bytes rest = job.bytes;
  for (const Run& run : job.runs) {
    const Bytes bytes = rest.first(static_cast<std::size_t>(run.length));
    if (const int error = write(file, run.offset, bytes); error != 0) return set_failure(file, error);
    rest = rest.subspan(bytes.size());
  }
}

void FileWriter::finish(GrowingFile& file, WriteJob& job) {
  if (file.partial.empty() || !job.runs.empty()) grow(file, job);
  if (!file.failure && job.size > file.end) {  // a hole at the end
    int error = job.size > kLongestFile ? EFBIG : open(file);
    if (error == 0 && ::ftruncate(file.fd.get(), static_cast<off_t>(job.size)) != 0) error = errno;
    if (error != 0) set_failure(file, error);
  }
  close(file);
  WriteJob::Outcome& outcome = job.outcome;
  outcome.failure = file.failure;
  outcome.too_long = job.has_holes && file.failure && file.failure->number == EFBIG;
  if (file.failure && file.stored == 0) return remove(file);

  outcome.incomplete = job.has_holes || file.failure.has_value();
  outcome.linked = hosts_.link(partial_.get(), file.partial, file.name, outcome.incomplete);
  remove(file);
  if (!outcome.failure) outcome.failure = outcome.linked.failure;
  if (outcome.linked.path.empty()) return;
  outcome.stored = file.stored;
  if (digest_ == Digest::sha256) outcome.sha256 = file.sha256 ? file.sha256->finish() : Sha256{}.finish();
}

/// Takes it out of partial/; links that it has elsewhere stay.
void FileWriter::remove(GrowingFile& file) {
  close(file);
  if (!file.partial.empty()) ::unlinkat(partial_.get(), file.partial.c_str(), 0);
  file.partial.clear();
}

/// Opens it, for the first time or again, and marks it as the last one written. 0, or the errno.
int FileWriter::open(GrowingFile& file) {
  if (file.fd) {
    open_.splice(open_.begin(), open_, file.place);
    return 0;
  }
  if (open_.size() >= most_open_) close(*open_.back());
  if (!file.partial.empty()) {
    auto fd = open_partial(file.partial, O_WRONLY);
    if (!fd) return fd.error();
    file.fd = std::move(*fd);
  }
  for (TransferName name = file.name; !file.fd; ++name.number) {
    std::string partial = name.file(false);
    auto fd = open_partial(partial, O_WRONLY | O_CREAT | O_EXCL);
    if (!fd && (fd.error() != EEXIST || name.number == TransferName::kLastNumber)) return fd.error();
    if (!fd) continue;  // another session's, of the same endpoints and start
    file.fd = std::move(*fd);
    file.partial = std::move(partial);
  }
  open_.push_front(&file);
  file.place = open_.begin();
  return 0;
}

OsResult<Fd> FileWriter::open_partial(const std::string& name, int flags) {
  for (bool again = false;; again = true) {
    if (!partial_) {
      auto directory = open_beneath(output_.root(), "partial", Missing::make);
      if (!directory) return directory;
      partial_ = std::move(*directory);
    }
    Fd fd{::openat(partial_.get(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, kFileMode)};
    if (fd) return fd;
    const int error = errno;
    const bool too_many = (error == EMFILE || error == ENFILE) && !open_.empty();
    const bool cleaned_up = error == ENOENT && (flags & O_CREAT) != 0;  // the directory itself is gone
    if (again || (!too_many && !cleaned_up)) return tl::unexpected(error);
    if (too_many) keep_open(open_.size() - std::min(open_.size() - 1, kSpare));
    if (cleaned_up) partial_.reset();
  }
}

/// 0, or the errno; what was written before it counts.
int FileWriter::write(GrowingFile& file, std::uint64_t offset, Bytes bytes) {
  if (digest_ == Digest::sha256 && !file.sha256) file.sha256.emplace();
  while (!bytes.empty()) {
    if (offset > kLongestFile) return EFBIG;
    const ssize_t n = ::pwrite(file.fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : EIO;
    const auto written = static_cast<std::size_t>(n);
    if (file.sha256) file.sha256->add(bytes.first(written));
    file.stored += written;
    file.end = offset + written;
    offset = file.end;
    bytes = bytes.subspan(written);
  }
  return 0;
}

/// Makes `most` the bound on open files.
void FileWriter::keep_open(std::size_t most) {
  most_open_ = most;
  while (open_.size() > most_open_) close(*open_.back());
}

void FileWriter::close(GrowingFile& file) {
  if (!file.fd) return;
  open_.erase(file.place);
  file.fd.reset();
}

void FileWriter::set_failure(GrowingFile& file, int error) {
  std::string what = file.stored == 0
                         ? disk_error(error)
                         : fmt::format("only the first {} bytes are stored: {}", file.end, disk_error(error));
  file.failure = DiskFailure{error, std::move(what)};
}

}  // namespace unspool
