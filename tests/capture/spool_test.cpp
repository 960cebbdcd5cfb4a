// Captures that arrive in a directory: which are read, in what order, once, and what becomes of them.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "capture/spool_source.h"
#include "support/capture_file.h"
#include "support/packed.h"
#include "told.h"

namespace unspool::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A capture of one packet, or of several a microsecond apart, that say what they are.
std::string capture(std::uint64_t second, const std::string& says, int packets = 1) {
  PcapImage image;
  for (int i = 0; i < packets; ++i)
    image.packet(second * 1'000'000'000 + static_cast<unsigned>(i) * 1'000U,
                 packets == 1 ? says : fmt::format("{}{}", says, i));
  return image.bytes();
}

class Told : public SpoolListener {
 public:
  void on_file(std::uint16_t source, const std::string& path, Timestamp) override {
    files.push_back(fs::path{path}.filename().string());
    last_source = source;
  }
  void on_cut_file(const std::string& what) override { lines.push_back("cut: " + what); }
  void on_bad_file(const std::string&, const std::string& what, const std::string& moved_to) override {
    lines.push_back("bad: " + what + (moved_to.empty() ? "" : " -> " + fs::path{moved_to}.filename().string()));
  }
  void on_trouble(const std::string& what) override { lines.push_back("trouble: " + what); }

  std::vector<std::string> files, lines;
  std::uint16_t last_source = 0;
};

class Spool : public testing::Test {
 protected:
  Spool() { fs::create_directory(settings_.directory); }
  void start() {
    source_.reset();
    auto opened = SpoolSource::open(settings_, pool_);
    ASSERT_TRUE(opened) << opened.error().what;
    source_ = std::move(*opened);
    const auto started = source_->start(folder_.path("state"), told_);
    ASSERT_TRUE(started) << started.error().what;
  }
  /// As it comes to be there: written under another name, and renamed.
  void put(const std::string& name, std::string_view bytes) const {
    fs::rename(folder_.file("spool/." + name, bytes), path(name));
  }
  std::string path(const std::string& name) const { return settings_.directory + "/" + name; }
  /// What is given out until there is nothing to wake up for.
  std::string read(std::size_t most = SIZE_MAX) {
    std::vector<std::string> packets;
    for (Packet packet; packets.size() < most;) {
      switch (source_->next(packet)) {
        case Source::State::packet: packets.emplace_back(as_text(packet.bytes)); break;
        case Source::State::idle: {
          pollfd one{.fd = source_->readable_fd(), .events = POLLIN, .revents = 0};
          if (::poll(&one, 1, 0) != 1) return fmt::format("{}", fmt::join(packets, " "));
          break;
        }
        case Source::State::ended: return fmt::format("{} (ended)", fmt::join(packets, " "));
      }
    }
    return fmt::format("{}", fmt::join(packets, " "));
  }
  std::vector<std::string> there(const std::string& directory) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  const ScratchFolder folder_;
  SpoolSettings settings_{.directory = folder_.path("spool")};
  BlockPool pool_;
  Told told_;
  std::unique_ptr<SpoolSource> source_;
};

TEST_F(Spool, InTheOrderOfTheirFirstPackets) {
  put("a", capture(3, "three"));
  put("b", gzipped(capture(1, "one")));
  put("c", capture(2, "two"));
  put("d", capture(2, "and"));
  start();
  EXPECT_EQ(read(), "one two and three");
  EXPECT_THAT(told_.files, ElementsAre("b", "c", "d", "a"));
  EXPECT_EQ(told_.last_source, 3);
  put("f", capture(5, "five"));
  put("e", capture(4, "four"));
  put("late", capture(1, "late"));
  EXPECT_EQ(read(), "late four five");
  EXPECT_EQ(read(), "");
  EXPECT_THAT(there(settings_.directory), ElementsAre("a", "b", "c", "d", "e", "f", "late"));
  EXPECT_THAT(told_.lines, IsEmpty());
  EXPECT_EQ(source_->totals().read, 7U);
}

