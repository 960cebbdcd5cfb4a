#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "capture/file_source.h"
#include "support/capture_file.h"
#include "told.h"

namespace unspool::test {
namespace {

constexpr std::uint16_t kDropCount = 4, kTimeResolution = 9, kTimeOffset = 14;

std::string told_image(const PcapngImage& image, std::uint64_t offset = 0) {
  const ScratchFolder folder;
  return told(folder.file("x.pcapng", image.bytes()), offset);
}

std::vector<Seen> seen(const PcapngImage& image) {
  const ScratchFolder folder;
  BlockPool pool;
  const auto source = open_capture_file({.path = folder.file("x.pcapng", image.bytes())}, 0, pool);
  EXPECT_TRUE(source);
  return source ? all_of(**source) : std::vector<Seen>{};
}

TEST(Pcapng, PacketsOfEveryKind) {
  for (const bool big : {false, true}) {
    PcapngImage image{big};
    image.interface(1, 4).packet(0, 5'000'001, "one").packet(0, 6, "two", 60);
    image.simple("thre").simple("four", 70).obsolete(0, 0xffff, 7, "five").packet(0, 0x1'0000'0000, "");
    EXPECT_EQ(told_image(image), "5000001000:one 6000:two/60 6000:thre 6000:four/70 7000:five 4294967296000: whole")
        << big;
  }
}

TEST(Pcapng, SimplePacketsWithoutSnapshotLength) {
  EXPECT_EQ(told_image(PcapngImage{}.interface(1).simple("abcde")), "0:abcde whole");
  EXPECT_EQ(told_image(PcapngImage{}.interface(1).simple("abcde", 9)), "corrupt");
}

TEST(Pcapng, InterfacesOfTheirOwn) {
  PcapngImage image;
  const std::string nanoseconds = image.option(2, "eth0") + image.option(kTimeResolution, "\x09");
  image.interface(1).interface(101, 96, nanoseconds);
  image.packet(1, 17, "ip").packet(0, 17, "eth");
  const auto all = seen(image);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].link_type, 101);
  EXPECT_EQ(all[0].ns, 17U);
  EXPECT_EQ(all[1].link_type, 1);
  EXPECT_EQ(all[1].ns, 17'000U);
}

TEST(Pcapng, SectionsBeginAnew) {
  PcapngImage image;
  image.interface(1).packet(0, 1, "little").section(true).interface(113).packet(0, 2, "big");
  image.section(false).interface(101).packet(0, 3, "again");
  const auto all = seen(image);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1].link_type, 113);
  EXPECT_EQ(all[1].bytes, "big");
  EXPECT_EQ(all[2].link_type, 101);
  EXPECT_EQ(all[2].record, image.records()[8]);

  PcapngImage without;
  without.interface(1).packet(0, 1, "a").section(false).packet(0, 2, "b");
  EXPECT_EQ(told_image(without), "1000:a corrupt");
}

