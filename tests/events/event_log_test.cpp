#include "events/event_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "support/capture_file.h"
#include "told.h"

namespace unspool::test {
namespace {

constexpr std::size_t kBuffer = 64U << 10U;
const std::string kLine = R"({"timestamp":"2006-11-02T18:15:00.123456+0000","event_type":"stats","stats":{"n":1}})"
                          "\n";

void say(EventSink& sink, std::uint64_t n = 1) { sink.on_stats(at(0), {{"n", n}}); }

std::size_t lines_in(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(EventLog, WritesWhenItIsToldTo) {
  const ScratchFolder folder;
  const std::string path = folder.path("events.json");
  const auto log = open_log(path);
  auto sink = log->sink();
  sink->flush();
  say(*sink);
  EXPECT_EQ(file_text(path), "");
  sink->flush();
  sink->flush();
  EXPECT_EQ(file_text(path), kLine);
  say(*sink);
  EXPECT_EQ(file_text(path), kLine);
  sink.reset();
  EXPECT_EQ(file_text(path), kLine + kLine) << "a sink that goes away leaves nothing behind";
}

TEST(EventLog, WritesWholeLinesWhenItsBufferIsFull) {
  const ScratchFolder folder;
  const std::string path = folder.path("events.json");
  const auto log = open_log(path);
  const auto sink = log->sink();
  const std::size_t full = (kBuffer + kLine.size() - 1) / kLine.size();
  for (std::size_t i = 1; i < full; ++i) say(*sink);
  EXPECT_EQ(file_text(path), "");
  say(*sink);
  const std::string text = file_text(path);
  EXPECT_EQ(lines_in(text), full);
  EXPECT_EQ(text.size(), full * kLine.size());
  say(*sink);
  EXPECT_EQ(file_text(path), text);
}

TEST(EventLog, LinesOfTwoThreadsNeverMix) {
  constexpr std::uint64_t kLines = 20'000;
  const ScratchFolder folder;
  const std::string path = folder.path("events.json");
  const auto log = open_log(path);
  const auto speak = [&](const char* name) {
    const auto sink = log->sink();
    for (std::uint64_t i = 0; i < kLines; ++i) {
      sink->on_stats(at(0), {{name, i}});
      if (i % 97 == 0) sink->flush();
    }
  };
  { const std::jthread one{speak, "one"}, two{speak, "two"}; }
  EXPECT_FALSE(log->file().loss());
  const std::string text = file_text(path);
  expect_json_lines(text);
  std::uint64_t ones = 0, twos = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    const bool first = line.find("one") != line.npos;
    const std::uint64_t n = first ? ones++ : twos++;
    ASSERT_EQ(line, fmt::format(
                        R"({{"timestamp":"2006-11-02T18:15:00.123456+0000","event_type":"stats","stats":{{"{}":{}}}}})"
                        "\n",
                        first ? "one" : "two", n));
    rest.remove_prefix(line.size());
  }
  EXPECT_EQ(ones, kLines);
  EXPECT_EQ(twos, kLines);
}

TEST(EventLog, CutsOffALineThatACrashCut) {
  const auto line = [](std::size_t size) { return std::string(size - 1, 'x') + "\n"; };
  struct Row {
    const char* what;
    std::string whole;
    std::string cut;
  };
  const Row rows[] = {
      {"empty", "", ""},
      {"only whole lines", line(5) + line(7), ""},
      {"a cut one behind a whole one", line(5), "{\"ti"},
      {"only a cut one", "", "{\"ti"},
      {"an empty line", "\n", ""},
      {"just one byte", "", "{"},
      {"whole, of a piece", line(4096), ""},
      {"whole, of two pieces", line(4096) + line(4096), ""},
      {"whole, one over", line(4097), ""},
      {"a cut one of a piece", line(50), std::string(4096, '{')},
      {"a piece, and a cut one of a piece", line(4096), std::string(4096, '{')},
      {"a cut one of a piece but one", line(4097), std::string(4095, '{')},
      {"a cut one of a piece and one", line(4095), std::string(4097, '{')},
      {"cut, of two pieces", "", std::string(8192, '{')},
      {"the line feed is the first byte", "\n", std::string(8192, '{')},
      {"long", "", std::string(100'001, '{')},
      {"long, behind many", line(60'000) + line(3) + line(9), std::string(100'001, '{')},
  };
  for (const Row& row : rows) {
    const ScratchFolder folder;
    const std::string path = folder.file("events.json", row.whole + row.cut);
    const auto log = open_log(path);
    EXPECT_EQ(log->repaired(), row.cut.size()) << row.what;
    EXPECT_EQ(file_text(path), row.whole) << row.what;
    say(*log->sink());
    EXPECT_EQ(file_text(path), row.whole + kLine) << row.what;
  }
}

TEST(EventLog, AppendsWhateverOthersDoToTheFile) {
  const ScratchFolder folder;
  const std::string path = folder.file("events.json", "one\n");
  const auto log = open_log(path);
  const auto other = open_file(path);
  ASSERT_EQ(::lseek(other.get(), 0, SEEK_END), 4);
  ASSERT_EQ(write_all(other.get(), as_bytes("other\n")), 0);
  say(*log->sink());
  EXPECT_EQ(file_text(path), "one\nother\n" + kLine);
}

TEST(EventLog, IsNotOpenedWhereItCannotBeRepaired) {
  const ScratchFolder folder;
  const std::string path = folder.file("events.json", "{");
  const auto error = [](int fd) {
    const auto log = EventLog::open({.open = [fd]() -> Result<Fd> { return Fd{fd}; }, .path = "events.json"}, {}, {});
    return log ? "opened" : log.error().what;
  };
  EXPECT_EQ(error(-1), "events.json: cannot be looked at: Bad file descriptor (os error 9)");
  EXPECT_EQ(error(::open(path.c_str(), O_WRONLY)), "events.json: cannot be read: Bad file descriptor (os error 9)");
  EXPECT_EQ(error(::open(path.c_str(), O_RDONLY)),
            "events.json: its cut last line cannot be removed: Invalid argument (os error 22)");
  EXPECT_EQ(file_text(path), "{");
}

}  // namespace
}  // namespace unspool::test
