#include "frozen.h"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <filesystem>
#include <utility>

#include "program.h"

namespace unspool::test {

pid_t thread_of(pid_t process, const std::string& name) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
    if (content(entry.path() / "comm") == name + "\n") return std::stoi(entry.path().filename().string());
  }
  return 0;
}

Frozen::Frozen(pid_t process, const std::string& thread) {
  const pid_t id = thread_of(process, thread);
  if (id == 0 || ::ptrace(PTRACE_SEIZE, id, nullptr, nullptr) != 0) return;
  if (::ptrace(PTRACE_INTERRUPT, id, nullptr, nullptr) == 0 && ::waitpid(id, nullptr, __WALL) == id) thread_ = id;
}

void Frozen::let_go() {
  if (thread_ != 0) ::ptrace(PTRACE_DETACH, std::exchange(thread_, 0), nullptr, nullptr);
}

void Frozen::see_off() const { ::waitpid(thread_, nullptr, __WALL | WNOHANG); }

}  // namespace unspool::test
