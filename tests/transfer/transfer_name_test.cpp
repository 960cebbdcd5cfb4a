#include "transfer/transfer_name.h"

#include <gtest/gtest.h>

#include <climits>

#include "told.h"

namespace unspool::test {
namespace {

using namespace std::string_literals;

/// The part behind "---".
std::string encoded(std::string_view name) {
  const std::string base = base_name(web_session(), name);
  EXPECT_TRUE(base.starts_with(kPrefix)) << base;
  return base.substr(kPrefix.size());
}

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  while (times-- > 0) text += piece;
  return text;
}

TEST(TransferName, IsOneSafeComponent) {
  const std::pair<std::string, const char*> rows[] = {
      {"/images/cat.png", "%2Fimages%2Fcat.png"},
      {"cat.png", "cat.png"},
      {"", ""},
      {".", "."},  // behind the prefix these are names like others
      {"..", ".."},
      {"../../etc/passwd", "..%2F..%2Fetc%2Fpasswd"},
      {"a\0b"s, "a%00b"},
      {"a\nb\x7f", "a%0Ab%7F"},
      {"100%", "100%25"},
      {"%2F", "%252F"},
      {"a b", "a%20b"},
      {"M\xc3\xbcll", "M%C3%BCll"},
      {"\xff", "%FF"},
      {"q?a=1&b=$(id);`id`|'\"", "q%3Fa=1%26b=%24%28id%29%3B%60id%60%7C%27%22"},
      {"A-Z_0,+@=", "A-Z_0,+@="},
      {"---", "---"},
      {"x~2", "x%7E2"},
      {"x.incomplete", "x%2Eincomplete"},
      {"x.incomplete~2", "x%2Eincomplete%7E2"},
      {".incomplete.incomplete", "%2Eincomplete%2Eincomplete"},
      {"C:\\boot.ini", "C%3A%5Cboot.ini"},
  };
  for (const auto& [name, expected] : rows) {
    EXPECT_EQ(encoded(name), expected);
    const auto parsed = parse_transfer_name(base_name(web_session(), name));
    ASSERT_TRUE(parsed) << name;
    EXPECT_EQ(parsed->base, base_name(web_session(), name));
    EXPECT_EQ(parsed->number, 1U) << name;
  }
}

TEST(TransferName, IsCutToWhatFileSystemsTakeAndKeepsItsExtension) {
  const std::size_t room = NAME_MAX - "~999999.incomplete"s.size() - kPrefix.size();
  ASSERT_EQ(room, 185U);
  const std::pair<std::string, std::string> rows[] = {
      {repeated("a", room), repeated("a", room)},
      {repeated("a", room + 1), repeated("a", room)},
      {repeated("a", room - 4) + ".png", repeated("a", room - 4) + ".png"},
      {repeated("a", room - 3) + ".png", repeated("a", room - 4) + ".png"},
      {repeated("a", 100'000) + ".png", repeated("a", room - 4) + ".png"},
      {repeated("\xc3\xbc", 200), repeated("%C3%BC", 30) + "%C3"},
      {repeated("\xc3\xbc", 200) + ".html", repeated("%C3%BC", 30) + ".html"},
      {repeated("a", room - 1) + "/", repeated("a", room - 1)},
      {repeated("a", 300) + ".averyveryverylongone", repeated("a", room)},
      {repeated("a", 300) + ".no extension", repeated("a", room)},
      {"/" + repeated("a", 300) + ".d/" + repeated("b", 300), "%2F" + repeated("a", room - 3)},
      {repeated("a", room - 13) + ".incomplete", repeated("a", room - 13) + "%2Eincomplete"},
      {repeated("a", room - 11) + ".incomplete", repeated("a", room - 11) + "%2Eincomple"},
      {repeated("a", room - 13) + ".incomplete and more", repeated("a", room - 13) + "%2Eincomplete"},
      {repeated("a", room - 11) + ".incomplete and more", repeated("a", room - 11) + "%2Eincomple"},
      {repeated("a", 300) + ".incomplete", repeated("a", room)},
  };
  for (const auto& [name, expected] : rows) EXPECT_EQ(encoded(name), expected);
}

TEST(TransferName, FitsWithItsNumberAndMarkBehindTheLongestAddresses) {
  const Session session =
      session_between("2001:db8:1111:2222:3333:4444:5555:6666", 65535, "2001:db8:1111:2222:3333:4444:5555:7777", 65535);
  const TransferName name{.base = base_name(session, repeated("\xff", 500)), .number = TransferName::kLastNumber};
  EXPECT_LE(name.file(true).size(), std::size_t{NAME_MAX});
  EXPECT_GE(name.file(true).size(), std::size_t{NAME_MAX} - 2);
  EXPECT_EQ(name.base.substr(0, 113),
            "20061102T181500.123456Z-2001:db8:1111:2222:3333:4444:5555:6666~65535-2001:db8:1111:2222:3333:4444:5555:"
            "7777~65535");
}

TEST(TransferName, PutsTheNumberBeforeTheMark) {
  EXPECT_EQ((TransferName{"x.png", 1}.file(false)), "x.png");
  EXPECT_EQ((TransferName{"x.png", 2}.file(false)), "x.png~2");
  EXPECT_EQ((TransferName{"x.png", 1}.file(true)), "x.png.incomplete");
  EXPECT_EQ((TransferName{"x.png", 10}.file(true)), "x.png~10.incomplete");
}

TEST(TransferName, IsReadBack) {
  const std::string prefix{kPrefix};
  const std::pair<std::string, std::string> rows[] = {
      {prefix + "x.png", "10.0.0.5 10.0.0.9 ^x.png 1"},
      {prefix, "10.0.0.5 10.0.0.9 ^ 1"},
      {prefix + "x.png~12", "10.0.0.5 10.0.0.9 ^x.png 12"},
      {prefix + "x.png~12.incomplete", "10.0.0.5 10.0.0.9 ^x.png 12"},
      {prefix + "x.png.incomplete", "10.0.0.5 10.0.0.9 ^x.png 1"},
      {prefix + "x---y-z~3", "10.0.0.5 10.0.0.9 ^x---y-z 3"},
      {"20061102T181500.123456Z-::1~1-fe80::1~2---x", "::1 fe80::1 20061102T181500.123456Z-::1~1-fe80::1~2---x 1"},
      {prefix + "x~", "not ours"},
      {prefix + "x~y", "not ours"},
      {prefix + "x~1000000", "not ours"},
      {prefix + "x~99999999999999999999", "not ours"},
      {"", "not ours"},
      {"notes.txt", "not ours"},
      {"---", "not ours"},
      {"t-10.0.0.5~1-..~2---x", "not ours"},
      {"t-../..~1-10.0.0.9~2---x", "not ours"},
      {"t-10.0.0.5-10.0.0.9---x", "not ours"},
      {"t-10.0.0.5~1---x", "not ours"},
      {"t-10.0.0.5~1-10.0.0.9~2--x", "not ours"},
  };
  for (const auto& [file, expected] : rows) {
    const auto name = parse_transfer_name(file);
    std::string read = "not ours";
    if (name) {
      const auto hosts = hosts_of(name->base);
      read = std::string(hosts[0]).append(" ").append(hosts[1]).append(" ") + with_short_prefix(name->base) + " " +
             std::to_string(name->number);
    }
    EXPECT_EQ(read, expected) << file;
  }
}

TEST(NameNumbers, CountEachNameOfEachSession) {
  NameNumbers numbers;
  std::string drawn;
  for (const char* const each : {"1a", "1a", "1b", "2a", "1a", "1b"}) {
    drawn += std::to_string(numbers.draw(static_cast<std::uint64_t>(each[0]), &each[1])) + " ";
  }
  EXPECT_EQ(drawn, "1 2 1 1 3 2 ");
  numbers.moved_to('1', "a", 7);
  numbers.moved_to('1', "b", 1);
  numbers.moved_to('1', "c", 9);
  numbers.moved_to('3', "a", 9);
  EXPECT_EQ(numbers.draw('1', "a"), 8U);
  EXPECT_EQ(numbers.draw('1', "b"), 3U);
  EXPECT_EQ(numbers.draw('1', "c"), 1U);
  numbers.forget('1');
  numbers.forget('4');
  EXPECT_EQ(numbers.draw('1', "a"), 1U);
  EXPECT_EQ(numbers.draw('2', "a"), 2U);
}

TEST(NameNumbers, AreForgottenWhenTheyAreTooMany) {
  NameNumbers numbers;
  for (std::size_t i = 0; i < NameNumbers::kMost; ++i) numbers.draw(i % 1000, std::to_string(i));
  EXPECT_EQ(numbers.draw(0, "0"), 1U) << "all are forgotten";
  EXPECT_EQ(numbers.draw(0, "0"), 2U) << "and counted anew";
}

}  // namespace
}  // namespace unspool::test
