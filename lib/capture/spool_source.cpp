#include "capture/spool_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "capture/file_source.h"

namespace unspool {
namespace {

constexpr int kMostOfAName = 10'000;  // files of one name in a directory that they are moved to

/// Made if need be; on the file system of the spool, so that moving is renaming.
Result<void> prepare(const std::string& key, const std::string& path, const SpoolSettings& settings) {
  struct stat there {
  }, spool{};
  if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST)
    return fail(fmt::format("{}: {}: cannot be made: {}", key, path, os_error(errno)));
  if (::stat(path.c_str(), &there) != 0)
    return fail(fmt::format("{}: {}: cannot be used: {}", key, path, os_error(errno)));
  if (!S_ISDIR(there.st_mode)) return fail(fmt::format("{}: {}: is no directory", key, path));
  if (::stat(settings.directory.c_str(), &spool) != 0) return {};
  if (there.st_dev != spool.st_dev)
    return fail(fmt::format("{}: {}: is on another file system than {}: choose a place on the same", key, path,
                            settings.directory));
  if (there.st_ino == spool.st_ino) return fail(fmt::format("{}: {}: is the spool itself", key, path));
  if (::access(path.c_str(), W_OK | X_OK) != 0)
    return fail(fmt::format("{}: {}: nothing can be moved there: {}", key, path, os_error(errno)));
  return {};
}

}  // namespace

SpoolSource::SpoolSource(const SpoolSettings& settings, BlockPool& pool, std::unique_ptr<SpoolDirectory> directory)
    : settings_{settings}, pool_{pool}, directory_{std::move(directory)}, always_{::eventfd(1, EFD_CLOEXEC)} {}

Result<std::unique_ptr<SpoolSource>> SpoolSource::open(const SpoolSettings& settings, BlockPool& pool) {
  const bool moves = settings.after == AfterReading::move;
  if (moves && settings.done.empty()) return fail("spool.after: move needs a directory: set spool.done");
  if (!moves && !settings.done.empty())
    return fail("spool.done: is a directory to move files to: set spool.after to move, or leave it out");
  auto directory = SpoolDirectory::open(settings);
  if (!directory) return tl::unexpected(directory.error());
  return std::unique_ptr<SpoolSource>{new SpoolSource(settings, pool, std::move(*directory))};
}

Result<void> SpoolSource::start(const std::string& state_path, SpoolListener& listener) {
  const std::string& spool = settings_.directory;
  if (::access(spool.c_str(), R_OK | X_OK) != 0)
    return fail(fmt::format("{}: its files cannot be read: {}", spool, os_error(errno)));
  const bool changes = settings_.after != AfterReading::keep || !settings_.bad.empty();
  if (changes && ::access(spool.c_str(), W_OK) != 0)
    return fail(fmt::format("{}: files cannot be moved or deleted there: {}", spool, os_error(errno)));
  if (settings_.after == AfterReading::move) {
    if (auto prepared = prepare("spool.done", settings_.done, settings_); !prepared) return prepared;
  }
  if (!settings_.bad.empty()) {
    if (auto prepared = prepare("spool.bad", settings_.bad, settings_); !prepared) return prepared;
  }
  auto state = SpoolState::open(state_path, *directory_);
  if (!state) return tl::unexpected(state.error());
  state_ = std::move(*state);
  listener_ = &listener;
  directory_->tell(
      [this](const SpoolFile& file) {
        const bool is_at_hand = current_ && file.name == file_.name && file.identity == file_.identity;
        return is_at_hand || state_->has(file);
      },
      [this](const std::string& name) { state_->forget(name); });
  return {};
}

int SpoolSource::readable_fd() const { return is_busy_ ? always_.get() : directory_->readable_fd(); }

Source::Progress SpoolSource::progress() const {
  return {.bytes = bytes_ + (current_ ? current_->progress().bytes : 0), .of = 0};
}

