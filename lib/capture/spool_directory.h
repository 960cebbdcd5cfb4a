// A directory in which captures arrive: which files are complete, and which of them is the next one.
#pragma once

#include <dirent.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>

#include "base/error.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "capture/block.h"
#include "settings/settings.h"

namespace unspool {

/// What tells a file from another one that has its name later.
struct FileIdentity {
  std::uint64_t inode = 0, size = 0;
  std::int64_t modified = 0;  // nanoseconds since 1970
  bool operator==(const FileIdentity&) const = default;
};

struct SpoolFile {
  Timestamp first{};  // time stamp of its first packet; where it has none, when it was written last
  std::string name;   // in the directory
  FileIdentity identity;
  auto operator<=>(const SpoolFile& other) const { return std::tie(first, name) <=> std::tie(other.first, other.name); }
};

/// A file is complete when whoever wrote it has closed it, or it was moved or linked there, and nobody has it open for
/// writing (which the kernel tells those who own it, or may anything; not of network file systems). Hidden ones, those
/// that end in .tmp, .part or .partial, and those that the pattern does not name are left alone.
class SpoolDirectory {
 public:
  /// `settings` outlives it. Errors name the directory.
  static Result<std::unique_ptr<SpoolDirectory>> open(const SpoolSettings& settings);
  SpoolDirectory(const SpoolDirectory&) = delete;
  SpoolDirectory& operator=(const SpoolDirectory&) = delete;

  /// Before look(): files for which `is_known` says so are passed over; `gone` hears of names that are no longer there.
  void tell(std::function<bool(const SpoolFile&)> is_known, std::function<void(const std::string&)> gone);

  /// Becomes readable when something has happened since the last look().
  int readable_fd() const { return events_.get(); }
  /// Takes in what has happened and what is there, a part at a time: true while there is more, and take() is too early.
  bool look();
  /// The complete file whose first packet is the earliest; of equal ones the first by name. It may be gone by now.
  std::optional<SpoolFile> take();
  /// Names held.
  std::size_t waiting() const { return queue_.size(); }
  /// The directory was moved or deleted: nothing more will come.
  bool is_gone() const { return is_gone_; }

  /// Of the directory itself, open as long as this.
  int fd() const { return directory_.get(); }
  std::string path(const std::string& name) const;
  /// As the file is now; nothing when it is no regular file any more.
  std::optional<FileIdentity> identity(const std::string& name) const;

 private:
  explicit SpoolDirectory(const SpoolSettings& settings) : settings_{settings} {}
  void read_events();
  void heard(std::uint32_t mask, const std::string& name);
  bool scan();
  bool is_wanted(const std::string& name) const;
  bool is_linked(const std::string& name) const;
  void consider(const std::string& name);
  void queue(SpoolFile file);
  void forget(const std::string& name);

  struct Close {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };

  const SpoolSettings& settings_;
  std::function<bool(const SpoolFile&)> is_known_;
  std::function<void(const std::string&)> gone_;
  Fd directory_, events_;
  BlockPool pool_;                    // for looks at files
  std::unique_ptr<DIR, Close> scan_;  // while what is there is taken in
  bool must_scan_ = true;
  std::set<SpoolFile> queue_;
  std::unordered_map<std::string, std::set<SpoolFile>::const_iterator> by_name_;  // of queue_
  std::optional<SpoolFile> left_out_;  // the first of those for which there was no room: it and all behind it wait
  bool has_own_leases_ = false;
  bool is_gone_ = false;
};

}  // namespace unspool
