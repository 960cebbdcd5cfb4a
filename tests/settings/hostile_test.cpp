// Texts that are made to cost time and memory, and those that are none.
#include <gtest/gtest.h>

#include <chrono>

#include "settings/told.h"
#include "support/dice.h"

namespace unspool::test {
namespace {

constexpr std::size_t kMebibyte = 1U << 20U;

std::string repeated(std::string_view piece, std::size_t bytes = kMebibyte) {
  std::string all;
  while (all.size() + piece.size() <= bytes) all += piece;
  return all;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// The first error, and whether it took unreasonably long.
std::string told_soon(std::string_view text) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string said = told(text);
  const bool slow = std::chrono::steady_clock::now() - begin > std::chrono::seconds{10};
  return (slow ? "slow: " : "") + first_line(said);
}

TEST(Hostile, MebibytesAreRefusedSoon) {
  struct Row {
    const char* piece;
    const char* expected;
  };
  const Row rows[] = {
      // Of brackets that are never closed, yaml-cpp makes more levels than there are.
      {"[", "f:1:1: a line longer than 16384 bytes"},
      {"x", "f:1:1: a line longer than 16384 bytes"},
      {"a: ", "f:1:1: a line longer than 16384 bytes"},
      {"[\n", "f:17:1: nested deeper than 32"},
      {"{\n", "f:32:1: nested deeper than 32"},
      {"[a: \n", "f:16:2: nested deeper than 32"},
      {"? ? - \n", "f:1:3: a key must be a word"},
      {"- - - - - - - - \n", "f:1:1: needs keys with their values, such as output: /srv/unspool, not a list"},
      {"[]\n", "f:1:1: needs keys with their values, such as output: /srv/unspool, not a list"},
      {"&a\n", "f:2:1: is no YAML: cannot assign multiple anchors to the same node"},
      {"*a\n", "f:1:1: anchors and aliases (&, *) are not taken: write the value out"},
      {"!a\n", "f:2:1: is no YAML: cannot assign multiple tags to the same node"},
      {"\"\n", "f:1:1: this quote is not closed on its line"},
      {"'\n", "f:1:1: this quote is not closed on its line"},
      {"---\n", "f:2:1: text after the end of the document: a file holds one document"},
      {"\n", "defaults"},
      {"#\n", "defaults"},
      {" ", "f:1:1: a line longer than 16384 bytes"},
      {"output: a\n", "f:2:1: output: is given twice"},
  };
  for (const Row& row : rows) EXPECT_EQ(told_soon(repeated(row.piece)), row.expected) << row.piece;
}

TEST(Hostile, AliasBombs) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 100; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below + ", " + below + ", " + below + "]\n";
  }
  EXPECT_EQ(told_soon("output: " + bomb.substr(4)),
            "f:1:9: anchors and aliases (&, *) are not taken: write the value out");
}