TEST_F(Spool, WhatIsNotCompleteIsLeftAlone) {
  start();
  for (const char* name : {".hidden", "x.tmp", "x.part", "x.partial"})
    folder_.file(fmt::format("spool/{}", name), capture(1, name));
  Fd writer{::open(path("slow").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  const std::string bytes = capture(2, "slow");
  ASSERT_EQ(write_all(writer.get(), as_bytes(bytes.substr(0, 30))), 0);
  fs::create_directory(path("directory"));
  EXPECT_EQ(read(), "");
  ASSERT_EQ(write_all(writer.get(), as_bytes(bytes.substr(30))), 0);
  writer.reset();
  fs::rename(path("x.tmp"), path("x"));
  EXPECT_EQ(read(), "x.tmp slow");
}

TEST_F(Spool, WhatSomebodyIsWritingAtTheStart) {
  Fd writer{::open(path("slow").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  const std::string bytes = capture(2, "slow");
  ASSERT_EQ(write_all(writer.get(), as_bytes(bytes.substr(0, 41))), 0);
  start();
  EXPECT_EQ(read(), "");
  ASSERT_EQ(write_all(writer.get(), as_bytes(bytes.substr(41))), 0);
  writer.reset();
  EXPECT_EQ(read(), "slow");
  EXPECT_THAT(told_.lines, IsEmpty());
}

TEST_F(Spool, Links) {
  const auto elsewhere = folder_.file("elsewhere", capture(1, "one"));
  start();
  fs::create_hard_link(elsewhere, path("hard"));
  EXPECT_EQ(read(), "one");
  fs::create_symlink(folder_.file("more", capture(2, "two")), path("soft"));
  EXPECT_EQ(read(), "two");
  fs::create_symlink(folder_.path("nowhere"), path("dangling"));
  EXPECT_EQ(read(), "");
}

TEST_F(Spool, APattern) {
  settings_.pattern = "*.pcap*";
  put("a.pcap", capture(1, "one"));
  put("b.log", "a log");
  start();
  put("c.pcap.gz", gzipped(capture(2, "two")));
  put("d.txt", "text");
  EXPECT_EQ(read(), "one two");
  EXPECT_THAT(told_.lines, IsEmpty());
}

TEST_F(Spool, AfterReadingMove) {
  settings_.after = AfterReading::move;
  settings_.done = folder_.path("done");
  put("a", capture(1, "one"));
  start();
  EXPECT_EQ(read(), "one");
  put("a", capture(2, "two"));
  EXPECT_EQ(read(), "two");
  EXPECT_THAT(there(settings_.directory), IsEmpty());
  EXPECT_THAT(there(settings_.done), ElementsAre("a", "a~2"));
  EXPECT_EQ(told(settings_.done + "/a~2"), "2000000000:two whole");
}

TEST_F(Spool, AfterReadingDelete) {
  settings_.after = AfterReading::erase;
  put("a", capture(1, "one"));
  put("bad", "rubbish");
  start();
  EXPECT_EQ(read(), "one");
  EXPECT_THAT(there(settings_.directory), ElementsAre("bad")) << "what could not be read is never deleted";
}

/// The file that is read may be replaced meanwhile: the new one is neither lost nor taken for the old one.
TEST_F(Spool, AFileThatIsReplacedWhileItIsRead) {
  settings_.after = AfterReading::erase;
  put("a", capture(1, "old", 3));
  start();
  EXPECT_EQ(read(1), "old0");
  put("a", capture(2, "new"));
  EXPECT_EQ(read(), "old1 old2 new");
  EXPECT_THAT(there(settings_.directory), IsEmpty());
}

TEST_F(Spool, ANameThatIsUsedAgain) {
  put("a", capture(1, "one"));
  start();
  EXPECT_EQ(read(), "one");
  put("a", capture(2, "two"));
  EXPECT_EQ(read(), "two");
  folder_.file("spool/a", capture(3, "three"));
  EXPECT_EQ(read(), "three");
}

TEST_F(Spool, BadFilesAreSetAsideAndTheRestGoesOn) {
  settings_.bad = folder_.path("bad");
  std::string corrupt = capture(2, "before", 2) + std::string(16, '\xff');
  put("a", capture(1, "one"));
  put("rubbish", "this is no capture");
  put("corrupt", corrupt);
  put("cut", capture(3, "cut", 2).substr(0, 24 + 16 + 4 + 5));
  put("empty", "");
  put("nothing", PcapImage{}.bytes());
  put("z", capture(4, "four"));
  start();
  EXPECT_EQ(read(), "one before0 before1 cut0 four");
  std::sort(told_.lines.begin(), told_.lines.end());
  EXPECT_THAT(told_.lines, ElementsAre(HasSubstr("corrupt: record 3 at byte 70 claims 4294967295 captured bytes"),
                                       HasSubstr("empty: is empty -> empty"),
                                       HasSubstr("rubbish: is no pcap or pcapng file -> rubbish"),
                                       HasSubstr("cut: ends inside record 2 at byte 44")));
  EXPECT_THAT(there(settings_.bad), ElementsAre("corrupt", "empty", "rubbish"));
  EXPECT_THAT(there(settings_.directory), ElementsAre("a", "cut", "nothing", "z"));
  EXPECT_EQ(source_->totals().read, 4U);
  EXPECT_EQ(source_->totals().bad, 3U);
}

TEST_F(Spool, BadFilesMayStay) {
  put("rubbish", "this is no capture");
  start();
  EXPECT_EQ(read(), "");
  EXPECT_THAT(told_.lines, ElementsAre(testing::EndsWith("rubbish: is no pcap or pcapng file")));
  start();
  EXPECT_EQ(read(), "");
  EXPECT_EQ(told_.lines.size(), 1U) << "told once";
}

TEST_F(Spool, ARestartGoesOnWithTheNextFile) {
  put("a", capture(1, "one"));
  put("b 100%\nlines", capture(2, "two"));
  start();
  EXPECT_EQ(read(), "one two");
  put("c", capture(3, "three"));
  start();
  EXPECT_EQ(read(), "three");
  start();
  EXPECT_EQ(read(), "");
  std::ofstream(folder_.path("state"), std::ios::app) << "read 12 34";
  put("d", capture(4, "four"));
  start();
  EXPECT_EQ(read(), "four") << "a line that a crash cut is passed over";
  fs::remove(folder_.path("state"));
  start();
  EXPECT_EQ(read(), "one two three four") << "nothing is known";
}

TEST_F(Spool, ARestartGoesOnInsideAFile) {
  for (const auto& bytes : {capture(1, "p", 5), zstd_packed(capture(2, "p", 5))}) {
    for (std::size_t first = 1; first <= 5; ++first) {
      put("a", bytes);
      start();
      std::string all = read(first);
      ASSERT_TRUE(source_->stop());
      start();
      const std::string rest = read();
      EXPECT_EQ(all + (rest.empty() ? "" : " ") + rest, "p0 p1 p2 p3 p4") << first;
      start();
      EXPECT_EQ(read(), "");
    }
  }
}

TEST_F(Spool, TheStateForgetsWhatIsGone) {
  settings_.after = AfterReading::erase;
  start();
  for (int i = 0; i < 1'010; ++i) {
    put("a", capture(1, "x"));
    ASSERT_EQ(read(), "x") << i;
  }
  std::ifstream state(folder_.path("state"));
  const auto lines = std::count(std::istreambuf_iterator<char>(state), {}, '\n');
  EXPECT_LT(lines, 100);
  put("b", capture(1, "y"));
  EXPECT_EQ(read(), "y");
}

TEST_F(Spool, MoreFilesThanAreHeld) {
  settings_.queue = 7;
  std::string expected;
  for (std::uint64_t i = 0; i < 100; ++i) {
    put(fmt::format("{}", i * 37 % 100), capture(i + 1, fmt::format("{}", i)));
    expected += fmt::format("{}{}", i == 0 ? "" : " ", i);
  }
  start();
  EXPECT_EQ(read(10), expected.substr(0, 19));
  EXPECT_LE(source_->waiting(), 7U);
  put("early", capture(2, "early"));
  EXPECT_EQ(read(), "early " + expected.substr(20)) << "what is left out is not overtaken";
  EXPECT_EQ(read(), "");
}

TEST_F(Spool, AllThatAreHeldGoAway) {
  settings_.queue = 2;
  for (std::uint64_t i = 0; i < 5; ++i) put(fmt::format("{}", i), capture(i + 1, fmt::format("{}", i)));
  start();
  EXPECT_EQ(read(1), "0");
  fs::remove(path("1"));
  fs::remove(path("2"));
  EXPECT_EQ(read(), "3 4");
}

TEST_F(Spool, TheDirectoryGoesAway) {
  put("a", capture(1, "one"));
  start();
  EXPECT_EQ(read(), "one");
  fs::rename(settings_.directory, folder_.path("elsewhere"));
  EXPECT_EQ(read(), " (ended)");
  EXPECT_EQ(source_->end().what, settings_.directory + ": was moved or deleted");
}

TEST_F(Spool, WhatCannotBe) {
  const auto error = [&](const SpoolSettings& settings) {
    const auto opened = SpoolSource::open(settings, pool_);
    if (!opened) return opened.error().what;
    const auto started = (*opened)->start(folder_.path("state"), told_);
    return started ? "" : started.error().what;
  };
  const std::string spool = settings_.directory;
  EXPECT_THAT(error({.directory = folder_.path("none")}), HasSubstr("none: cannot be opened as a directory: No such"));
  EXPECT_THAT(error({.directory = folder_.file("file", "")}),
              HasSubstr("file: cannot be opened as a directory: Not a"));
  EXPECT_THAT(error({.directory = spool, .after = AfterReading::move}), HasSubstr("set spool.done"));
  EXPECT_THAT(error({.directory = spool, .done = "x"}), HasSubstr("set spool.after to move"));
  EXPECT_THAT(error({.directory = spool, .after = AfterReading::move, .done = spool}),
              HasSubstr("is the spool itself"));
  EXPECT_THAT(error({.directory = spool, .bad = "/proc/self"}), HasSubstr("is on another file system"));
  EXPECT_THAT(error({.directory = spool, .bad = folder_.path("no/where")}), HasSubstr("cannot be made: No such file"));
  EXPECT_THAT(error({.directory = spool, .bad = folder_.file("file", "")}), HasSubstr("is no directory"));
}

TEST_F(Spool, AFileThatCannotBeOpenedIsTriedAgainByTheNextRun) {
  const bool is_root = ::geteuid() == 0;  // who may open everything
  constexpr uid_t kNobody = 65'534;
  put("a", capture(1, "one"));
  put("b", capture(2, "two"));
  fs::permissions(path("a"), fs::perms::none);
  fs::permissions(folder_.path(), fs::perms::all);
  if (is_root) {
    ASSERT_EQ(::seteuid(kNobody), 0);
  }
  start();
  const std::string first = read();
  source_.reset();
  fs::remove(folder_.path("state.new"));
  if (is_root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  EXPECT_EQ(first, "two");
  EXPECT_THAT(told_.lines, ElementsAre(HasSubstr("a: cannot be opened: Permission denied")));
  fs::permissions(path("a"), fs::perms::owner_all);
  start();
  EXPECT_EQ(read(), "one");
}

}  // namespace
}  // namespace unspool::test
