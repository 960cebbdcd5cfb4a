#include "case_table.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace unspool::test {
namespace {

constexpr std::string_view kExpectations[] = {"told",      "steps",   "times",  "origins", "conflicts",
                                              "anomalies", "unacked", "spread", "memory"};

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in{text};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// A line, with those that go on from it.
struct Line {
  int number = 0;
  bool indented = false;
  std::string key, text;
};

std::vector<Line> lines_of(const std::string& path) {
  constexpr std::size_t kGoesOn = 4;  // so many spaces or more
  std::ifstream in{path};
  std::vector<Line> lines;
  int number = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string::npos || text[begin] == '#') continue;
    if (begin >= kGoesOn && !lines.empty()) {
      lines.back().text += (lines.back().text.empty() ? "" : " ") + text.substr(begin);
      continue;
    }
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::size_t rest = std::min(text.find_first_not_of(' ', end), text.size());
    lines.push_back({number, begin > 0, text.substr(begin, end - begin), text.substr(rest)});
  }
  return lines;
}

}  // namespace

CaseTable read_case_table(const std::string& path) {
  CaseTable table;
  Take next;  // what is said before its script
  for (const Line& line : lines_of(path)) {
    const auto wrong = [&](const char* what) { table.errors.emplace_back(line.number, what); };
    if (!line.indented && line.key == "strict") {
      table.settings = words_of(line.text);
      continue;
    }
    if (!line.indented) {
      table.cases.push_back({.id = line.key, .title = line.text, .line = line.number, .takes = {}});
      continue;
    }
    if (table.cases.empty()) {
      wrong("stands before the first case");
      continue;
    }
    auto& takes = table.cases.back().takes;
    if (line.key == "with") {
      next.settings = words_of(line.text);
    } else if (line.key == "enough") {
      next.enough = std::stoull(line.text);
    } else if (line.key == "play") {
      next.script = line.text;
      takes.push_back(std::exchange(next, {}));
    } else if (std::find(std::begin(kExpectations), std::end(kExpectations), line.key) != std::end(kExpectations)) {
      if (takes.empty()) wrong("nothing was played");
      if (!takes.empty()) takes.back().expected.push_back({line.key, line.text, line.number});
    } else if (line.key != "why") {
      wrong("no such word");
    }
  }
  return table;
}

}  // namespace unspool::test