TEST(Pcapng, Times) {
  struct Row {
    const char* what;
    const char* resolution;
    std::uint64_t offset, ticks, expected;
  };
  const Row rows[] = {
      {"microseconds, unsaid", "", 0, 1'500'000, 1'500'000'000},
      {"seconds", "\x00", 0, 3, 3'000'000'000},
      {"milliseconds", "\x03", 0, 3, 3'000'000},
      {"nanoseconds", "\x09", 0, 1'700'000'000'123'456'789, 1'700'000'000'123'456'789},
      {"picoseconds are cut", "\x0c", 0, 1'999, 1},
      {"2^-10 s", "\x8a", 0, 1'536, 1'500'000'000},
      {"offset", "\x09", 100, 5, 100'000'000'005},
      {"offset back", "\x00", UINT64_MAX, 3, 2'000'000'000},
      {"two octets are no resolution", "\x03\x03", 0, 3, 3'000},
  };
  for (const bool big : {false, true}) {
    for (const Row& row : rows) {
      PcapngImage image{big};
      const bool zero = row.resolution[0] == '\0' && std::string_view{row.what} != "microseconds, unsaid";
      const std::string resolution = zero ? std::string(1, '\0') : std::string{row.resolution};
      std::string options;
      if (!resolution.empty()) options += image.option(kTimeResolution, resolution);
      if (row.offset != 0) options += image.option_u64(kTimeOffset, row.offset);
      image.interface(1, 0, options + image.option(0, "")).packet(0, row.ticks, "x");
      EXPECT_EQ(told_image(image), fmt::format("{}:x whole", row.expected)) << row.what << big;
    }
  }
}

TEST(Pcapng, DropsAddUp) {
  for (const bool big : {false, true}) {
    PcapngImage image{big};
    image.interface(1).packet(0, 1, "a");
    image.packet(0, 2, "bb", 0, image.option(1, "comment") + image.option_u64(kDropCount, 5) + image.option(0, ""));
    image.packet(0, 3, "c").obsolete(0, 7, 4, "d").obsolete(0, 0xffff, 5, "e");
    image.packet(0, 6, "f", 0, image.option_u64(kDropCount, UINT64_MAX));
    std::vector<std::uint64_t> dropped;
    for (const Seen& packet : seen(image)) dropped.push_back(packet.dropped);
    EXPECT_THAT(dropped, testing::ElementsAre(0, 5, 5, 12, 12, UINT64_MAX)) << big;
  }
}

TEST(Pcapng, OptionsThatAreNotWholeEndTheOptions) {
  PcapngImage image;
  image.interface(1, 0, image.option(kTimeResolution, "\x09") + image.fields().u16(2).u16(999).text("x").bytes());
  image.packet(0, 1, "a", 0, image.fields().u16(kDropCount).u16(8).text("four").bytes());
  image.packet(0, 2, "b", 0, image.option(0, "") + image.option_u64(kDropCount, 5));
  const auto all = seen(image);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].ns, 1U);
  EXPECT_EQ(all[1].dropped, 0U);
}

TEST(Pcapng, OtherBlocksAreSkipped) {
  PcapngImage image;
  image.block(4, "names").interface(1).block(5, "statistics").block(0x0bad, std::string(300'000, 'x'));
  image.block(0x80000001, "").packet(0, 1, "a").block(10, "secrets");
  EXPECT_EQ(told_image(image), "1000:a whole");
}

TEST(Pcapng, Lies) {
  const auto good = [] { return PcapngImage{}.interface(1).packet(0, 1, "a"); };
  const auto raw = [&](std::uint32_t type, std::uint32_t length, std::size_t body, std::uint32_t again) {
    const PcapngImage image = good();
    return good().text(image.fields().u32(type).u32(length).text(std::string(body, '\0')).u32(again).bytes());
  };
  const auto body = [&](std::uint32_t type, const Image& fields) { return good().block(type, fields.bytes()); };
  const Image fields = PcapngImage{}.fields();
  struct Row {
    PcapngImage image;
    const char* expected;
  };
  const Row rows[] = {
      {raw(99, 0, 40, 0), "claims a length of 0 bytes: no multiple of 4 from 12 to 16777216"},
      {raw(99, 8, 40, 8), "claims a length of 8 bytes: no multiple of 4 from 12 to 16777216"},
      {raw(99, 13, 1, 13), "claims a length of 13 bytes: no multiple of 4 from 12 to 16777216"},
      {raw(99, 0x01000004, 8, 0), "claims a length of 16777220 bytes: no multiple of 4 from 12 to 16777216"},
      {raw(99, 0xfffffffc, 8, 0), "claims a length of 4294967292 bytes: no multiple of 4 from 12 to 16777216"},
      {raw(99, 16, 4, 20), "begins with a length of 16 bytes and ends with one of 20"},
      {raw(0x0a0d0d0a, 12, 0, 12), "begins a section of unknown byte order"},
      {body(0x0a0d0d0a, Image{fields}.u32(0x1a2b3c4d)), "is too short for a section's header"},
      {good().section(false, 2), "begins a section of pcapng version 2.0: only 1 is understood"},
      {body(1, Image{fields}.u32(1)), "is too short for an interface"},
      {body(6, Image{fields}.u32(0).u32(0).u32(0).u32(0)), "is too short for a packet"},
      {body(2, Image{fields}.u32(0).u32(0).u32(0)), "is too short for a packet"},
      {body(3, fields), "is too short for a packet"},
      {good().packet(1, 2, "b"), "is a packet of interface 1, which the section has not described"},
      {good().packet(UINT32_MAX, 2, "b"), "is a packet of interface 4294967295, which the section has not described"},
      {body(6, Image{fields}.u32(0).u32(0).u32(0).u32(5).u32(5).u32(0)), "claims 5 captured bytes, and has room for 4"},
      {body(6, Image{fields}.u32(0).u32(0).u32(0).u32(UINT32_MAX).u32(5)),
       "claims 4294967295 captured bytes, and has room for 0"},
  };
  const ScratchFolder folder;
  for (const Row& row : rows) {
    const auto path = folder.file("x.pcapng", row.image.bytes());
    BlockPool pool;
    const auto source = open_capture_file({.path = path}, 0, pool);
    ASSERT_TRUE(source);
    EXPECT_EQ(told(**source), "1000:a corrupt") << row.expected;
    const auto at = good().bytes().size();
    EXPECT_EQ((*source)->end().what, fmt::format("{}: record 4 at byte {} {}", path, at, row.expected));
  }
}

TEST(Pcapng, NoSectionNoFile) {
  EXPECT_THAT(told_image(PcapngImage{false}.section(false, 1)), "whole");
  const ScratchFolder folder;
  const auto path = folder.file("x.pcapng", Image{false}.u32(0x0a0d0d0a).u32(28).u32(0xdeadbeef).bytes());
  EXPECT_EQ(told(path), "error: " + path + ": record 1 at byte 0 begins a section of unknown byte order");
}

TEST(Pcapng, TooManyInterfaces) {
  PcapngImage image;
  for (int i = 0; i < 65'536; ++i) image.interface(1);
  image.packet(65'535, 1, "a");
  EXPECT_EQ(told_image(image), "1000:a whole");
  image.interface(1).packet(0, 2, "b");
  EXPECT_EQ(told_image(image), "1000:a corrupt");
}

TEST(Pcapng, EveryTruncation) {
  const ScratchFolder folder;
  PcapngImage image;
  image.interface(1).packet(0, 1, "one").block(5, "xxxx").section(true).interface(1).packet(0, 2, "two");
  const auto& at = image.records();
  for (std::size_t size = 0; size <= image.bytes().size(); ++size) {
    const auto path = folder.file("x.pcapng", image.bytes().substr(0, size));
    const auto whole = std::upper_bound(at.begin(), at.end(), size) - at.begin() - 1;  // blocks that are there
    std::string expected = "error: " + path + ": ends inside its header";
    if (size < 4) expected = "error: " + path + ": is no pcap or pcapng file";
    if (size == 0) expected = "error: " + path + ": is empty";
    if (whole > 0) {
      expected = std::string{whole >= 3 ? "1000:one " : ""} + (whole >= 7 ? "2000:two " : "") +
                 (at[static_cast<std::size_t>(whole)] == size ? "whole" : "cut_short");
    }
    EXPECT_EQ(told(path), expected) << size;
  }
}

TEST(Pcapng, StartsAtARecord) {
  PcapngImage image;
  image.interface(1).packet(0, 1, "a", 0, image.option_u64(kDropCount, 3)).section(true).interface(113);
  image.packet(0, 2, "b").packet(0, 3, "c", 0, image.option_u64(kDropCount, 1));
  const ScratchFolder folder;
  const auto path = folder.file("x.pcapng", image.bytes());
  const auto& at = image.records();
  const char* expected[] = {"1000:a 2000:b 3000:c whole",
                            "1000:a 2000:b 3000:c whole",
                            "1000:a 2000:b 3000:c whole",
                            "2000:b 3000:c whole",
                            "2000:b 3000:c whole",
                            "2000:b 3000:c whole",
                            "3000:c whole"};
  for (std::uint64_t offset = 0; offset < image.bytes().size() + 40; ++offset) {
    const auto record = std::find(at.begin(), at.end() - 1, offset);
    EXPECT_EQ(told(path, offset), record != at.end() - 1
                                      ? std::string{expected[record - at.begin()]}
                                      : fmt::format("error: {}: no record begins at byte {}", path, offset));
  }

  BlockPool pool;
  const auto source = open_capture_file({.path = path, .offset = at[6]}, 0, pool);
  ASSERT_TRUE(source);
  const auto all = all_of(**source);
  EXPECT_EQ(all.at(0).link_type, 113);
  EXPECT_EQ(all.at(0).dropped, 1U) << "since it was opened";
}

TEST(Pcapng, CorruptBeforeTheOffset) {
  PcapngImage image;
  image.interface(1).packet(1, 1, "a").packet(0, 2, "b");
  EXPECT_THAT(told_image(image, image.records()[3]),
              testing::HasSubstr("record 3 at byte 48 is a packet of interface 1"));
}

}  // namespace
}  // namespace unspool::test
