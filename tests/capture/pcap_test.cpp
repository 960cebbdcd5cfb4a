#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "capture/file_source.h"
#include "support/capture_file.h"
#include "told.h"

namespace unspool::test {
namespace {

std::string told_image(std::string_view bytes, std::uint64_t offset = 0) {
  const ScratchFolder folder;
  return told(folder.file("x.pcap", bytes), offset);
}

TEST(Pcap, ByteOrdersAndResolutions) {
  struct Row {
    PcapShape shape;
    const char* expected;
  };
  const Row rows[] = {
      {{.big = false, .nanoseconds = false}, "1000001000:one 4294967295999999000:two/1500 whole"},
      {{.big = true, .nanoseconds = false}, "1000001000:one 4294967295999999000:two/1500 whole"},
      {{.big = false, .nanoseconds = true}, "1000001001:one 4294967295999999999:two/1500 whole"},
      {{.big = true, .nanoseconds = true}, "1000001001:one 4294967295999999999:two/1500 whole"},
  };
  for (const Row& row : rows) {
    PcapImage image{row.shape};
    image.packet(1'000'001'001, "one").packet(4'294'967'295'999'999'999, "two", 1500);
    EXPECT_EQ(told_image(image.bytes()), row.expected) << row.shape.big << row.shape.nanoseconds;
  }
}

TEST(Pcap, SaysWhereEachPacketIs) {
  const ScratchFolder folder;
  PcapImage image{{.link_type = 113}};
  image.packet(1, "a").packet(2, "").packet(3, "ccc");
  BlockPool pool;
  const auto source = open_capture_file({.path = folder.file("x.pcap", image.bytes())}, 7, pool);
  ASSERT_TRUE(source);
  EXPECT_EQ((*source)->readable_fd(), -1);
  const auto all = all_of(**source);
  ASSERT_EQ(all.size(), 3U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].record, image.records()[i]);
    EXPECT_EQ(all[i].source, 7);
    EXPECT_EQ(all[i].link_type, 113);
    EXPECT_EQ(all[i].dropped, 0U);
  }
}

TEST(Pcap, EndsForGood) {
  const ScratchFolder folder;
  BlockPool pool;
  const auto source = open_capture_file({.path = folder.file("x.pcap", PcapImage{}.packet(1, "a").bytes())}, 0, pool);
  ASSERT_TRUE(source);
  EXPECT_EQ(next_of(**source), "a");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(next_of(**source), "(ended)");
  EXPECT_EQ((*source)->end().what, "");
}

TEST(Pcap, FileHeaders) {
  struct Row {
    const char* what;
    PcapShape shape;
    const char* expected;
  };
  const Row rows[] = {
      {"no packets", {}, "whole"},
      {"2.3", {.minor = 3}, "whole"},
      {"1.0", {.major = 1, .minor = 0}, "is a pcap file of version 1.0: only 2 is understood"},
      {"3.0", {.major = 3, .minor = 0}, "is a pcap file of version 3.0: only 2 is understood"},
  };
  for (const Row& row : rows) {
    EXPECT_THAT(told_image(PcapImage{row.shape}.bytes()), testing::EndsWith(row.expected)) << row.what;
  }
}

TEST(Pcap, OldVersionsPutEitherLengthFirst) {
  for (std::uint16_t minor = 1; minor < 4; ++minor) {
    PcapImage image{{.minor = minor}};
    image.header(1, 0, 3, 60).text("new").header(2, 0, 60, 3).text("old").packet(3'000'000'000, "same");
    EXPECT_EQ(told_image(image.bytes()), "1000000000:new/60 2000000000:old/60 3000000000:same whole") << minor;
  }
}

TEST(Pcap, FrameCheckSequenceBitsAreNoLinkType) {
  const ScratchFolder folder;
  BlockPool pool;
  const auto path = folder.file("x.pcap", PcapImage{{.link_type = 0x2400'0001}}.packet(1, "a").bytes());
  const auto source = open_capture_file({.path = path}, 0, pool);
  ASSERT_TRUE(source);
  EXPECT_EQ(all_of(**source).at(0).link_type, 1);
}

TEST(Pcap, Lies) {
  struct Row {
    const char* what;
    std::uint32_t snaplen, fraction, captured, wire;
    std::size_t there;
    const char* expected;
  };
  const Row rows[] = {
      {"a million microseconds and more", 65535, 1'500'000, 1, 1, 1, "2500000000:x whole"},
      {"as many as fit", 65535, 0xffffffff, 1, 1, 1, "4295967295000:x whole"},
      {"less on the wire than captured", 65535, 0, 3, 1, 3, "1000000000:xxx whole"},
      {"longer than the snapshot length", 2, 0, 3, 3, 3, "1000000000:xxx whole"},
      {"longer than any snapshot length", 2, 0, 262'145, 262'145, 0, "corrupt"},
      {"longer than any, and there", 2, 0, 262'145, 262'145, 262'145, "corrupt"},
      {"longest", 0xffffffff, 0, 16U << 20U, 9, 0, "cut_short"},
      {"longer than the longest", 0xffffffff, 0, (16U << 20U) + 1, 9, 0, "corrupt"},
      {"no length at all", 65535, 0, 0xffffffff, 0xffffffff, 100, "corrupt"},
      {"snapshot length zero", 0, 0, 3, 3, 3, "1000000000:xxx whole"},
  };
  for (const Row& row : rows) {
    PcapImage image{{.snaplen = row.snaplen}};
    image.header(1, row.fraction, row.captured, row.wire).text(std::string(row.there, 'x'));
    EXPECT_EQ(told_image(image.bytes()), row.expected) << row.what;
  }
}

TEST(Pcap, CorruptTellsWhere) {
  const ScratchFolder folder;
  const PcapImage image = PcapImage{}.packet(1, "a").packet(2, "b").header(3, 0, 999'999, 999'999);
  const auto path = folder.file("x.pcap", image.bytes());
  BlockPool pool;
  for (const auto& [offset, counted] :
       {std::pair{0U, "record 3"}, std::pair{41U, "record 2, counted from byte 41 on,"}}) {
    const auto source = open_capture_file({.path = path, .offset = offset}, 0, pool);
    ASSERT_TRUE(source) << source.error().what;
    EXPECT_THAT(told(**source), testing::EndsWith(":b corrupt"));
    EXPECT_EQ((*source)->end().what,
              path + ": " + counted + " at byte 58 claims 999999 captured bytes, and 262144 are the most in this file");
    EXPECT_EQ(next_of(**source), "(ended)");
    EXPECT_EQ((*source)->end().how, SourceEnd::How::corrupt);
  }
}

TEST(Pcap, EveryTruncation) {
  const ScratchFolder folder;
  PcapImage image;
  image.packet(1'000, "one").packet(2'000, "").packet(3'000, "three");
  const std::string& all = image.bytes();
  const auto& at = image.records();
  const char* packets[] = {"", "1000:one ", "1000:one 2000: ", "1000:one 2000: 3000:three "};
  for (std::size_t size = 0; size <= all.size(); ++size) {
    const auto path = folder.file("x.pcap", all.substr(0, size));
    std::string expected;
    if (size == 0)
      expected = "error: " + path + ": is empty";
    else if (size < 4)
      expected = "error: " + path + ": is no pcap or pcapng file";
    else if (size < 24)
      expected = "error: " + path + ": ends inside its header";
    else {
      const auto whole = std::upper_bound(at.begin(), at.end(), size) - at.begin() - 1;
      expected = packets[whole] + std::string{at[static_cast<std::size_t>(whole)] == size ? "whole" : "cut_short"};
    }
    EXPECT_EQ(told(path), expected) << size;
  }
}

TEST(Pcap, CutShortTellsWhere) {
  const ScratchFolder folder;
  const auto path = folder.file("x.pcap", PcapImage{}.packet(1, "a").header(3, 0, 10, 10).text("123").bytes());
  BlockPool pool;
  const auto source = open_capture_file({.path = path}, 0, pool);
  ASSERT_TRUE(source);
  EXPECT_EQ(told(**source), "0:a cut_short");
  EXPECT_EQ((*source)->end().what, path + ": ends inside record 2 at byte 41");
}

TEST(Pcap, StartsAtARecord) {
  const ScratchFolder folder;
  PcapImage image;
  for (int i = 0; i < 5; ++i) image.packet(1'000, std::string(50, static_cast<char>('a' + i)));
  image.packet(1'000, std::string(300, '\0'));
  const auto path = folder.file("x.pcap", image.bytes());
  const auto& at = image.records();
  for (std::uint64_t offset = 1; offset < image.bytes().size() + 40; ++offset) {
    BlockPool pool;
    const auto source = open_capture_file({.path = path, .offset = offset}, 0, pool);
    const auto record = std::find(at.begin(), at.end() - 1, offset);
    ASSERT_EQ(source.has_value(), record != at.end() - 1) << offset;
    if (!source) {
      EXPECT_EQ(source.error().what, fmt::format("{}: no record begins at byte {}", path, offset));
      continue;
    }
    const auto all = all_of(**source);
    EXPECT_EQ(all.size(), static_cast<std::size_t>(at.end() - 1 - record));
    EXPECT_EQ(all.front().record, offset);
  }
}

TEST(Pcap, StartsFarAheadWithoutReadingUpToThere) {
  const ScratchFolder folder;
  PcapImage image;
  for (int i = 0; i < 2'000; ++i) image.packet(1'000, std::string(1'000, 'x'));
  const auto path = folder.file("x.pcap", image.bytes());
  BlockPool pool;
  const auto source = open_capture_file({.path = path, .offset = image.records().at(1'990)}, 0, pool);
  ASSERT_TRUE(source) << source.error().what;
  const auto all = all_of(**source);
  ASSERT_EQ(all.size(), 10U);
  EXPECT_EQ(all[3].record, image.records()[1'993]);
  EXPECT_EQ(told(path, UINT64_MAX), "error: " + path + fmt::format(": no record begins at byte {}", UINT64_MAX));
}

}  // namespace
}  // namespace unspool::test
