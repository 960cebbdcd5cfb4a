// Captures that arrive in a directory, read one after another, for as long as the run lasts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "capture/source.h"
#include "capture/spool_directory.h"
#include "capture/spool_state.h"

namespace unspool {

/// Hears what happens, on the loop, within next().
class SpoolListener {
 public:
  SpoolListener() = default;
  SpoolListener(const SpoolListener&) = delete;
  SpoolListener& operator=(const SpoolListener&) = delete;
  virtual ~SpoolListener() = default;

  /// Packets of this number come from here from now on. Numbers are used again after 65,535 files.
  virtual void on_file(std::uint16_t source, const std::string& path, Timestamp first) = 0;
  /// A file ends inside a record: all before it was read.
  virtual void on_cut_file(const std::string& what) = 0;
  /// A file is no capture, or corrupt from somewhere on. `moved_to` is empty where it stays.
  virtual void on_bad_file(const std::string& path, const std::string& what, const std::string& moved_to) = 0;
  /// Something could not be done, and the run goes on without.
  virtual void on_trouble(const std::string& what) = 0;
};

/// The files of a SpoolDirectory in its order, each once, also over several runs. Idle when there is none; ends only
/// when the directory is gone.
class SpoolSource : public Source {
 public:
  /// Watches from here on. Both outlive it. Errors are for the operator.
  static Result<std::unique_ptr<SpoolSource>> open(const SpoolSettings& settings, BlockPool& pool);
  /// Before the first next(), as whoever it will run as: what was read stands in the file `state_path`. Makes the
  /// directories that files are moved to.
  Result<void> start(const std::string& state_path, SpoolListener& listener);

  State next(Packet& packet) override;
  int readable_fd() const override;
  Progress progress() const override;
  SourceEnd end() const override { return end_; }
  /// All that was given out has been taken: notes how far the file at hand was read.
  Result<void> stop();

  struct Totals {
    std::uint64_t read = 0, bad = 0;  // files; read to their end, or set aside
  };
  const Totals& totals() const { return totals_; }
  /// Files that are known to wait.
  std::size_t waiting() const { return directory_->waiting(); }

 private:
  SpoolSource(const SpoolSettings& settings, BlockPool& pool, std::unique_ptr<SpoolDirectory> directory);
  State begin();
  void open_file(std::uint64_t offset);
  State ended();
  void done();
  void bad(const std::string& what);
  std::string move_to(const std::string& directory);
  void check(const Result<void>& result);

  const SpoolSettings& settings_;
  BlockPool& pool_;
  std::unique_ptr<SpoolDirectory> directory_;
  std::unique_ptr<SpoolState> state_;
  SpoolListener* listener_ = nullptr;
  Fd always_;                           // readable
  bool is_busy_ = true;                 // idle only to let others have their turn
  SpoolFile file_;                      // at hand
  std::unique_ptr<Source> current_;     // null between files
  std::optional<std::uint64_t> again_;  // this record of the file was read by an earlier run
  std::optional<std::uint64_t> last_;   // record given out
  std::uint16_t index_ = UINT16_MAX - 1;
  Totals totals_;
  std::uint64_t bytes_ = 0;     // of files before the one at hand
  bool is_state_lost_ = false;  // said already
  SourceEnd end_;
};

}  // namespace unspool
