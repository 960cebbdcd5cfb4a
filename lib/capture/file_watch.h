// A file that somebody else may be writing to: when it is worth reading on, and when nothing more will come.
#pragma once

#include "base/error.h"
#include "base/file.h"

namespace unspool {

class FileWatch {
 public:
  /// `file` stays open as long as the watch. The error is put behind the file's name.
  static Result<FileWatch> on(const Fd& file);

  /// Becomes readable when something has happened since the last look().
  int readable_fd() const { return events_.get(); }
  /// Takes in what has happened. What is written after it is told of by readable_fd().
  void look();
  /// As of the last look(): the file was renamed or deleted, and whoever wrote to it since has closed it.
  bool is_left() const { return is_gone_ && !is_written_; }

 private:
  FileWatch(int file, Fd events) : file_{file}, events_{std::move(events)} {}

  int file_;
  Fd events_;
  bool is_gone_ = false;
  bool is_written_ = false;  // since it was closed last
};

}  // namespace unspool
