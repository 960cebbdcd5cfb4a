// A network of its own for one test, and the program listening there.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "program.h"
#include "support/capture_file.h"
#include "support/dialog.h"

namespace unspool::test {

/// While it lives, this process and those that it starts are in a new network namespace, with no interface up.
class Network {
 public:
  Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network();

  /// Why there is none here; empty: there is one.
  static std::string missing();
  /// Two interfaces that are the ends of one cable, both up. Neither has an address.
  void cable(const std::string& one, const std::string& other) const;
  /// ip(8), which must succeed.
  void ip(const std::string& words) const;
  /// Sends frames out of an interface, `apart` from each other.
  void send(const std::string& interface, const std::vector<std::string>& frames,
            std::chrono::microseconds apart = {}) const;
  void send(const std::string& interface, const Stamped& packets, std::chrono::microseconds apart = {}) const;

 private:
  int before_ = -1;  // the namespace to go back to
};

/// Is ready, or has ended, when it is made; is ended, if need be, when it goes.
class Listening {
 public:
  struct User {
    unsigned id = 0;
  };
  explicit Listening(const std::vector<std::string>& words, User user = {0}, const std::string& in_directory = {});
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening();

  /// READY=1 came, as systemd would hear it.
  bool is_ready() const { return ready_; }
  pid_t pid() const { return child_; }
  void signal(int number) const;
  /// By SIGTERM.
  Outcome stop();
  Outcome wait();
  /// By all its threads, so far: how often they gave up the CPU, and how long they had it.
  struct Spent {
    long switches = 0;
    std::chrono::nanoseconds cpu{};
  };
  Spent spent() const;
  std::string err() const { return content(scratch_.path("err")); }

 private:
  ScratchFolder scratch_;
  pid_t child_ = -1;
  bool ready_ = false;
};

/// Whether `condition` comes true within `limit`.
bool comes_true(const std::function<bool()>& condition, std::chrono::milliseconds limit = std::chrono::seconds(10));

}  // namespace unspool::test
