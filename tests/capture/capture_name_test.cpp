#include "capture/capture_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "support/capture_file.h"

namespace unspool::test {
namespace {

std::string text(const CaptureName& name) {
  return name.offset == 0 ? name.path : name.path + "@" + std::to_string(name.offset);
}

TEST(CaptureName, Parses) {
  struct Row {
    const char* word;
    const char* expected;
  };
  const Row rows[] = {
      {"a.pcap", "a.pcap"},
      {"-", "-"},
      {"a.pcap:::0", "a.pcap"},
      {"a.pcap:::1234", "a.pcap@1234"},
      {"-:::24", "-@24"},
      {"a:::b:::7", "a:::b@7"},
      {"a::7", "a::7"},
      {"a:::18446744073709551615", "a@18446744073709551615"},
      {"a:::18446744073709551616", "error"},
      {"a:::", "error"},
      {"a:::x", "error"},
      {"a:::12x", "error"},
      {"a:::-1", "error"},
      {"a::: 1", "error"},
      {":::5", "error"},
      {"", "error"},
  };
  for (const Row& row : rows) {
    const auto name = CaptureName::parse(row.word);
    EXPECT_EQ(name ? text(*name) : "error", row.expected) << row.word;
  }
  EXPECT_EQ(CaptureName::parse("a.pcap:::x").error().what,
            "a.pcap:::x: 'x' is no byte offset: write FILE:::OFFSET, with a record's offset in decimal");
}

std::string expanded(const ScratchFolder& folder, const std::vector<std::string>& words) {
  const auto names = expand_captures(words);
  std::string all = names ? "" : names.error().what;
  if (names) {
    for (const auto& name : *names) all += (all.empty() ? "" : " ") + text(name);
  }
  for (std::size_t at; (at = all.find(folder.path())) != std::string::npos;) all.replace(at, folder.path().size(), "D");
  return all;
}

TEST(ExpandCaptures, Words) {
  const ScratchFolder folder;
  const std::string d = folder.path();
  const std::string image = PcapImage{}.bytes();
  for (const char* sub : {"dir", "dir/sub", "none", "only_text"}) {
    std::filesystem::create_directory(folder.path(sub));
  }
  folder.file("one", image);
  folder.file("dir/b.pcap", image);
  folder.file("dir/a.anything", PcapngImage{}.bytes());
  folder.file("dir/c", PcapImage{{.big = true, .nanoseconds = true}}.bytes());
  folder.file("dir/d.pcap", "no capture");
  folder.file("dir/e.pcap", "");
  folder.file("dir/sub/x.pcap", image);
  folder.file("only_text/x.pcap", "text");
  std::filesystem::create_symlink("../one", folder.path("dir/link"));
  std::filesystem::create_symlink("nowhere", folder.path("dir/lost"));

  struct Row {
    std::vector<std::string> words;
    const char* expected;
  };
  const Row rows[] = {
      {{}, ""},
      {{d + "/one"}, "D/one"},
      {{d + "/one:::24", "-", d + "/one"}, "D/one@24 - D/one"},
      {{d + "/dir", d + "/one"}, "D/dir/a.anything D/dir/b.pcap D/dir/c D/dir/link D/one"},
      {{d + "/dir/d.pcap"}, "D/dir/d.pcap"},
      {{"-", "-:::24"}, "-: standard input can be read only once"},
      {{d + "/one", d + "/gone"}, "D/gone: cannot be opened: No such file or directory (os error 2)"},
      {{d + "/one/x"}, "D/one/x: cannot be opened: Not a directory (os error 20)"},
      {{d + "/none"}, "D/none: no pcap or pcapng file is in this directory"},
      {{d + "/only_text"}, "D/only_text: no pcap or pcapng file is in this directory"},
      {{d + "/dir:::24"}, "D/dir: is a directory: an offset needs a file"},
  };
  for (const Row& row : rows) EXPECT_EQ(expanded(folder, row.words), row.expected);
}

}  // namespace
}  // namespace unspool::test