/// Between files it is idle for a moment, so that many small ones keep nobody from their turn.
Source::State SpoolSource::next(Packet& packet) {
  if (!current_) return begin();
  for (;;) {
    if (current_->next(packet) != State::packet) return ended();
    last_ = packet.record;
    if (again_ != last_) return State::packet;
    again_.reset();
  }
}

Source::State SpoolSource::begin() {
  is_busy_ = directory_->look();
  if (is_busy_) return State::idle;
  if (auto file = directory_->take()) {
    file_ = std::move(*file);
    is_busy_ = true;
    last_.reset();
    again_ = state_->record_of(file_);
    open_file(again_.value_or(0));
    return State::idle;
  }
  if (!directory_->is_gone()) return State::idle;
  end_ = {SourceEnd::How::corrupt, fmt::format("{}: was moved or deleted", settings_.directory)};
  return State::ended;
}

/// What is written again just now will be complete again; what is gone is none of ours.
void SpoolSource::open_file(std::uint64_t offset) {
  if (directory_->identity(file_.name) != file_.identity) return;
  const std::string path = directory_->path(file_.name);
  const Fd probe{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
  if (!probe && errno == ENOENT) return;
  if (!probe) {
    state_->add_for_now(file_);
    return listener_->on_trouble(fmt::format("{}: cannot be opened: {}", path, os_error(errno)));
  }
  index_ = static_cast<std::uint16_t>((index_ + 1U) % UINT16_MAX);
  auto source = open_capture_file({.path = path, .offset = offset}, index_, pool_);
  if (!source) return bad(source.error().what);
  current_ = std::move(*source);
  listener_->on_file(index_, path, file_.first);
}

Source::State SpoolSource::ended() {
  const SourceEnd end = current_->end();
  bytes_ += current_->progress().bytes;
  switch (end.how) {
    case SourceEnd::How::whole: done(); break;
    case SourceEnd::How::cut_short:
      listener_->on_cut_file(end.what);
      done();
      break;
    case SourceEnd::How::corrupt: bad(end.what + "; all before it is kept"); break;
  }
  current_.reset();
  return State::idle;
}

void SpoolSource::done() {
  ++totals_.read;
  check(state_->add(file_));
  if (settings_.after == AfterReading::keep || directory_->identity(file_.name) != file_.identity) return;
  if (settings_.after == AfterReading::move) {
    move_to(settings_.done);
  } else if (::unlinkat(directory_->fd(), file_.name.c_str(), 0) != 0 && errno != ENOENT) {
    listener_->on_trouble(
        fmt::format("{}: was read, and cannot be deleted: {}", directory_->path(file_.name), os_error(errno)));
  }
}

void SpoolSource::bad(const std::string& what) {
  ++totals_.bad;
  check(state_->add(file_));
  const bool is_there = directory_->identity(file_.name) == file_.identity;
  const std::string moved = is_there && !settings_.bad.empty() ? move_to(settings_.bad) : "";
  listener_->on_bad_file(directory_->path(file_.name), what, moved);
}

/// Where it is then, under its own name or NAME~2, NAME~3...; empty, and said, when it could not be moved.
std::string SpoolSource::move_to(const std::string& directory) {
  const std::string from = directory_->path(file_.name);
  int error = EEXIST;
  for (int i = 1; i <= kMostOfAName && error == EEXIST; ++i) {
    const std::string to = fmt::format("{}/{}{}", directory, file_.name, i == 1 ? "" : fmt::format("~{}", i));
    if (::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return to;
    error = errno;
  }
  listener_->on_trouble(fmt::format("{}: cannot be moved to {}: {}", from, directory, os_error(error)));
  return {};
}

void SpoolSource::check(const Result<void>& result) {
  if (!result && !is_state_lost_) listener_->on_trouble(result.error().what);
  is_state_lost_ = !result;
}

Result<void> SpoolSource::stop() {
  if (!current_ || !last_) return {};
  return state_->add_part(file_, *last_);
}

}  // namespace unspool
