#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "plugin/session.h"

namespace unspool::test {
namespace {

/// Names of all values from 0 to `last`, each of them a word that can stand in JSON and in YAML.
template <class Enum>
std::string names_to(Enum last) {
  std::set<std::string_view> distinct;
  std::string all;
  for (std::uint8_t value = 0; value <= static_cast<std::uint8_t>(last); ++value) {
    const std::string_view word = name(static_cast<Enum>(value));
    EXPECT_TRUE(distinct.insert(word).second) << word << " twice";
    EXPECT_FALSE(word.empty()) << int{value};
    EXPECT_TRUE(std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }))
        << word;
    all.append(word).append(" ");
  }
  return all;
}

// Users' filters hold these words.
TEST(Names, AreTheDocumentedOnes) {
  EXPECT_EQ(names_to(Side::server), "client server ");
  EXPECT_EQ(names_to(Cause::end), "capture_drop snaplen not_captured limit one_sided before_capture end ");
  EXPECT_EQ(names_to(Ending::capture_end), "closed reset rejected reused idle evicted shutdown capture_end ");
  EXPECT_EQ(names_to(Roles::first_sender), "syn syn_ack port first_sender ");
}

}  // namespace
}  // namespace unspool::test
