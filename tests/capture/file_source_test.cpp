#include "capture/file_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <deque>
#include <thread>

#include "support/capture_file.h"
#include "told.h"

namespace unspool::test {
namespace {

using std::string_literals::operator""s;

TEST(FileSource, OtherFormatsAreNamed) {
  struct Row {
    std::string bytes;
    const char* expected;
  };
  const Row rows[] = {
      {"", "is empty"},
      {"x", "is no pcap or pcapng file"},
      {"hello, world", "is no pcap or pcapng file"},
      {std::string(100, '\0'), "is no pcap or pcapng file"},
      {"\xfd\x37zXZ\0...."s, "is compressed with xz: unpack it first, e.g. xzcat FILE | unspool -r -"},
      {"BZh91AY&SY", "is compressed with bzip2: unpack it first, e.g. bzcat FILE | unspool -r -"},
      {"\x04\x22\x4d\x18...."s, "is compressed with lz4: unpack it first, e.g. lz4cat FILE | unspool -r -"},
      {"snoop\0\0\0...."s, "is a snoop capture (RFC 1761): convert it first, e.g. editcap -F pcapng FILE NEW"},
      {"GMBU....", "is a Microsoft Network Monitor 2 capture: convert it first, e.g. editcap -F pcapng FILE NEW"},
      {"RTSS....", "is a Microsoft Network Monitor 1 capture: convert it first, e.g. editcap -F pcapng FILE NEW"},
      {"\x34\xcd\xb2\xa1...."s,
       "is a pcap file with Kuznetzov's larger record headers: convert it first, e.g. editcap -F pcapng FILE NEW"},
  };
  const ScratchFolder folder;
  for (const Row& row : rows) {
    const auto path = folder.file("x", row.bytes);
    EXPECT_EQ(told(path), fmt::format("error: {}: {}", path, row.expected));
  }
}

TEST(FileSource, WhatCannotBeOpened) {
  const ScratchFolder folder;
  EXPECT_EQ(told(folder.path()), "error: " + folder.path() + ": is a directory");
  EXPECT_EQ(told(folder.path("none")),
            "error: " + folder.path("none") + ": cannot be opened: No such file or directory (os error 2)");
  EXPECT_EQ(told("/proc/self/mem"), "error: /proc/self/mem: cannot be read: Input/output error (os error 5)");
}

/// A terminal in the middle of which reading fails: what was written before stays, then EIO.
TEST(FileSource, ReadingFails) {
  const Fd master{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) GTEST_SKIP() << "no terminals here";
  Fd slave{::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC)};
  if (!slave) GTEST_SKIP() << "no terminals here";
  termios raw{};
  ::tcgetattr(slave.get(), &raw);
  ::cfmakeraw(&raw);
  ::tcsetattr(slave.get(), TCSANOW, &raw);
  const std::string image = PcapImage{}.packet(1'000, "one").header(0, 0, 9, 9).text("..").bytes();
  ASSERT_EQ(write_all(slave.get(), as_bytes(image)), 0);
  slave.reset();

  const StandardInput input{master.get()};
  BlockPool pool;
  const auto source = open_capture_file({.path = "-"}, 0, pool);
  ASSERT_TRUE(source) << source.error().what;
  EXPECT_EQ(told(**source), "1000:one corrupt");
  EXPECT_EQ((*source)->end().what, "standard input: cannot be read on from byte 61: Input/output error (os error 5)");
}

/// Packets of all lengths, longer than all blocks together, so that records are cut by blocks' ends in every way.
std::string many_packets(std::size_t count, std::vector<std::string>& bytes) {
  PcapImage image{{.snaplen = 4U << 20U}};
  for (std::size_t i = 0; i < count; ++i) {
    bytes.emplace_back(i * 37 % 1'500, static_cast<char>('a' + i % 26));
    image.packet(i * 1'000, bytes.back());
  }
  return image.bytes();
}

TEST(FileSource, BlocksAreUsedAgainWhenNobodyHoldsThem) {
  std::vector<std::string> expected;
  const ScratchFolder folder;
  const auto path = folder.file("x.pcap", many_packets(5'000, expected));
  BlockPool pool;
  const auto source = open_capture_file({.path = path}, 0, pool);
  ASSERT_TRUE(source);
  const auto all = all_of(**source);
  ASSERT_EQ(all.size(), expected.size());
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i].bytes, expected[i]) << i;
  EXPECT_EQ(pool.blocks(), 1U);
}

TEST(FileSource, BytesStayWhileABlockIsHeld) {
  std::vector<std::string> expected;
  const ScratchFolder folder;
  const auto path = folder.file("x.pcap", many_packets(5'000, expected));
  for (const std::size_t window : {std::size_t{1}, std::size_t{300}, std::size_t{5'000}}) {
    BlockPool pool;
    struct Held {
      BlockRef block;
      Bytes bytes;
      std::size_t number;
    };
    std::deque<Held> held;
    const auto let_go = [&] {
      ASSERT_EQ(as_text(held.front().bytes), expected[held.front().number]) << window;
      held.pop_front();
    };
    const auto source = open_capture_file({.path = path}, 0, pool);
    ASSERT_TRUE(source);
    std::size_t number = 0;
    for (Packet packet; (*source)->next(packet) == Source::State::packet;) {
      held.push_back({BlockRef{packet.block}, packet.bytes, number++});
      if (held.size() > window) let_go();
    }
    while (!held.empty()) let_go();
    EXPECT_EQ(number, expected.size());
    EXPECT_LE(pool.blocks(), window == 5'000 ? 20U : 4U);
  }
}

TEST(FileSource, PacketsLargerThanABlock) {
  PcapImage pcap{{.snaplen = 4U << 20U}};
  PcapngImage pcapng;
  pcapng.interface(1);
  std::string expected;
  for (std::size_t i = 0; i < 12; ++i) {
    const std::string bytes(i % 3 == 0 ? 1'000'000 + i : 100'000 + i, static_cast<char>('a' + i));
    pcap.packet(i * 1'000, bytes);
    pcapng.packet(0, i, bytes);
    expected += fmt::format("{}:{} ", i * 1'000, bytes);
  }
  const ScratchFolder folder;
  for (const std::string& image : {pcap.bytes(), pcapng.bytes()}) {
    BlockPool pool;
    const auto source = open_capture_file({.path = folder.file("x", image)}, 0, pool);
    ASSERT_TRUE(source);
    EXPECT_TRUE(told(**source) == expected + "whole");
    EXPECT_LE(pool.blocks(), 2U) << "larger blocks are not kept";
  }
}

TEST(FileSource, AClaimOfManyBytesTakesNoMemoryForLong) {
  const ScratchFolder folder;
  BlockPool pool;
  const PcapImage image = PcapImage{{.snaplen = 16U << 20U}}.header(0, 0, 16U << 20U, 1).text("...");
  const auto source = open_capture_file({.path = folder.file("x", image.bytes())}, 0, pool);
  ASSERT_TRUE(source);
  EXPECT_EQ(told(**source), "cut_short");
  EXPECT_LE(pool.blocks(), 1U);
}

TEST(FileSource, EveryTruncationThroughAPipe) {
  const std::string pcap = PcapImage{}.packet(1'000, "one").packet(2'000, "").packet(3'000, "three").bytes();
  const std::string pcapng = PcapngImage{}.interface(1).packet(0, 1, "one").section(true).bytes();
  const ScratchFolder folder;
  for (const std::string& image : {pcap, pcapng}) {
    for (std::size_t size = 0; size <= image.size(); ++size) {
      const auto path = folder.file("x", image.substr(0, size));
      std::string expected = told(path);
      if (const auto at = expected.find(path); at != std::string::npos) {
        expected.replace(at, path.size(), "standard input");
      }
      StandardPipe pipe;
      pipe.write(image.substr(0, size));
      pipe.close();
      EXPECT_EQ(told("-"), expected) << size;
    }
  }
}

TEST(FileSource, APipeIsIdleUntilARecordIsWhole) {
  PcapImage pcap;
  pcap.packet(1, "one").packet(2, "").packet(3, "three");
  PcapngImage pcapng{true};
  pcapng.interface(1).packet(0, 1, "one").packet(0, 2, "").block(5, "xxxx").packet(0, 3, "three");
  const char* packets[] = {"one", "", "three"};
  struct Row {
    const std::string& image;
    std::uint64_t header;
    std::vector<std::uint64_t> ends;  // of the three packets
  };
  const Row rows[] = {{pcap.bytes(), 24, {pcap.records()[1], pcap.records()[2], pcap.records()[3]}},
                      {pcapng.bytes(), 28, {pcapng.records()[3], pcapng.records()[4], pcapng.records()[6]}}};
  for (const Row& row : rows) {
    StandardPipe pipe;
    pipe.write(row.image.substr(0, row.header));
    BlockPool pool;
    const auto source = open_capture_file({.path = "-"}, 0, pool);
    ASSERT_TRUE(source) << source.error().what;
    EXPECT_GE((*source)->readable_fd(), 0);
    std::size_t number = 0;
    for (std::size_t i = row.header; i < row.image.size(); ++i) {
      EXPECT_EQ(next_of(**source), "(idle)") << i;
      pipe.write(row.image.substr(i, 1));
      if (i + 1 == row.ends[number]) {
        EXPECT_EQ(next_of(**source), packets[number++]) << i;
      }
    }
    EXPECT_EQ(next_of(**source), "(idle)");
    pipe.close();
    EXPECT_EQ(next_of(**source), "(ended)");
    EXPECT_EQ((*source)->end().how, SourceEnd::How::whole);
    EXPECT_EQ(pool.blocks(), 1U);
  }
}

TEST(FileSource, ALongPipeInShortReads) {
  std::vector<std::string> expected;
  const std::string image = many_packets(3'000, expected);
  for (const bool hold : {false, true}) {
    StandardPipe pipe;
    std::thread writer([&] {
      for (std::size_t at = 0; at < image.size(); at += 777) pipe.write(std::string_view{image}.substr(at, 777));
      pipe.close();
    });
    BlockPool pool;
    const auto source = open_capture_file({.path = "-"}, 0, pool);
    ASSERT_TRUE(source);
    Packet first;
    BlockRef held;
    if (hold) {
      while ((*source)->next(first) == Source::State::idle) std::this_thread::yield();
      held = BlockRef{first.block};
    }
    const auto all = all_of(**source);
    writer.join();
    const std::size_t before = hold ? 1 : 0;
    ASSERT_EQ(all.size() + before, expected.size());
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i].bytes, expected[i + before]) << i;
    if (hold) {
      EXPECT_EQ(as_text(first.bytes), expected[0]);
    }
    EXPECT_LE(pool.blocks(), 2U);
  }
}

TEST(FileSource, ALargeRecordInAPipe) {
  const std::string bytes(3'000'000, 'x');
  const std::string image = PcapngImage{}.interface(1).packet(0, 1, bytes).packet(0, 2, "after").bytes();
  StandardPipe pipe;
  std::thread writer([&] {
    pipe.write(image);
    pipe.close();
  });
  EXPECT_TRUE(told("-") == "1000:" + bytes + " 2000:after whole");
  writer.join();
}

TEST(FileSource, OffsetsInAPipe) {
  PcapImage pcap;
  pcap.packet(1'000, "one").packet(2'000, "two").packet(3'000, "three");
  PcapngImage pcapng;
  pcapng.interface(1).packet(0, 1, "one").packet(0, 2, "two").packet(0, 3, "three");
  for (const auto& [image, offset] :
       {std::pair{pcap.bytes(), pcap.records()[1]}, std::pair{pcapng.bytes(), pcapng.records()[3]}}) {
    for (const std::uint64_t beside : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{10'000}}) {
      StandardPipe pipe;
      pipe.write(image);
      pipe.close();
      const auto expected = beside == 0
                                ? "2000:two 3000:three whole"
                                : fmt::format("error: standard input: no record begins at byte {}", offset + beside);
      EXPECT_EQ(told("-", offset + beside), expected);
    }
  }
}

TEST(FileSource, StandardInputMayBeAFileReadInPart) {
  const ScratchFolder folder;
  PcapImage image;
  image.packet(1'000, "one").packet(2'000, "two");
  const Fd file{::open(folder.file("x", "12345" + image.bytes()).c_str(), O_RDONLY | O_CLOEXEC)};
  ::lseek(file.get(), 5, SEEK_SET);
  const StandardInput input{file.get()};
  EXPECT_EQ(told("-", image.records()[1]), "2000:two whole");
}

TEST(FileSource, NamedPipe) {
  const ScratchFolder folder;
  ASSERT_EQ(::mkfifo(folder.path("fifo").c_str(), 0600), 0);
  Fd both{::open(folder.path("fifo").c_str(), O_RDWR | O_CLOEXEC)};
  ASSERT_EQ(write_all(both.get(), as_bytes(PcapImage{}.packet(1, "one").bytes())), 0);
  BlockPool pool;
  const auto source = open_capture_file({.path = folder.path("fifo")}, 0, pool);
  ASSERT_TRUE(source);
  EXPECT_EQ(next_of(**source), "one");
  EXPECT_EQ(next_of(**source), "(idle)");
  both.reset();
  EXPECT_EQ(next_of(**source), "(ended)");
}

}  // namespace
}  // namespace unspool::test
