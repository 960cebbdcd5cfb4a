// The 217 cases of TCP reassembly that unspool was specified with, each played as frames through the whole pipeline at
// four initial sequence numbers of both sides. What they say stands in cases.txt.
//
// UNSPOOL_CASE=gap-10 plays that one alone.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

#include "case_table.h"
#include "pipeline_script.h"
#include "settings/yaml.h"
#include "support/source_tree.h"

namespace unspool::test {
namespace {

/// How many there are of each group, numbered from 01 on.
const std::map<std::string, unsigned> kGroups{
    {"close", 30}, {"convo", 16},   {"gap", 22},   {"ip", 19},     {"limit", 8}, {"mid", 11},   {"open", 22},
    {"order", 12}, {"overlap", 29}, {"probe", 17}, {"rexmit", 12}, {"time", 4},  {"urgent", 7}, {"wrap", 8}};
constexpr unsigned kCases = 217;

/// Each of the four numbers at either side; and which of the two has the lower address must be no matter.
struct Place {
  Isns isns;
  bool client_is_low;
};
constexpr Place kPlaces[] = {
    {{0, 4294967285U}, true}, {{1, 0}, false}, {{4294967295U, 1}, true}, {{4294967285U, 4294967295U}, false}};

std::string path_of_table() { return source_tree() / "tests/stream/cases.txt"; }

std::set<std::string> ids() {
  std::set<std::string> all;
  for (const auto& [group, count] : kGroups) {
    for (unsigned i = 1; i <= count; ++i) all.insert(fmt::format("{}-{:02}", group, i));
  }
  return all;
}

Settings settings_of(const CaseTable& table, const Take& take) {
  Settings settings;
  for (const auto* assignments : {&table.settings, &take.settings}) {
    for (const std::string& assignment : *assignments) {
      const auto applied = apply_setting(settings, assignment, {});
      EXPECT_TRUE(applied) << assignment << ": " << applied.error().front().what;
    }
  }
  return settings;
}

std::string told(const PipelineScript& played, const std::string& kind) {
  if (kind == "told") return played.told();
  if (kind == "steps") return played.by_step();
  if (kind == "times") return played.times();
  if (kind == "origins") return played.origins();
  if (kind == "conflicts") return played.conflicts();
  if (kind == "anomalies") return std::to_string(played.anomalies());
  if (kind == "spread") return played.spread();
  if (kind == "memory") return played.memory();
  return played.unacknowledged();
}

/// Whether all was told as expected.
bool play(const CaseTable& table, const TableCase& row, const Take& take, const Place& place) {
  PipelineScript played{settings_of(table, take), place.isns, place.client_is_low, take.enough.value_or(UINT64_MAX)};
  played.play(take.script);
  played.end();
  bool right = true;
  for (const auto& [kind, text, line] : take.expected) {
    const std::string said = told(played, kind);
    if (said == text) continue;
    right = false;
    ADD_FAILURE_AT("cases.txt", line) << fmt::format("{} at isn {} and {}, {}:\n  {}\ninstead of\n  {}", row.id,
                                                     place.isns[0], place.isns[1], kind, said, text);
  }
  return right;
}

TEST(Cases, AreAllThereOnce) {
  const CaseTable table = read_case_table(path_of_table());
  for (const auto& [line, what] : table.errors) ADD_FAILURE_AT("cases.txt", line) << what;
  std::set<std::string> missing = ids();
  ASSERT_EQ(missing.size(), kCases);
  for (const TableCase& row : table.cases) {
    if (missing.erase(row.id) == 0) ADD_FAILURE_AT("cases.txt", row.line) << row.id << " is double, or no case";
    EXPECT_FALSE(row.title.empty()) << row.id;
    EXPECT_FALSE(row.takes.empty()) << row.id;
    for (const Take& take : row.takes) EXPECT_FALSE(take.expected.empty()) << row.id << " expects nothing";
  }
  EXPECT_TRUE(missing.empty()) << fmt::format("missing: {}", fmt::join(missing, " "));
}

TEST(Cases, AreToldAsTheTableSays) {
  const CaseTable table = read_case_table(path_of_table());
  const char* const only = std::getenv("UNSPOOL_CASE");
  unsigned cases = 0, failures = 0;
  for (const TableCase& row : table.cases) {
    if (only != nullptr && row.id != only) continue;
    ++cases;
    for (const Place& place : kPlaces) {
      bool right = true;
      for (const Take& take : row.takes) right = play(table, row, take, place) && right;
      failures += right ? 0 : 1;
    }
  }
  fmt::print("{} cases x {}, {} failures\n", cases, std::size(kPlaces), failures);
  EXPECT_EQ(cases, only != nullptr ? 1U : kCases);
}

}  // namespace
}  // namespace unspool::test
