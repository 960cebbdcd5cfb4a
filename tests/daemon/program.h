// Runs the program as a user does, and keeps what it said and left.
#pragma once

#include <string>
#include <vector>

namespace unspool::test {

struct Outcome {
  int exit_code = -1;  // 128 + the signal that ended it
  std::string out, err;
};

/// `words` behind the program's name. `input` comes through a pipe on standard input.
Outcome unspool(const std::vector<std::string>& words, const std::string& input = {},
                const std::string& in_directory = {});

/// What an output directory holds, a line each, sorted: "transfers/10.0.0.1/...---client.raw 3".
std::vector<std::string> tree(const std::string& directory);
std::string content(const std::string& path);
/// The lines of a file that hold `part`.
std::vector<std::string> lines_with(const std::string& path, const std::string& part);

}  // namespace unspool::test
