// The program while it runs: fed through a pipe, sent signals, looked at from outside.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "program.h"
#include "support/capture_file.h"

namespace unspool::test {

/// Whether `true_at_last` becomes true within `limit`; asked again and again.
bool soon(const std::function<bool()>& true_at_last, std::chrono::milliseconds limit = std::chrono::seconds(10));

/// Reads standard input until that is closed. In a session of its own: no terminal controls it.
class Running {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;
  explicit Running(const std::vector<std::string>& words, const Environment& environment = {});
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  /// Kills it if it still runs.
  ~Running();

  pid_t pid() const { return pid_; }
  void feed(const std::string& bytes) const;
  /// The same as far as it takes them before it ends.
  void feed_what_it_takes(const std::string& bytes) const;
  void signal(int number) const;
  void close_input();
  bool has_ended();
  /// What it said on standard error so far.
  std::string err() const { return content(err_); }
  /// Closes its standard input, and waits for its end.
  Outcome end();

 private:
  ScratchFolder scratch_;
  const std::string out_ = scratch_.path("out"), err_ = scratch_.path("err");
  pid_t pid_ = -1;
  int input_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

}  // namespace unspool::test
