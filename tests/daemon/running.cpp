#include "running.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

namespace unspool::test {

bool soon(const std::function<bool()>& true_at_last, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!true_at_last()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

Running::Running(const std::vector<std::string>& words, const Environment& environment) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::setsid();
    ::dup2(ends[0], STDIN_FILENO);
    ::dup2(::open(out_.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
    ::dup2(::open(err_.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    std::vector<char*> arguments{const_cast<char*>("unspool")};
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execv(UNSPOOL_BINARY, arguments.data());
    ::_exit(127);
  }
  ::close(ends[0]);
  input_ = ends[1];
}

Running::~Running() {
  if (!ended_) signal(SIGKILL);
  end();
}

void Running::feed(const std::string& bytes) const {
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(::write(input_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  ::signal(SIGPIPE, old);
}

void Running::feed_what_it_takes(const std::string& bytes) const {
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = ::write(input_, bytes.data() + at, bytes.size() - at);
    if (n <= 0) break;
    at += static_cast<std::size_t>(n);
  }
  ::signal(SIGPIPE, old);
}

void Running::signal(int number) const { EXPECT_EQ(::kill(pid_, number), 0); }

void Running::close_input() {
  if (input_ >= 0) ::close(std::exchange(input_, -1));
}

bool Running::has_ended() {
  if (!ended_ && ::waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
  return ended_;
}

Outcome Running::end() {
  close_input();
  if (!ended_) {
    EXPECT_EQ(::waitpid(pid_, &status_, 0), pid_);
    ended_ = true;
  }
  return {.exit_code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_),
          .out = content(out_),
          .err = content(err_)};
}

}  // namespace unspool::test
