#include "transfer/file_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace unspool {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr std::uint64_t kBlock = 512;  // stat's unit, on every file system
constexpr std::size_t kSpare = 4;      // descriptors left for directories, once the process has no more
constexpr std::size_t kOneMore = 64;   // files that are opened before one more may stay open than there could be last

/// As the kernel takes them.
struct Pieces {
  std::array<iovec, JobBytes::kPieces> list;
  std::size_t count = 0;
};

Pieces pieces_of(const JobBytes& all, std::size_t begin, std::size_t end) {
  Pieces pieces;
  while (begin < end) {
    const Bytes bytes = all.at(begin, end - begin);
    pieces.list[pieces.count++] = {.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
    begin += bytes.size();
  }
  return pieces;
}

bool is_lack_of_descriptors(int error) { return error == EMFILE || error == ENFILE; }

}  // namespace

FileWriter::FileWriter(const OutputDirectory& output, Digest digest, std::size_t open_files, std::size_t open_hosts,
                       bool measures)
    : output_{output},
      hosts_{output.root(), std::max<std::size_t>(open_hosts, 1)},
      digest_{digest},
      measures_{measures},
      wanted_open_{std::max<std::size_t>(open_files, 1)},
      most_open_{wanted_open_} {}

void FileWriter::run(WriteJob& job) { attempt(job, Try::last); }

std::optional<DiskFailure> FileWriter::try_run(WriteJob& job) { return attempt(job, Try::again); }

std::optional<DiskFailure> FileWriter::attempt(WriteJob& job, Try which) {
  switch (job.then) {
    case WriteJob::Then::grow: return grow(job, which);
    case WriteJob::Then::finish: return finish(job, which);
    case WriteJob::Then::remove: remove(*job.file); break;
  }
  return std::nullopt;
}

std::optional<DiskFailure> FileWriter::grow(WriteJob& job, Try which) {
  GrowingFile& file = *job.file;
  const bool is_new = file.partial.empty();
  if (file.failure || (!is_new && job.written == job.bytes.size())) return std::nullopt;
  int error = open(file);
  const bool may_not = forbids(error) && is_new;  // make any file there
  if (error == 0) error = write_rest(job);
  return failed(file, error, may_not || refuses_all(error), which);
}

std::optional<DiskFailure> FileWriter::finish(WriteJob& job, Try which) {
  GrowingFile& file = *job.file;
  if (auto refused = grow(job, which)) return refused;
  if (!file.failure && job.size > file.end) {  // a hole at the end
    int error = job.size > kLongestFile ? EFBIG : open(file);
    if (error == 0 && ::ftruncate(file.fd.get(), static_cast<off_t>(job.size)) != 0) error = errno;
    if (auto refused = failed(file, error, refuses_all(error), which)) return refused;
  }
  close(file);
  WriteJob::Outcome& outcome = job.outcome;
  outcome.failure = file.failure;
  outcome.too_long = job.has_holes && file.failure && file.failure->number == EFBIG;
  if (file.failure && file.stored == 0) {
    remove(file);
    return std::nullopt;
  }
  outcome.incomplete = job.has_holes || file.failure.has_value();
  outcome.linked = link(file, outcome.incomplete);
  if (which == Try::again && outcome.linked.failure && outcome.linked.failure->of_all) {
    hosts_.unlink(file.name, outcome.linked, outcome.incomplete);
    return std::move(outcome.linked.failure);
  }
  if (outcome.linked.moved) file.partial.clear();
  remove(file);
  if (!outcome.failure) outcome.failure = outcome.linked.failure;
  if (outcome.linked.path.empty()) return std::nullopt;
  outcome.stored = file.stored;
  outcome.blocks = file.blocks;
  if (digest_ == Digest::sha256) outcome.sha256 = file.sha256 ? file.sha256->finish() : Sha256{}.finish();
  return std::nullopt;
}

HostDirectories::Linked FileWriter::link(const GrowingFile& file, bool incomplete) {
  for (;;) {
    auto linked = hosts_.link(partial_.get(), file.partial, file.name, incomplete);
    const bool too_many = linked.failure && is_lack_of_descriptors(linked.failure->number);
    if (!too_many || !let_go_of_descriptors()) return linked;
    hosts_.unlink(file.name, linked, incomplete);
  }
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
  if (++opened_ % kOneMore == 0 && most_open_ < wanted_open_) ++most_open_;
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
    const bool cleaned_up = error == ENOENT && (flags & O_CREAT) != 0 && !again;  // the directory itself is gone
    if (cleaned_up) partial_.reset();
    if (cleaned_up || (is_lack_of_descriptors(error) && let_go_of_descriptors())) continue;
    return tl::unexpected(error);
  }
}

/// Goes on behind what is written of the job. 0, or the errno.
int FileWriter::write_rest(WriteJob& job) {
  std::size_t begin = 0;  // of the run, in the bytes
  for (std::size_t i = 0; i < job.runs.size(); ++i) {
    const Run& run = job.runs[i];
    const std::size_t end = begin + static_cast<std::size_t>(run.length);
    if (job.written < end) {
      const int error = write(job, run.offset + (std::max(begin, job.written) - begin), end);
      if (error != 0) return error;
    }
    begin = end;
  }
  return 0;
}

/// What is not written yet of the job's bytes before `end`, to that offset. 0, or the errno; what was written before it
/// counts.
int FileWriter::write(WriteJob& job, std::uint64_t offset, std::size_t end) {
  GrowingFile& file = *job.file;
  if (digest_ == Digest::sha256 && !file.sha256) file.sha256.emplace();
  while (job.written < end) {
    if (offset > kLongestFile) return EFBIG;
    const auto pieces = pieces_of(job.bytes, job.written, end);
    const ssize_t n =
        ::pwritev(file.fd.get(), pieces.list.data(), static_cast<int>(pieces.count), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : EIO;
    const std::size_t written = job.written + static_cast<std::size_t>(n);
    while (job.written < written) {
      const Bytes bytes = job.bytes.at(job.written, written - job.written);
      if (file.sha256) file.sha256->add(bytes);
      job.written += bytes.size();
    }
    file.stored += static_cast<std::size_t>(n);
    offset = file.end = offset + static_cast<std::size_t>(n);
  }
  return 0;
}

/// For the process has no more. False when there was nothing to let go of.
bool FileWriter::let_go_of_descriptors() {
  const bool had_hosts = hosts_.close_some(kSpare);
  if (open_.empty()) return had_hosts;
  keep_open(open_.size() - std::min(open_.size(), kSpare));
  return true;
}

/// Makes `most` the bound on open files.
void FileWriter::keep_open(std::size_t most) {
  most_open_ = std::max<std::size_t>(most, 1);
  while (open_.size() > most) close(*open_.back());
}

void FileWriter::close(GrowingFile& file) {
  if (!file.fd) return;
  struct stat status {};
  if (measures_ && ::fstat(file.fd.get(), &status) == 0)
    file.blocks = static_cast<std::uint64_t>(status.st_blocks) * kBlock;
  open_.erase(file.place);
  file.fd.reset();
}

/// Makes an end of the file, unless it is to be tried again: then that is the answer.
std::optional<DiskFailure> FileWriter::failed(GrowingFile& file, int error, bool of_all, Try which) {
  if (error == 0) return std::nullopt;
  if (of_all && which == Try::again) return DiskFailure{error, disk_error(error), true};
  std::string what = file.stored == 0
                         ? disk_error(error)
                         : fmt::format("only the first {} bytes are stored: {}", file.end, disk_error(error));
  file.failure = DiskFailure{error, std::move(what)};
  return std::nullopt;
}

}  // namespace unspool
