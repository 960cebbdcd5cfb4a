#include "events/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "events/rotated_files.h"
#include "support/capture_file.h"
#include "told.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::floor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

/// A folder with an events.json, and a time of day that stands still until it is told otherwise.
struct Desk {
  ScratchFolder folder;
  std::string path = folder.path("events.json");
  Fd directory{::open(folder.path("").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  Timestamp now = at(0);

  EventPlace place() {
    EventPlace place = place_of(path, directory.get());
    place.now = [this] { return now; };
    return place;
  }
  std::unique_ptr<EventFile> open(const EventSettings& settings = {}) {
    auto file = std::make_unique<EventFile>(place(), settings);
    EXPECT_TRUE(file->open());
    return file;
  }
  std::string text() const { return file_text(path); }
  std::string text(const std::string& name) const { return file_text(folder.path(name)); }
  std::vector<std::string> rotated() const { return rotated_files(directory.get()); }
};

void append(EventFile& file, const std::string& lines) { file.append(lines, at(0)); }

TEST(RotatedFiles, HaveNamesThatSortAndReadBack) {
  const Timestamp when = floor<std::chrono::microseconds>(at(0));
  const std::string name = rotated_name(when);
  EXPECT_EQ(name, "events-20061102T181500.123456Z.json");
  EXPECT_EQ(rotated_time(name), when);
  EXPECT_LT(name, rotated_name(when + 1us));
  EXPECT_LT(rotated_name(at(999)), rotated_name(at(100'000'000)));
  for (const char* other : {"", "events.json", "events-.json", "events-20061102T181500.123456Z.json.gz",
                            "events-20061102T181500.12345Z.json", "events-20061102T181500.1234567Z.json",
                            "events-2006110_T181500.123456Z.json", "events-20061102 181500.123456Z.json",
                            "events-20061302T181500.123456Z.json", "flows-20061102T181500.123456Z.json"}) {
    EXPECT_EQ(rotated_time(other), std::nullopt) << other;
  }
}

TEST(EventFile, RotatesBeforeItGrowsPastItsSize) {
  Desk desk;
  const auto file = desk.open({.rotate_bytes = 10});
  append(*file, "one\n");
  append(*file, "three\n");
  EXPECT_EQ(desk.text(), "one\nthree\n") << "ten bytes are not past ten";
  desk.now = at(2000);
  append(*file, "4\n");
  EXPECT_EQ(desk.text(), "4\n");
  EXPECT_THAT(desk.rotated(), ElementsAre("events-20061102T181502.123456Z.json"));
  EXPECT_EQ(desk.text(desk.rotated()[0]), "one\nthree\n");
  append(*file, "more than the whole size\n");
  append(*file, "5\n");
  EXPECT_EQ(desk.text(), "5\n");
  EXPECT_EQ(desk.text(desk.rotated()[2]), "more than the whole size\n") << "lines are never cut";
  EXPECT_EQ(file->totals().rotated, 3U);
  EXPECT_EQ(file->totals().lost, 0U);
}

TEST(EventFile, RotatesWhenItsIntervalIsOver) {
  Desk desk;
  const auto file = desk.open({.rotate_interval = 1min});
  append(*file, "one\n");
  desk.now = at(44'000);  // 18:15:44
  file->tick();
  EXPECT_THAT(desk.rotated(), IsEmpty());
  desk.now = at(60'000);
  file->tick();
  EXPECT_THAT(desk.rotated(), ElementsAre("events-20061102T181600.123456Z.json"));
  desk.now = at(600'000);
  file->tick();
  EXPECT_EQ(desk.rotated().size(), 1U) << "an empty file is not rotated";
  append(*file, "two\n");
  file->tick();
  EXPECT_EQ(desk.text(), "two\n") << "its interval begins with its first line";
  desk.now = at(0);
  file->tick();
  EXPECT_EQ(desk.rotated().size(), 1U) << "time that goes back ends no interval";
}

TEST(EventFile, OfAnIntervalThatEndedWhileNobodyRanIsRotatedAtOnce) {
  Desk desk;
  append(*desk.open(), "yesterday\n");
  const timespec times[2] = {{.tv_sec = 1'162'400'000, .tv_nsec = 0}, {.tv_sec = 1'162'400'000, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, desk.path.c_str(), times, 0), 0);
  const auto file = desk.open({.rotate_interval = 24h});
  file->tick();
  EXPECT_EQ(desk.rotated().size(), 1U);
  EXPECT_EQ(desk.text(), "");
}

TEST(EventFile, KeepsTheNewestOfThoseThatWereRotated) {
  Desk desk;
  desk.folder.file("events-.json", "somebody else's");
  {
    const auto file = desk.open({.rotate_bytes = 1, .keep = 0});
    for (int i = 0; i < 5; ++i) append(*file, fmt::format("{}\n", i));
    EXPECT_EQ(desk.rotated().size(), 4U) << "0: all";
    EXPECT_EQ(file->totals().removed, 0U);
  }
  const auto file = desk.open({.rotate_bytes = 1, .keep = 2});
  ASSERT_EQ(desk.rotated().size(), 2U) << "at the start too";
  EXPECT_EQ(desk.text(desk.rotated()[0]), "2\n");
  append(*file, "5\n");
  ASSERT_EQ(desk.rotated().size(), 2U);
  EXPECT_EQ(desk.text(desk.rotated()[1]), "4\n");
  EXPECT_EQ(file->totals().removed, 3U);
  EXPECT_EQ(desk.text("events-.json"), "somebody else's");
}

TEST(EventFile, NamesGoOnWhenTheTimeOfDayGoesBack) {
  Desk desk;
  const EventSettings settings{.rotate_bytes = 1};
  {
    const auto file = desk.open(settings);
    append(*file, "0\n");
    append(*file, "1\n");
    desk.now = at(-5000);
    append(*file, "2\n");
  }
  desk.now = at(-9000);
  const auto file = desk.open(settings);
  append(*file, "3\n");
  std::string all;
  for (const std::string& name : desk.rotated()) all += desk.text(name);
  EXPECT_EQ(all + desk.text(), "0\n1\n2\n3\n") << "in the order of their names";
}

TEST(EventFile, GoesOnWhereItsNameIsWhenItIsToldTo) {
  Desk desk;
  const auto file = desk.open();
  append(*file, "one\n");
  fs::rename(desk.path, desk.folder.path("events.json.1"));
  append(*file, "two\n");
  EXPECT_EQ(desk.text("events.json.1"), "one\ntwo\n") << "until then it goes on where it was";
  ASSERT_TRUE(file->reopen());
  append(*file, "three\n");
  EXPECT_EQ(desk.text(), "three\n");
  ASSERT_TRUE(file->reopen());
  append(*file, "four\n");
  EXPECT_EQ(desk.text(), "three\nfour\n") << "nobody renamed it";
}

TEST(EventFile, GoesOnInTheOldOneWhenTheNewOneCannotBeOpened) {
  Desk desk;
  const auto file = desk.open();
  fs::rename(desk.path, desk.folder.path("events.json.1"));
  fs::create_directory(desk.path);
  EXPECT_FALSE(file->reopen());
  append(*file, "one\n");
  EXPECT_EQ(desk.text("events.json.1"), "one\n");
}

// Both rotate, and the other one was first: its name is taken as it is.
TEST(EventFile, DoesNotRotateWhatAnotherHasRenamed) {
  Desk desk;
  const auto file = desk.open({.rotate_bytes = 1});
  append(*file, "one\n");
  fs::rename(desk.path, desk.folder.path("events.json.1"));
  append(*file, "two\n");
  EXPECT_THAT(desk.rotated(), IsEmpty());
  EXPECT_EQ(desk.text("events.json.1"), "one\n");
  EXPECT_EQ(desk.text(), "two\n");
}

TEST(EventFile, GrowsOnWhereItCannotBeRotated) {
  Desk desk;
  bool broken = false;
  EventPlace place = desk.place();
  place.open = [&, open = place.open]() -> Result<Fd> {
    errno = EMFILE;
    return broken ? fail("no descriptors") : open();
  };
  EventFile file{place, {.rotate_bytes = 1}};
  ASSERT_TRUE(file.open());
  append(file, "one\n");
  broken = true;
  append(file, "two\n");
  EXPECT_EQ(desk.text(), "one\ntwo\n");
  ASSERT_TRUE(file.trouble());
  EXPECT_EQ(file.trouble()->what,
            desk.path + ": cannot be rotated, and goes on growing: Too many open files (os error 24)");
  broken = false;
  append(file, "three\n");
  EXPECT_EQ(desk.text(), "one\ntwo\nthree\n") << "not tried again at once";
  desk.now += 6s;
  append(file, "four\n");
  EXPECT_EQ(desk.text(), "four\n");
  EXPECT_FALSE(file.trouble());
  EXPECT_EQ(file.totals().lost, 0U);
}

TEST(EventFile, LosesAndTearsNothingWhileThreadsWriteAndItIsRotated) {
  constexpr int kLines = 4000, kThreads = 3;
  Desk desk;
  const auto file = desk.open({.rotate_bytes = 20'000, .keep = 0});
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kLines; i += 4) {
          std::string lines;
          for (int k = 0; k < 4; ++k) lines += fmt::format("{} {} {}\n", t, i + k, std::string(20, 'x'));
          append(*file, lines);
        }
      });
    }
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(file->reopen());
      file->tick();
    }
  }
  std::map<int, int> next;
  std::vector<std::string> names = desk.rotated();
  EXPECT_GT(names.size(), 10U);
  names.emplace_back("events.json");
  for (const std::string& name : names) {
    const std::string text = desk.text(name);
    EXPECT_LE(text.size(), 20'000U);
    for (std::string_view rest = text; !rest.empty();) {
      const std::string line{rest.substr(0, rest.find('\n') + 1)};
      const int thread = line[0] - '0';
      ASSERT_EQ(line, fmt::format("{} {} {}\n", thread, next[thread]++, std::string(20, 'x')));
      rest.remove_prefix(line.size());
    }
  }
  for (int t = 0; t < kThreads; ++t) EXPECT_EQ(next[t], kLines);
}

/// No file of this process grows past `bytes` while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_{std::signal(SIGXFSZ, SIG_IGN)} {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before_), 0);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

const std::string kLostThree = R"({"timestamp":"2006-11-02T18:15:00.123456+0000","event_type":"anomaly",)"
                               R"("anomaly":{"type":"output","event":"events_lost"},)"
                               R"x("unspool":{"lines":3,"why":"File too large (os error 27)"}})x"
                               "\n";

// It was: the half of a line stayed, and the next one was written behind it.
TEST(EventFile, NothingIsWrittenBehindACutLine) {
  Desk desk;
  const auto file = desk.open();
  append(*file, "one\n");
  {
    const FileSizeLimit limit{10};
    append(*file, "two\nthree\nfour\n");
    EXPECT_EQ(desk.text(), "one\ntwo\n") << "whole lines that fit stay, and no part of another";
    append(*file, "and five\n");
    EXPECT_EQ(desk.text(), "one\ntwo\n");
    ASSERT_TRUE(file->trouble());
    EXPECT_EQ(file->trouble()->what,
              desk.path + ": events cannot be written, and are dropped until they can: File too large (os error 27)");
  }
  append(*file, "six\n");
  EXPECT_EQ(desk.text(), "one\ntwo\n" + kLostThree + "six\n") << "the file itself says what it lacks";
  append(*file, "seven\n");
  EXPECT_EQ(desk.text(), "one\ntwo\n" + kLostThree + "six\nseven\n");
  EXPECT_FALSE(file->trouble());
  EXPECT_EQ(file->totals().lost, 3U);
  ASSERT_TRUE(file->loss());
  EXPECT_EQ(
      file->loss()->what,
      desk.path + ": 3 lines of events were lost, because they could not be written: File too large (os error 27)");
}

TEST(EventFile, WhatIsLostWhileItIsBeingToldIsToldToo) {
  Desk desk;
  const auto file = desk.open();
  {
    const FileSizeLimit limit{0};
    append(*file, "1\n2\n");
  }
  {
    const FileSizeLimit limit{kLostThree.size() + 1};  // enough for the line that tells, and for no other
    append(*file, "3\n");
    EXPECT_EQ(desk.text(), "");
  }
  append(*file, "4\n");
  EXPECT_EQ(desk.text(), kLostThree + "4\n");
  expect_json_lines(desk.text().substr(0, kLostThree.size()));
}

TEST(EventFile, AFullDiskIsSaidWithWhatToDo) {
  EventFile file{
      {.open = []() -> Result<Fd> { return Fd{::open("/dev/full", O_RDWR | O_CLOEXEC)}; }, .path = "/out/events.json"},
      {}};
  ASSERT_TRUE(file.open());
  EXPECT_FALSE(file.trouble()) << "nothing was tried yet";
  append(file, "1\n");
  ASSERT_TRUE(file.trouble());
  EXPECT_EQ(file.trouble()->what,
            "/out/events.json: events cannot be written, and are dropped until they can: No space left on device "
            "(os error 28); make room there, or choose another place with -o");
  EXPECT_EQ(file.totals().lost, 1U);
}

TEST(EventFile, WritesAgainWhenAFullDiskHasRoom) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount a small file system";
  const ScratchFolder folder;
  const std::string disk = folder.path("disk");
  fs::create_directory(disk);
  if (std::system(fmt::format("mount -t tmpfs -o size=64k none {} 2>/dev/null", disk).c_str()) != 0)
    GTEST_SKIP() << "a tmpfs cannot be mounted here";
  {
    std::ofstream{disk + "/hog"} << std::string(40'000, 'x');
    EventFile file{place_of(disk + "/events.json"), {}};
    ASSERT_TRUE(file.open());
    int said = 0;
    for (; said < 100; ++said) append(file, fmt::format("{:999}\n", said));
    EXPECT_GT(file.totals().lost, 50U);
    fs::remove(disk + "/hog");
    append(file, "again\n");
    const std::string text = file_text(disk + "/events.json");
    EXPECT_THAT(text, HasSubstr(fmt::format("\"lines\":{}", file.totals().lost)));
    EXPECT_TRUE(text.ends_with("}\nagain\n")) << text;
    EXPECT_EQ(static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')), 102 - file.totals().lost)
        << "said once, not in each gap that is large enough to say it";
  }
  EXPECT_EQ(std::system(fmt::format("umount {}", disk).c_str()), 0);
}

}  // namespace
}  // namespace unspool::test
