// A thread of another process that stands still: stuck, as the rest of the process sees it.
#pragma once

#include <sys/types.h>

#include <string>

namespace unspool::test {

/// The id of a process's thread of this name; 0 when there is none.
pid_t thread_of(pid_t process, const std::string& name);

/// Moves on when this goes.
class Frozen {
 public:
  Frozen(pid_t process, const std::string& thread);
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;
  ~Frozen() { let_go(); }

  /// Whether it could be frozen; ptrace(2) is not allowed everywhere.
  bool is_frozen() const { return thread_ != 0; }
  void let_go();
  /// To be asked while the process is waited for: it is not gone while nobody has heard of this thread's end.
  void see_off() const;

 private:
  pid_t thread_ = 0;
};

}  // namespace unspool::test
