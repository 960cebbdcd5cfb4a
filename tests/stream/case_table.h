// The table of cases: cases.txt, which says at its top how it is written.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace unspool::test {

/// One script, and what is expected of it.
struct Take {
  std::vector<std::string> settings;  // "key.path=YAML", on top of the table's own
  std::string script;
  std::optional<std::uint64_t> enough;
  /// What is told, by kind ("told", "steps" ...), and where that stands.
  struct Expected {
    std::string kind, text;
    int line = 0;
  };
  std::vector<Expected> expected;
};

struct TableCase {
  std::string id, title;
  int line = 0;
  std::vector<Take> takes;
};

struct CaseTable {
  std::vector<std::string> settings;  // of all rows
  std::vector<TableCase> cases;
  std::vector<std::pair<int, std::string>> errors;  // line, what
};
CaseTable read_case_table(const std::string& path);

}  // namespace unspool::test
