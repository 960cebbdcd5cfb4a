#include "events/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/json.h"
#include "events/rotated_files.h"

namespace unspool {
namespace {

constexpr auto kRetry = std::chrono::seconds(5);  // between two attempts to rotate, when one failed

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::uint64_t lines_in(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string advice(int error) {
  return error == ENOSPC || error == EDQUOT ? "; make room there, or choose another place with -o" : "";
}

/// Tells, in the file itself, that lines are missing from it there.
std::string lost_line(Timestamp time, std::uint64_t lines, int error) {
  std::string text;
  JsonWriter json{text};
  json.begin_object().member("timestamp", EveTime{time}).member("event_type", "anomaly");
  json.key("anomaly").begin_object().member("type", "output").member("event", "events_lost").end_object();
  json.key("unspool").begin_object().member("lines", lines).member("why", os_error(error)).end_object().end_object();
  return text + '\n';
}

}  // namespace

EventFile::EventFile(EventPlace place, const EventSettings& settings)
    : place_{std::move(place)},
      name_{name_of(place_.path)},
      rotate_bytes_{place_.directory < 0 ? 0 : settings.rotate_bytes},
      rotate_interval_{place_.directory < 0 ? std::chrono::milliseconds{0} : settings.rotate_interval},
      keep_{settings.keep} {}

Result<std::uint64_t> EventFile::open() {
  auto file = place_.open();
  if (!file) return tl::unexpected(file.error());
  const auto repaired = repair(*file);
  if (!repaired) return repaired;
  start_with(std::move(*file));
  const auto rotated = rotated_files(place_.directory);
  if (!rotated.empty()) last_rotation_ = rotated_time(rotated.back()).value_or(last_rotation_);
  if (rotate_bytes_ > 0 || rotate_interval_.count() > 0) remove_old();
  return repaired;
}

/// Cuts a file behind its last line feed, and appends from then on.
Result<std::uint64_t> EventFile::repair(const Fd& file) const {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0)
    return fail(fmt::format("{}: cannot be looked at: {}", place_.path, os_error(errno)));
  const off_t size = status.st_size;
  off_t keep = size;
  std::array<char, 4096> piece;
  for (bool found = false; keep > 0 && !found;) {
    const off_t from = std::max<off_t>(keep - static_cast<off_t>(piece.size()), 0);
    const ssize_t got = ::pread(file.get(), piece.data(), static_cast<std::size_t>(keep - from), from);
    if (got <= 0) return fail(fmt::format("{}: cannot be read: {}", place_.path, os_error(errno)));
    const void* feed = ::memrchr(piece.data(), '\n', static_cast<std::size_t>(got));
    found = feed != nullptr;
    keep = found ? from + (static_cast<const char*>(feed) - piece.data()) + 1 : from;
  }
  if (keep < size && ::ftruncate(file.get(), keep) != 0) {
    return fail(fmt::format("{}: its cut last line cannot be removed: {}", place_.path, os_error(errno)));
  }
  const int flags = ::fcntl(file.get(), F_GETFL);
  if (flags < 0 || ::fcntl(file.get(), F_SETFL, flags | O_APPEND) != 0) {
    return fail(fmt::format("{}: cannot be appended to: {}", place_.path, os_error(errno)));
  }
  return static_cast<std::uint64_t>(size - keep);
}

void EventFile::start_with(Fd file) {
  file_ = std::move(file);
  whole_.reset();
  struct stat status {};
  const bool known = ::fstat(file_.get(), &status) == 0;
  size_ = known ? static_cast<std::uint64_t>(status.st_size) : 0;
  const Timestamp written{std::chrono::seconds{status.st_mtim.tv_sec} +
                          std::chrono::nanoseconds{status.st_mtim.tv_nsec}};
  born_ = size_ > 0 ? written : place_.now();
}

void EventFile::append(std::string_view lines, Timestamp time) {
  bool rotated = false;
  {
    const std::lock_guard lock{mutex_};
    const bool full = rotate_bytes_ > 0 && size_ > 0 && size_ + lines.size() > rotate_bytes_;
    rotated = full && rotate();
    if (size_ == 0) born_ = place_.now();
    if (!mend()) return lose(lines);
    const std::string told = untold_ > 0 ? lost_line(time, untold_, errno_.load()) : "";
    const std::size_t taken = told.empty() ? put(lines) : put(told + std::string{lines}, told.size());
    if (taken > told.size()) untold_ = 0;
    const std::size_t lines_taken = taken - std::min(taken, told.size());
    if (lines_taken < lines.size()) return lose(lines.substr(lines_taken));
    errno_.store(0);
  }
  if (rotated) remove_old();
}

void EventFile::tick() {
  if (rotate_interval_.count() == 0) return;
  bool rotated = false;
  {
    const std::lock_guard lock{mutex_};
    const Timestamp now = place_.now();
    const auto interval_of = [this](Timestamp t) { return t.time_since_epoch() / rotate_interval_; };
    rotated = size_ > 0 && interval_of(now) > interval_of(born_) && rotate();
  }
  if (rotated) remove_old();
}

Result<void> EventFile::reopen() {
  const std::lock_guard lock{mutex_};
  return reopen_locked();
}

Result<void> EventFile::reopen_locked() {
  mend();
  auto file = place_.open();
  if (!file) return tl::unexpected(file.error());
  if (auto repaired = repair(*file); !repaired) return tl::unexpected(repaired.error());
  start_with(std::move(*file));
  return {};
}

bool EventFile::is_at_its_name() const {
  struct stat ours {
  }, named{};
  return ::fstat(file_.get(), &ours) == 0 &&
         ::fstatat(place_.directory, name_.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 && ours.st_dev == named.st_dev &&
         ours.st_ino == named.st_ino;
}

/// Gives the file a name of its own, and begins another. Names go on when the time of day goes back, and never replace
/// a file. True when one more file was rotated.
bool EventFile::rotate() {
  const Timestamp now = place_.now();
  if (now < not_before_ && not_before_ - now <= kRetry) return false;
  if (!mend()) return false;
  if (!is_at_its_name()) return static_cast<void>(reopen_locked()), false;  // somebody else was faster
  const Timestamp when = std::max(now, last_rotation_ + std::chrono::microseconds(1));
  const std::string rotated = rotated_name(when);
  const auto rename = [this](const std::string& from, const std::string& to) {
    constexpr unsigned kNoReplace = 1;  // RENAME_NOREPLACE of <linux/fs.h>
    return ::syscall(SYS_renameat2, place_.directory, from.c_str(), place_.directory, to.c_str(), kNoReplace) == 0;
  };
  const bool renamed = rename(name_, rotated);
  if (renamed && reopen_locked()) {
    rotate_errno_.store(0);
    last_rotation_ = when;
    ++rotated_;
    return true;
  }
  rotate_errno_.store(errno == 0 ? EIO : errno);
  not_before_ = now + kRetry;
  if (renamed) rename(rotated, name_);
  return false;
}

/// Without the lock: removing a large file takes its time.
void EventFile::remove_old() {
  if (keep_ > 0) removed_ += remove_rotated_files(place_.directory, keep_);
}

/// How much of `lines` is there, in whole lines, and nothing where it is not more than `least` bytes; errno_ says why
/// it is not all.
std::size_t EventFile::put(std::string_view lines, std::size_t least) {
  std::size_t taken = 0;
  int error = 0;
  while (taken < lines.size() && error == 0) {
    const ssize_t n = ::write(file_.get(), lines.data() + taken, lines.size() - taken);
    if (n >= 0) taken += static_cast<std::size_t>(n);
    if (n < 0 && errno != EINTR) error = errno;
  }
  if (taken > 0) size_ = static_cast<std::uint64_t>(std::max<off_t>(::lseek(file_.get(), 0, SEEK_CUR), 0));
  if (error == 0) return taken;
  errno_.store(error);
  int none = 0;
  first_errno_.compare_exchange_strong(none, error);
  std::size_t whole = lines.substr(0, taken).rfind('\n') + 1;  // npos + 1 is 0
  if (whole <= least) whole = 0;
  if (whole < taken) whole_ = size_ - (taken - whole);
  mend();
  return whole;
}

/// Cuts off what a failed write left of a line. False while that fails: nothing may be written behind it.
bool EventFile::mend() {
  if (!whole_) return true;
  if (::ftruncate(file_.get(), static_cast<off_t>(*whole_)) != 0) return false;
  size_ = *whole_;
  whole_.reset();
  return true;
}

void EventFile::lose(std::string_view lines) {
  const std::uint64_t count = lines_in(lines);
  lost_ += count;
  untold_ += count;
}

EventFile::Totals EventFile::totals() const {
  return {.lost = lost_.load(), .rotated = rotated_.load(), .removed = removed_.load()};
}

std::optional<Error> EventFile::trouble() const {
  if (const int error = errno_.load(); error != 0) {
    return Error{fmt::format("{}: events cannot be written, and are dropped until they can: {}{}", place_.path,
                             os_error(error), advice(error))};
  }
  if (const int error = rotate_errno_.load(); error != 0) {
    return Error{fmt::format("{}: cannot be rotated, and goes on growing: {}", place_.path, os_error(error))};
  }
  return std::nullopt;
}

std::optional<Error> EventFile::loss() const {
  const std::uint64_t lines = lost_.load();
  if (lines == 0) return std::nullopt;
  const int error = first_errno_.load();
  return Error{fmt::format("{}: {} lines of events were lost, because they could not be written: {}{}", place_.path,
                           lines, os_error(error), advice(error))};
}

}  // namespace unspool
