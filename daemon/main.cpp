#include <cstdio>
#include <exception>

#include "daemon/exit_code.h"
#include "daemon/run.h"

int main(int count, char** words) try {
  const auto parsed = unspool::parse_command_line({words + 1, words + count});
  if (parsed.command_line) return unspool::run(*parsed.command_line);
  std::fputs(parsed.text.c_str(), parsed.exit_code == unspool::kFine ? stdout : stderr);
  return parsed.exit_code;
} catch (const std::exception& error) {
  std::fprintf(stderr, "unspool: %s\n", error.what());
  return unspool::kFailedOnTheWay;
}
