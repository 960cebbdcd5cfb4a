#include "program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "support/capture_file.h"

namespace unspool::test {

namespace fs = std::filesystem;

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Outcome unspool(const std::vector<std::string>& words, const std::string& input, const std::string& in_directory) {
  const ScratchFolder scratch;
  const std::string out = scratch.path("out"), err = scratch.path("err");
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
    if (!in_directory.empty() && ::chdir(in_directory.c_str()) != 0) ::_exit(126);
    std::vector<char*> arguments{const_cast<char*>("unspool")};
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execv(UNSPOOL_BINARY, arguments.data());
    ::_exit(127);
  }
  ::close(ends[0]);
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  std::size_t written = 0;
  while (written < input.size()) {
    const ssize_t n = ::write(ends[1], input.data() + written, input.size() - written);
    if (n <= 0) break;  // it stopped reading: the test sees why
    written += static_cast<std::size_t>(n);
  }
  ::close(ends[1]);
  ::signal(SIGPIPE, old);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = content(out),
          .err = content(err)};
}

std::vector<std::string> tree(const std::string& directory) {
  std::vector<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = fs::relative(entry.path(), directory).string();
    if (name.starts_with("transfers/") || name.starts_with("partial/"))
      lines.push_back(fmt::format("{} {}", name, entry.file_size()));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> lines_with(const std::string& path, const std::string& part) {
  std::vector<std::string> found;
  std::istringstream all{content(path)};
  for (std::string line; std::getline(all, line);) {
    if (line.find(part) != std::string::npos) found.push_back(line);
  }
  return found;
}

}  // namespace unspool::test
