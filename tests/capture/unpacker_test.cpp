// Compressed captures: the same packets, places and endings as from what is packed in them.
#include "capture/unpacker.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "capture/capture_name.h"
#include "support/capture_file.h"
#include "support/packed.h"
#include "told.h"

namespace unspool::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using Pack = std::string (*)(std::string_view);
std::string zstd(std::string_view bytes) { return zstd_packed(bytes); }
std::string gzip_members(std::string_view bytes) {
  return gzipped(bytes.substr(0, bytes.size() / 3)) + gzipped("") + gzipped(bytes.substr(bytes.size() / 3));
}
std::string zstd_frames(std::string_view bytes) {
  const std::string skippable{"\x53\x2a\x4d\x18\x04\0\0\0abcd", 12};
  return skippable + zstd(bytes.substr(0, bytes.size() / 3)) + skippable + zstd(bytes.substr(bytes.size() / 3));
}
constexpr Pack kPackings[] = {gzipped, zstd, gzip_members, zstd_frames};

/// Records of all lengths, of bytes that do not pack well, longer than some blocks together.
PcapImage large_image() {
  PcapImage image;
  std::uint32_t dice = 1;
  for (std::size_t i = 0; i < 2'000; ++i) {
    std::string bytes;
    for (std::size_t k = 0; k < i * 37 % 1'500; ++k)
      bytes += static_cast<char>((dice = dice * 1'103'515'245 + 1) >> 24U);
    image.packet(i * 1'000, bytes);
  }
  return image;
}

/// How a file ended, and what was said of it; or why it cannot be opened.
std::string end_of(const std::string& path) {
  BlockPool pool;
  const auto source = open_capture_file({.path = path}, 0, pool);
  if (!source) return source.error().what.substr(path.size());
  const std::string packets = told(**source);
  const std::string what = (*source)->end().what;
  return what.empty() ? packets : packets + what.substr(path.size());
}

TEST(Unpacker, KnowsItsFormats) {
  const auto of = [](std::string_view first) { return compression_of(as_bytes(first)); };
  EXPECT_EQ(of("\x1f\x8b\x08"), Compression::gzip);
  EXPECT_EQ(of("\x28\xb5\x2f\xfd"), Compression::zstd);
  EXPECT_EQ(of("\x50\x2a\x4d\x18"), Compression::zstd);
  EXPECT_EQ(of("\x5f\x2a\x4d\x18"), Compression::zstd);
  EXPECT_EQ(of("\x60\x2a\x4d\x18"), Compression::none);
  EXPECT_EQ(of("\x28\xb5\x2f"), Compression::none);
  EXPECT_EQ(of("\x1f"), Compression::none);
  EXPECT_EQ(of(""), Compression::none);
}

TEST(Unpacker, SamePacketsAtTheSameOffsets) {
  const PcapImage image = large_image();
  const ScratchFolder folder;
  const auto seen = [&](const std::string& bytes) {
    BlockPool pool;
    const auto source = open_capture_file({.path = folder.file("x", bytes)}, 7, pool);
    if (!source) return source.error().what;
    std::string all;
    for (const Seen& s : all_of(**source)) all += fmt::format("{} {} {} {}\n", s.ns, s.record, s.source, s.bytes);
    EXPECT_LE(pool.blocks(), 1U);
    EXPECT_EQ((*source)->end().how, SourceEnd::How::whole);
    const auto progress = (*source)->progress();
    EXPECT_EQ(progress.bytes, bytes.size()) << "counted as they lie on disk";
    EXPECT_EQ(progress.of, bytes.size());
    return all;
  };
  const std::string expected = seen(image.bytes());
  for (const Pack pack : kPackings) EXPECT_TRUE(seen(pack(image.bytes())) == expected);
}

TEST(Unpacker, StartsAtARecordOfWhatIsPacked) {
  const PcapImage pcap = PcapImage{}.packet(1'000, "one").packet(2'000, "two").packet(3'000, "three");
  PcapngImage pcapng;
  pcapng.interface(1).packet(0, 1, "one").packet(0, 2, "two").packet(0, 3, "three");
  const ScratchFolder folder;
  for (const Pack pack : kPackings) {
    for (const auto& [image, offset] :
         {std::pair{pcap.bytes(), pcap.records()[1]}, std::pair{pcapng.bytes(), pcapng.records()[3]}}) {
      const auto path = folder.file("x", pack(image));
      EXPECT_EQ(told(path, offset), "2000:two 3000:three whole");
      EXPECT_EQ(told(path, offset + 1), fmt::format("error: {}: no record begins at byte {}", path, offset + 1));
      EXPECT_EQ(told(path, 99'999), fmt::format("error: {}: no record begins at byte 99999", path));
    }
  }
}

/// A cut one gives all that is before the cut; it is no error, as a live writer may be at work.
TEST(Unpacker, EveryTruncation) {
  const std::string image = PcapImage{}.packet(1'000, "one").packet(2'000, "two").bytes();
  const ScratchFolder folder;
  for (const Pack pack : {Pack{gzip_members}, Pack{zstd_frames}}) {
    const std::string packed = pack(image);
    std::size_t cut = 0, refused = 0;
    for (std::size_t size = 4; size < packed.size(); ++size) {
      const std::string end = end_of(folder.file("x", packed.substr(0, size)));
      cut += end.find("cut_short") != std::string::npos ? 1U : 0U;
      refused += end.starts_with(": ") ? 1U : 0U;
      EXPECT_EQ(end.find("corrupt"), std::string::npos) << size << end;
      EXPECT_EQ(end.find("whole"), std::string::npos) << size << end;
    }
    EXPECT_EQ(cut + refused, packed.size() - 4);
    EXPECT_GE(cut, 4U) << "the checksum, at least";
  }
  EXPECT_EQ(end_of(folder.file("x", gzipped(image).substr(0, 10))), ": its gzip data ends too early");
  const std::string no_checksum = gzipped(image).substr(0, gzipped(image).size() - 8);
  EXPECT_EQ(end_of(folder.file("x", no_checksum)),
            "1000:one 2000:two cut_short: ends at byte 62 once unpacked, as its gzip data ends too early");
  const std::string in_record = gzipped(image.substr(0, 50));
  EXPECT_EQ(end_of(folder.file("x", in_record)), "1000:one cut_short: ends inside record 2 at byte 43");
}

TEST(Unpacker, CorruptData) {
  const std::string image = PcapImage{}.packet(1'000, "one").packet(2'000, "two").bytes();
  const ScratchFolder folder;
  std::string bad_checksum = gzipped(image);
  bad_checksum[bad_checksum.size() - 8] ^= 1;
  std::string bad_frame = zstd(image);
  bad_frame.back() = static_cast<char>(bad_frame.back() ^ 1);
  const std::string both = "1000:one 2000:two ";
  struct Row {
    std::string bytes, expected;
  };
  const Row rows[] = {
      {bad_checksum, both + "corrupt: ends at byte 62 once unpacked, as its gzip data is corrupt near byte"},
      {bad_frame, "zstd data is corrupt near byte"},
      {gzipped(image) + "rubbish", both + "corrupt: ends at byte 62 once unpacked, as its gzip data is corrupt"},
      {gzipped(image) + std::string(5, '\0') + "x", "something that is no gzip member follows behind the last one"},
      {gzipped(image) + std::string(500'000, '\0'), both + "whole"},
      {gzipped(image.substr(0, 30)) + "\x1f\x8b..", "corrupt: ends at record 1 at byte 24 once unpacked"},
      {zstd(image) + "rubbish", both + "corrupt: ends at byte 62 once unpacked, as its zstd data is corrupt"},
      {"\x1f\x8b with more", ": its gzip data is corrupt near byte"},
      {gzipped("hello, world"), ": once unpacked, is no pcap or pcapng file"},
      {gzipped(gzipped(image)), ": once unpacked, is compressed with gzip: unpack it first"},
      {gzipped(""), ": once unpacked, is empty"},
      {gzipped(image.substr(0, 20)), ": ends inside its header"},
      {zstd_packed(image, 28), "its window is larger than 128 MiB; try zstdcat --long=31 FILE | unspool -r -"},
      {zstd_packed(image, 27), both + "whole"},
  };
  for (const Row& row : rows) EXPECT_THAT(end_of(folder.file("x", row.bytes)), HasSubstr(row.expected));
}

TEST(Unpacker, ABombIsReadInLittleMemory) {
  const std::string zeros(32U << 20U, '\0');
  PcapngImage image;
  image.interface(1).packet(0, 1, "one");
  const ScratchFolder folder;
  for (const std::string& bomb : {gzipped(image.bytes()) + gzipped(zeros), zstd(image.bytes()) + zstd(zeros)}) {
    BlockPool pool;
    const auto source = open_capture_file({.path = folder.file("x", bomb)}, 0, pool);
    ASSERT_TRUE(source);
    EXPECT_EQ(told(**source), "1000:one corrupt") << "a record of no length";
    EXPECT_EQ(pool.blocks(), 1U);
  }
  const std::string nothing = gzipped("");
  std::string members;
  for (int i = 0; i < 20'000; ++i) members += nothing;
  EXPECT_EQ(told(folder.file("x", members + gzipped(image.bytes()))), "1000:one whole");
}

TEST(Unpacker, ThroughAPipe) {
  const PcapImage image = large_image();
  const ScratchFolder folder;
  const std::string expected = told(folder.file("x", image.bytes()));
  for (const Pack pack : kPackings) {
    const std::string packed = pack(image.bytes());
    StandardPipe pipe;
    std::thread writer([&] {
      for (std::size_t at = 0; at < packed.size(); at += 777) pipe.write(std::string_view{packed}.substr(at, 777));
      pipe.close();
    });
    EXPECT_TRUE(told("-") == expected);
    writer.join();
  }
}

/// What the writer has flushed is given before it goes on.
TEST(Unpacker, APipeIsIdleUntilARecordIsWhole) {
  const std::string image = PcapImage{}.packet(1, "one").packet(2, "two").bytes();
  for (const Pack pack : {Pack{gzipped}, Pack{zstd}}) {
    StandardPipe pipe;
    pipe.write(pack(image.substr(0, 43)));
    BlockPool pool;
    const auto source = open_capture_file({.path = "-"}, 0, pool);
    ASSERT_TRUE(source) << source.error().what;
    EXPECT_EQ(next_of(**source), "one");
    EXPECT_EQ(next_of(**source), "(idle)");
    pipe.write(pack(image.substr(43)));
    EXPECT_EQ(next_of(**source), "two");
    EXPECT_EQ(next_of(**source), "(idle)");
    pipe.close();
    EXPECT_EQ(next_of(**source), "(ended)");
    EXPECT_EQ((*source)->end().how, SourceEnd::How::whole);
  }
}

TEST(Unpacker, DirectoriesHoldBoth) {
  const std::string image = PcapImage{}.packet(1'000, "one").bytes();
  const ScratchFolder folder;
  folder.file("a", image);
  folder.file("b.gz", gzipped(image));
  folder.file("c.gz", gzipped("a log"));
  folder.file("d.zst", zstd(image));
  folder.file("e.gz", "\x1f\x8b");
  const auto found = expand_captures({folder.path()});
  ASSERT_TRUE(found);
  EXPECT_THAT(*found, testing::ElementsAre(CaptureName{folder.path("a")}, CaptureName{folder.path("b.gz")},
                                           CaptureName{folder.path("d.zst")}));
}

}  // namespace
}  // namespace unspool::test
