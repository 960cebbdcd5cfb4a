// Captures that still grow: read on as they are written, and ended by what their writer does.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "capture/merge.h"
#include "support/capture_file.h"
#include "support/packed.h"
#include "told.h"

namespace unspool::test {
namespace {

namespace fs = std::filesystem;

/// A capture, its writer, and its reader.
class Follow : public testing::Test {
 protected:
  void write(std::string_view bytes) { EXPECT_EQ(write_all(out_.get(), as_bytes(bytes)), 0); }
  void close() { out_.reset(); }
  std::unique_ptr<Source> open(std::uint64_t offset = 0) {
    auto source = open_capture_file({.path = path_, .offset = offset, .follow = true}, 0, pool_);
    EXPECT_TRUE(source) << source.error().what;
    return std::move(*source);
  }
  static bool is_readable(const Source& source) {
    pollfd one{.fd = source.readable_fd(), .events = POLLIN, .revents = 0};
    return ::poll(&one, 1, 0) == 1;
  }

  const ScratchFolder folder_;
  const std::string path_ = folder_.path("x.pcap");
  Fd out_{::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, 0600)};
  BlockPool pool_;
};

TEST_F(Follow, ARecordIsGivenWhenItIsWhole) {
  PcapImage image;
  image.packet(1'000, "one").packet(2'000, "").packet(3'000, "three");
  const char* packets[] = {"one", "", "three"};
  write(image.bytes().substr(0, 24));
  const auto source = open();
  std::size_t number = 0;
  for (std::size_t i = 24; i < image.bytes().size(); ++i) {
    ASSERT_EQ(next_of(*source), "(idle)") << i;
    ASSERT_FALSE(is_readable(*source)) << "nothing to wake up for";
    write(image.bytes().substr(i, 1));
    ASSERT_TRUE(is_readable(*source)) << i;
    if (i + 1 == image.records()[number + 1]) {
      EXPECT_EQ(next_of(*source), packets[number++]) << i;
    }
  }
  EXPECT_EQ(next_of(*source), "(idle)");
  EXPECT_EQ(source->progress().of, 0U) << "nobody knows how long it will be";
  EXPECT_EQ(pool_.blocks(), 1U);
}

TEST_F(Follow, EndsWhenItIsLeft) {
  enum What { closed, renamed, deleted, linked };
  struct Row {
    std::vector<What> what;
    bool ends;
  };
  const Row rows[] = {
      {{}, false},
      {{closed}, false},
      {{renamed}, false},
      {{deleted}, false},
      {{closed, renamed}, true},
      {{renamed, closed}, true},
      {{linked}, false},
      {{closed, deleted}, true},
      {{deleted, closed}, true},
      {{linked, closed, deleted}, false},
  };
  for (const Row& row : rows) {
    fs::remove_all(path_);
    fs::remove_all(folder_.path("other"));
    out_ = Fd{::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, 0600)};
    write(PcapImage{}.bytes());
    const auto source = open();
    write(PcapImage{}.packet(1'000, "one").bytes().substr(24));
    EXPECT_EQ(next_of(*source), "one");
    EXPECT_EQ(next_of(*source), "(idle)");
    for (const What what : row.what) {
      switch (what) {
        case closed: close(); break;
        case renamed: fs::rename(path_, folder_.path("renamed")); break;
        case deleted: fs::remove(path_); break;
        case linked: fs::create_hard_link(path_, folder_.path("other")); break;
      }
    }
    EXPECT_EQ(next_of(*source), row.ends ? "(ended)" : "(idle)") << testing::PrintToString(row.what);
    EXPECT_EQ(source->end().how, SourceEnd::How::whole);
  }
}

/// Whoever wrote it was gone before the reading began: nothing more can be expected.
TEST_F(Follow, EndsWhenItIsRenamedAndNobodyWrites) {
  write(PcapImage{}.packet(1'000, "one").bytes());
  close();
  const auto source = open();
  EXPECT_EQ(next_of(*source), "one");
  EXPECT_EQ(next_of(*source), "(idle)");
  fs::rename(path_, folder_.path("renamed"));
  EXPECT_EQ(next_of(*source), "(ended)");
}

TEST_F(Follow, WhatIsWrittenAfterARenameIsRead) {
  write(PcapImage{}.bytes());
  const auto source = open();
  const std::string record = PcapImage{}.packet(1'000, "one").bytes().substr(24);
  write(record);
  fs::rename(path_, folder_.path("renamed"));
  EXPECT_EQ(next_of(*source), "one");
  EXPECT_EQ(next_of(*source), "(idle)");
  write(record + record.substr(0, 10));
  close();
  EXPECT_EQ(next_of(*source), "one");
  EXPECT_EQ(next_of(*source), "(ended)");
  EXPECT_EQ(source->end().how, SourceEnd::How::cut_short);
  EXPECT_EQ(source->end().what, path_ + ": ends inside record 3 at byte 62");
}

TEST_F(Follow, AFileThatIsCutIsCorrupt) {
  write(PcapImage{}.packet(1'000, "one").packet(2'000, "two").bytes());
  const auto source = open();
  EXPECT_EQ(next_of(*source), "one");
  EXPECT_EQ(next_of(*source), "two");
  fs::resize_file(path_, 30);
  EXPECT_EQ(next_of(*source), "(ended)");
  EXPECT_EQ(source->end().how, SourceEnd::How::corrupt);
  EXPECT_EQ(source->end().what, path_ + ": ends at byte 62, as it was cut to 30 bytes while it was read");
}

TEST_F(Follow, OpeningWaitsForTheHeader) {
  const std::string image = PcapImage{}.packet(1'000, "one").bytes();
  std::thread writer([&] {
    for (const char byte : image) write({&byte, 1});
  });
  const auto source = open();
  writer.join();
  EXPECT_EQ(next_of(*source), "one");
}

TEST_F(Follow, FromARecordOn) {
  PcapImage image;
  image.packet(1'000, "one").packet(2'000, "two");
  write(image.bytes());
  const auto source = open(image.records()[1]);
  EXPECT_EQ(next_of(*source), "two");
  EXPECT_EQ(next_of(*source), "(idle)");
  write(PcapImage{}.packet(3'000, "three").bytes().substr(24));
  EXPECT_EQ(next_of(*source), "three");
}

TEST_F(Follow, CompressedAsItIsFlushed) {
  const std::string image = PcapImage{}.packet(1, "one").packet(2, "two").bytes();
  write(zstd_packed(image.substr(0, 43)));
  const auto source = open();
  EXPECT_EQ(next_of(*source), "one");
  EXPECT_EQ(next_of(*source), "(idle)");
  const std::string rest = zstd_packed(image.substr(43));
  write(rest.substr(0, 3));
  EXPECT_EQ(next_of(*source), "(idle)");
  write(rest.substr(3));
  EXPECT_EQ(next_of(*source), "two");
  write(rest.substr(0, 3));
  close();
  fs::remove(path_);
  EXPECT_EQ(next_of(*source), "(ended)");
  EXPECT_EQ(source->end().how, SourceEnd::How::cut_short);
  EXPECT_EQ(source->end().what, path_ + ": ends at byte 62 once unpacked, as its zstd data ends too early");
}

TEST_F(Follow, MergedByTimeWithOneThatIsWhole) {
  write(PcapImage{}.packet(2'000, "two").bytes());
  const auto other = folder_.file("y.pcap", PcapImage{}.packet(1'000, "one").packet(4'000, "four").bytes());
  std::vector<std::unique_ptr<Source>> sources;
  sources.push_back(open());
  auto whole = open_capture_file({.path = other}, 1, pool_);
  ASSERT_TRUE(whole);
  sources.push_back(std::move(*whole));
  const auto merged = merge_by_time(std::move(sources));
  EXPECT_EQ(next_of(*merged), "one");
  EXPECT_EQ(next_of(*merged), "two");
  EXPECT_EQ(next_of(*merged), "(idle)") << "what is written next may be earlier than four";
  write(PcapImage{}.packet(3'000, "three").bytes().substr(24));
  EXPECT_TRUE(is_readable(*merged));
  EXPECT_EQ(next_of(*merged), "three");
  close();
  fs::remove(path_);
  EXPECT_EQ(next_of(*merged), "four");
  EXPECT_EQ(next_of(*merged), "(ended)");
}

TEST_F(Follow, APipeIsAPipe) {
  StandardPipe pipe;
  pipe.write(PcapImage{}.packet(1'000, "one").bytes());
  const auto source = open_capture_file({.path = "-", .follow = true}, 0, pool_);
  ASSERT_TRUE(source) << source.error().what;
  EXPECT_EQ(next_of(**source), "one");
  EXPECT_EQ(next_of(**source), "(idle)");
  pipe.close();
  EXPECT_EQ(next_of(**source), "(ended)");
}

}  // namespace
}  // namespace unspool::test
