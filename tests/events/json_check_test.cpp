#include "json_check.h"

#include <gtest/gtest.h>

#include <string>

namespace unspool::test {
namespace {

// A checker that takes everything would make every other test here green.
TEST(JsonCheck, TakesJsonAndNothingElse) {
  for (const std::string_view good :
       {"{}", "[]", "0", "-17", "\"\"", "true", "null", R"({"a":[1,{"b":"c"},[]],"d":{"a":0}})", R"("\u001f\"\\\n")",
        "\"\xc3\xa4 \xe2\x80\xa6 \xf0\x9f\x98\x80\""}) {
    EXPECT_TRUE(is_json(good)) << good;
  }
  for (const std::string_view bad : {
           "",
           "{",
           "}",
           "[1",
           "[1,]",
           "{\"a\":1,}",
           "{\"a\"}",
           "{a:1}",
           "{\"a\":1}{",
           "[1 ,2]",
           "tru",
           "01",
           "-",
           "+1",
           "1.5",
           "\"",
           "\"a",
           "\"\\",
           "\"\\x41\"",
           "\"\\u00g0\"",
           "\"\\u00",
           "{\"a\":1,\"a\":2}",
           "\"\n\"",
           "\"\x1f\"",
           "\"\x7f\"",
           "\"\xc2\x80\"",  // control characters
           "\"\x80\"",
           "\"\xc3\"",
           "\"\xc3\x28\"",
           "\"\xe2\x80",
           "\"\xff\"",  // torn
           "\"\xc0\xaf\"",
           "\"\xe0\x80\xaf\"",
           "\"\xf0\x80\x80\xaf\"",  // longer than need be
           "\"\xed\xa0\x80\"",
           "\"\xf4\x90\x80\x80\"",  // surrogates, past the last
       }) {
    EXPECT_FALSE(is_json(bad)) << bad;
  }
  EXPECT_FALSE(is_json(std::string_view{"\"\0\"", 3}));
}

}  // namespace
}  // namespace unspool::test
