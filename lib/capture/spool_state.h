// What was read of a spool directory, kept in a file, so that the next run goes on behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/error.h"
#include "base/file.h"
#include "capture/spool_directory.h"

namespace unspool {

/// Of files that are still in the directory; about 50 bytes each.
class SpoolState {
 public:
  /// Reads `path`, where there is such a file, and writes it anew without what `directory`, which outlives this, does
  /// not have any more. Lines that make no sense, as a crash leaves one, are passed over.
  static Result<std::unique_ptr<SpoolState>> open(std::string path, const SpoolDirectory& directory);

  /// Whether this very file was added.
  bool has(const SpoolFile& file) const;
  /// The record up to which it was read when the last run was stopped.
  std::optional<std::uint64_t> record_of(const SpoolFile& file) const;
  /// Read to its end, or found to be bad. An error when it cannot be written down: it is known in this run only.
  Result<void> add(const SpoolFile& file);
  /// The same, for this run only.
  void add_for_now(const SpoolFile& file);
  /// Read up to this record, and stopped there.
  Result<void> add_part(const SpoolFile& file, std::uint64_t record);
  /// No such file is in the directory any more.
  void forget(const std::string& name);

 private:
  SpoolState(std::string path, const SpoolDirectory& directory) : path_{std::move(path)}, directory_{directory} {}
  Result<void> load();
  void read_line(std::string_view line, std::string& kept);
  Result<void> write_anew(std::string_view lines);
  Result<void> append(std::string_view line);

  struct Part {
    SpoolFile file;
    std::uint64_t record = 0;
  };

  std::string path_;
  const SpoolDirectory& directory_;
  Fd file_;
  std::unordered_map<std::uint64_t, std::uint64_t> known_;  // hash of a name -> hash of what had it
  std::optional<Part> part_;
  std::size_t lines_ = 0;     // in the file
  bool is_line_cut_ = false;  // the last one, by a write that failed
};

}  // namespace unspool