TEST(Hostile, OfManyErrorsTheFirstHundredAreTold) {
  std::string keys;
  for (int i = 0; i < 100'000; ++i) keys += "k" + std::to_string(i) + ":\n";
  ASSERT_LT(keys.size(), kMebibyte);
  const auto settings = parse_settings(keys, "f", protocols());
  ASSERT_FALSE(settings);
  ASSERT_EQ(settings.error().size(), 101U);
  EXPECT_EQ(settings.error()[99].what,
            "f:100:1: k99: unknown key (there are output, protocols, capture, pipeline, limits, timeouts, streams, "
            "transfers, "
            "events, process, spool, overload)");
  EXPECT_EQ(settings.error()[100].what, "f: and 32668 errors more");
}

TEST(Hostile, Bounds) {
  EXPECT_EQ(told(repeated("\n")), "defaults");
  EXPECT_EQ(told(repeated("\n") + "\n"), "f:1:1: is larger than 1048576 bytes");
  const std::string begin = "output: a #";
  EXPECT_EQ(told(begin + repeated("x", 16'384 - begin.size())), "output: \"a\"");
  EXPECT_EQ(told(begin + repeated("x", 16'385 - begin.size())), "f:1:1: a line longer than 16384 bytes");
  // The document is a mapping; its value begins the second level.
  EXPECT_EQ(told("output: " + repeated("[", 31) + repeated("]", 31)),
            "f:1:9: output: needs text (\"\" for none), not a list");
  EXPECT_EQ(told("output: " + repeated("[", 32) + repeated("]", 32)), "f:1:40: nested deeper than 32");
  EXPECT_EQ(told_set(repeated("a.", 200'000) + "b=1"),
            "--set \"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.\"...: write key=value, such as streams.grace=50ms");
}

TEST(Hostile, OctetsThatAreNoText) {
  using namespace std::string_literals;
  const std::pair<std::string, const char*> rows[] = {
      {"\x00"s, "f:1:1: octet 0x00 is no text: a configuration is UTF-8"},
      {"output: a\x04\n"s, "f:1:10: octet 0x04 is no text: a configuration is UTF-8"},  // yaml-cpp's end of file
      {"output: a\rb\n"s, "f:1:10: octet 0x0d is no text: a configuration is UTF-8"},
      {"output: a\n  \x7f"s, "f:2:3: octet 0x7f is no text: a configuration is UTF-8"},
      {"output: \xc3"s, "f:1:9: octet 0xc3 is no text: a configuration is UTF-8"},
      {"output: \xc2\x9b"s, "f:1:9: octet 0xc2 is no text: a configuration is UTF-8"},
      {"output: \xc0\xaf"s, "f:1:9: octet 0xc0 is no text: a configuration is UTF-8"},
      {"output: \xed\xa0\x80"s, "f:1:9: octet 0xed is no text: a configuration is UTF-8"},
      {"output: \xf4\x90\x80\x80"s, "f:1:9: octet 0xf4 is no text: a configuration is UTF-8"},
      {"\xff\xfeo\0"s, "f:1:1: octet 0xff is no text: a configuration is UTF-8"},     // UTF-16
      {"\x1f\x8b\x08\0"s, "f:1:1: octet 0x1f is no text: a configuration is UTF-8"},  // gzip
      {"output: \xc2\xa0\xe2\x82\xac\xed\x9f\xbf\xf0\x9f\x90\x9f\xf4\x8f\xbf\xbf",
       "output: \"\xc2\xa0\xe2\x82\xac\xed\x9f\xbf\xf0\x9f\x90\x9f\xf4\x8f\xbf\xbf\""},
  };
  for (const auto& [text, expected] : rows) EXPECT_EQ(told(text), expected);
}

/// The configuration with one number changed, or with worse done to it.
std::string spoilt(std::string text, Dice& dice) {
  constexpr std::string_view kDigits = "0123456789", kSpoil = "\n\n  \t:-[]{}#&*!|>'\"%@`,?~<0\\\xc3\xff";
  const auto pick = [&](std::string_view from) { return from[dice.between(0, from.size() - 1)]; };
  const auto anywhere = [&] { return static_cast<std::size_t>(dice.between(0, text.size() - 1)); };
  if (dice.chance(200)) {
    const std::size_t digit = std::min(text.find_first_of(kDigits, anywhere()), text.rfind('1'));
    text[digit] = pick(kDigits);
    return text;
  }
  for (std::uint64_t left = dice.between(1, 4); left > 0; --left) {
    switch (dice.between(0, 3)) {
      case 0: text[anywhere()] = pick(kSpoil); break;
      case 1: text.insert(anywhere(), 1, pick(kSpoil)); break;
      case 2: text.erase(anywhere(), static_cast<std::size_t>(dice.between(1, 12))); break;
      case 3: text.insert(anywhere(), text.substr(anywhere(), 40)); break;
    }
  }
  return text;
}

// Whatever is done to it, it is refused with a reason, or means the same when it is written and read again.
TEST(Hostile, SpoiltConfigurations) {
  const std::string whole =
      dump_settings({.protocols = {{.name = "http", .when = "udp", .http = {.header_bytes = 1024}},
                                   {.name = "transcript", .transcript = {.of = TranscriptOf::all, .sessions = 11}}}});
  Dice dice{1};
  unsigned read = 0, refused = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::string text = spoilt(whole, dice);
    const auto settings = parse_settings(text, "f", protocols());
    if (!settings) {
      ASSERT_FALSE(settings.error().empty()) << text;
      ++refused;
      continue;
    }
    const auto again = parse_settings(dump_settings(*settings), "f", protocols());
    ASSERT_TRUE(again && *again == *settings) << text;
    ++read;
  }
  EXPECT_GT(read, 100U);
  EXPECT_GT(refused, 1000U);
}

}  // namespace
}  // namespace unspool::test
