// The directory that a run leaves its results in: events.json, transfers/<host>/, and while it runs partial/ and .lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace unspool {

/// One process has it at a time. Errors name the path, and say what to do.
class OutputDirectory {
 public:
  /// What to do about an earlier run in it: nothing is done, and it is an error; what it left is removed; it is added
  /// to.
  enum class Reuse : std::uint8_t { refuse, replace, append };

  /// Makes the directory where it is missing, locks it, and settles what a crash left in partial/: such files become
  /// transfers that end in ".incomplete". Other files in the directory are left alone.
  static Result<std::unique_ptr<OutputDirectory>> open(std::string path, Reuse reuse);
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;
  /// Removes partial/ when it is empty, and unlocks.
  ~OutputDirectory();

  /// events.json, for reading and writing, made where it is missing.
  Result<Fd> open_events() const;

  /// As it was given, without slashes at its end.
  const std::string& path() const { return path_; }
  /// An O_PATH descriptor of the directory, open as long as this.
  int root() const { return root_.get(); }
  /// Transfers that an earlier run left unfinished, and that were settled.
  std::uint64_t settled() const { return settled_; }

 private:
  explicit OutputDirectory(std::string path) : path_{std::move(path)} {}
  Result<void> make();
  Result<void> lock();
  Result<void> reuse(Reuse how);
  Result<void> remove_earlier_run();
  void settle();
  std::string in(std::string_view name) const;

  std::string path_;
  Fd root_;
  Fd lock_;
  std::uint64_t settled_ = 0;
};

}  // namespace unspool
