// events.json on a disk: whole lines by several threads, rotated by a rename, through disks that fill up and empty
// again.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "settings/settings.h"

namespace unspool {

/// Where events.json stands.
struct EventPlace {
  /// Opens it for reading and writing, and makes it where it is missing. Called again when it was rotated.
  std::function<Result<Fd>()> open;
  /// The directory that it is in, under the last part of `path`; O_PATH is enough. Borrowed. None: it is not rotated.
  int directory = -1;
  /// For messages, and its name.
  std::string path;
  /// The time of day, which says when to rotate and names what was.
  std::function<Timestamp()> now = [] { return std::chrono::system_clock::now(); };
};

/// What may be called from any thread says so; the rest belongs to the thread that made it. The lock is held for one
/// write(2) at a time: the kernel would let no second one in either.
class EventFile {
 public:
  EventFile(EventPlace place, const EventSettings& settings);

  /// Opens the file. A last line that a crash cut is cut off; how many bytes that were.
  Result<std::uint64_t> open();

  /// Appends whole lines: all of them, in one piece, behind whole ones. What a disk does not take is dropped, from the
  /// first line on that does not fit, and counted; the first write that works again begins with a line that tells how
  /// many, dated `time`. Any thread.
  void append(std::string_view lines, Timestamp time);
  /// Rotates a file that is of an interval that is over. To be called about each second. Any thread.
  void tick();
  /// Goes on in what now has the file's name: somebody else has renamed it. On an error it goes on in the old one. Any
  /// thread.
  Result<void> reopen();

  struct Totals {
    std::uint64_t lost = 0;     // lines that were dropped
    std::uint64_t rotated = 0;  // files
    std::uint64_t removed = 0;  // rotated files, because there were more than are kept
  };
  /// Any thread.
  Totals totals() const;
  /// What is wrong with the file at the moment; nothing while all goes well. Any thread.
  std::optional<Error> trouble() const;
  /// What was lost in all, and why it began. Any thread.
  std::optional<Error> loss() const;

 private:
  Result<std::uint64_t> repair(const Fd& file) const;
  Result<void> reopen_locked();
  void start_with(Fd file);
  bool is_at_its_name() const;
  bool rotate();
  void remove_old();
  std::size_t put(std::string_view lines, std::size_t least = 0);
  bool mend();
  void lose(std::string_view lines);

  const EventPlace place_;
  const std::string name_;
  const std::uint64_t rotate_bytes_;
  const std::chrono::milliseconds rotate_interval_;
  const std::size_t keep_;

  std::mutex mutex_;  // guards what follows, up to the atomics
  Fd file_;
  std::uint64_t size_ = 0;  // where the last write ended
  Timestamp born_;          // when its first line was written, or its last where that is not known
  Timestamp last_rotation_ = Timestamp::min(), not_before_ = Timestamp::min();
  std::optional<std::uint64_t> whole_;  // where a line that was cut begins, while it could not be cut off
  std::uint64_t untold_ = 0;            // of the lost lines

  std::atomic<int> errno_{0};  // while writes fail
  std::atomic<int> first_errno_{0};
  std::atomic<int> rotate_errno_{0};  // while rotating fails
  std::atomic<std::uint64_t> lost_{0}, rotated_{0}, removed_{0};
};

}  // namespace unspool
