#include "base/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace unspool {
namespace {

using namespace std::string_view_literals;

std::string written(std::string_view text) {
  std::string out;
  JsonWriter{out}.value(text);
  return out;
}

template <class T>
std::string number(T value) {
  std::string out;
  JsonWriter{out}.value(value);
  return out;
}

TEST(Json, CommasComeByThemselves) {
  std::string out = "before ";
  JsonWriter json{out};
  json.begin_object().member("a", 1).key("b").begin_array().value(true).value(false).begin_object().end_object();
  json.begin_array()
      .end_array()
      .value("x")
      .end_array()
      .member("c", "y")
      .key("d")
      .begin_object()
      .member("e", 2)
      .end_object();
  json.end_object();
  EXPECT_EQ(out, R"(before {"a":1,"b":[true,false,{},[],"x"],"c":"y","d":{"e":2}})");
}

TEST(Json, Numbers) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(-1), "-1");
  EXPECT_EQ(number(std::uint8_t{255}), "255");
  EXPECT_EQ(number(std::int8_t{-128}), "-128");
  EXPECT_EQ(number('a'), "97");
  EXPECT_EQ(number(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(number(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
}

TEST(Json, HostileText) {
  struct Row {
    const char* what;
    std::string_view text;
    std::string_view expected;
  };
  const Row rows[] = {
      {"nothing", ""sv, R"("")"},
      {"plain", "GET / HTTP/1.1"sv, R"("GET / HTTP/1.1")"},
      {"quotes and backslashes", R"(a"b\c)"sv, R"("a\"b\\c")"},
      {"a line that would begin another", "a\r\n{\"event_type\":1}\t"sv, R"("a\r\n{\"event_type\":1}\t")"},
      {"control characters", "\x00\x01\x1f\x7f"sv, R"("\u0000\u0001\u001f\u007f")"},
      {"an escape sequence for terminals", "\x1b[2J"sv, R"("\u001b[2J")"},
      {"UTF-8 of two, three and four bytes", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"sv,
       "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
      {"the last of each length", "\xdf\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf"sv, "\"\xdf\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf\""},
      {"control characters of U+0080 to U+009F", "\xc2\x80\xc2\x9f\xc2\xa0"sv,
       "\"\\\\xc2\\\\x80\\\\xc2\\\\x9f\xc2\xa0\""},
      {"bytes that begin nothing", "\x80\xbf\xc0\xc1\xf5\xff"sv, R"("\\x80\\xbf\\xc0\\xc1\\xf5\\xff")"},
      {"longer than need be", "\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf"sv,
       R"("\\xc0\\xaf\\xe0\\x80\\xaf\\xf0\\x80\\x80\\xaf")"},
      {"a surrogate", "\xed\xa0\x80"sv, R"("\\xed\\xa0\\x80")"},
      {"beyond U+10FFFF", "\xf4\x90\x80\x80"sv, R"("\\xf4\\x90\\x80\\x80")"},
      {"cut in a character", "\xe2\x82"sv, R"("\\xe2\\x82")"},
      {"the first byte of two, then a quote", "\xc3\""sv, R"("\\xc3\"")"},
      {"the first bytes of four, then plain", "\xf0\x9f\x98z"sv, R"("\\xf0\\x9f\\x98z")"},
  };
  for (const Row& row : rows) EXPECT_EQ(written(row.text), row.expected) << row.what;
}

/// What stands behind the first `n` characters of a long text that was written.
std::string written_behind(std::size_t n, const std::string& text) { return written(text).substr(1 + n); }

TEST(Json, LongTextIsCutAtACharacter) {
  constexpr std::size_t kMost = JsonWriter::kLongest;
  const std::string most(kMost, 'a'), less(kMost - 1, 'a');
  EXPECT_EQ(written_behind(kMost, most), "\"");
  EXPECT_EQ(written_behind(kMost, most + "b"), "\xe2\x80\xa6\"");
  EXPECT_EQ(written_behind(kMost - 1, less + "\xe2\x82\xac" + "b"), "\xe2\x82\xac\xe2\x80\xa6\"");
  EXPECT_EQ(written_behind(kMost - 1, less + "\xe2\x82\xac"), "\xe2\x82\xac\"") << "nothing was cut off";
  EXPECT_EQ(written(std::string(100'000, '\0')).size(), kMost * 6 + 5);
}

}  // namespace
}  // namespace unspool
