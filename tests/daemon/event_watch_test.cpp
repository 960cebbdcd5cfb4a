// events.json while the program runs: passed on in time, rotated, opened anew, through a disk that fills up.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "running.h"
#include "support/dialog.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

namespace fs = std::filesystem;

std::string arp_at(Duration after) { return to_pcap({{kTestTime + after, eth() / arp("10.0.0.1", "10.0.0.2")}}); }

/// The record alone, as it follows on others.
std::string more(const std::string& capture) { return capture.substr(24); }

std::vector<std::string> rotated_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("events-")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

class EventsOfAProgram : public testing::Test {
 protected:
  std::vector<std::string> words(const std::string& set = "protocols=[]") const {
    return {"-r", "-", "-q", "-o", out, "--set", set, "-j", "1"};
  }
  std::vector<std::string> arps() const { return lines_with(events, "\"event_type\":\"arp\""); }
  ScratchFolder folder;
  const std::string out = folder.path("out"), events = out + "/events.json";
};

TEST_F(EventsOfAProgram, ArePassedOnWhenASecondHasGone) {
  Running program{words()};
  program.feed(arp_at(0s));
  EXPECT_TRUE(soon([&] { return arps().size() == 1; }));
  program.feed(more(arp_at(999ms)));
  EXPECT_FALSE(soon([&] { return arps().size() > 1; }, 300ms)) << "less than a second of the packets' time";
  program.feed(more(arp_at(1s)));
  EXPECT_TRUE(soon([&] { return arps().size() == 3; }));
  EXPECT_EQ(program.end().exit_code, 0);
}

TEST_F(EventsOfAProgram, GoWhereTheNameIsAfterAHangup) {
  Running program{words()};
  program.feed(arp_at(0s));
  ASSERT_TRUE(soon([&] { return arps().size() == 1; }));
  fs::rename(events, out + "/events.json.1");
  program.signal(SIGHUP);
  ASSERT_TRUE(soon([&] { return fs::exists(events); }));
  program.feed(more(arp_at(2s)));
  EXPECT_TRUE(soon([&] { return arps().size() == 1; }));
  EXPECT_EQ(program.end().exit_code, 0);
  EXPECT_THAT(lines_with(out + "/events.json.1", ""), SizeIs(1));
  EXPECT_THAT(lines_with(events, ""), SizeIs(2)) << "the second ARP, and stats";
}

TEST_F(EventsOfAProgram, AreRotatedByTime) {
  Running program{words("events.rotate_interval=1s")};
  program.feed(arp_at(0s));
  ASSERT_TRUE(soon([&] { return fs::exists(out) && rotated_in(out).size() == 1; }));
  EXPECT_EQ(content(events), "");
  EXPECT_EQ(program.end().exit_code, 0);
  EXPECT_THAT(lines_with(out + "/" + rotated_in(out)[0], "\"event_type\":\"arp\""), SizeIs(1));
  EXPECT_THAT(lines_with(events, "\"events\":{\"lost\":0,\"rotated\":1,\"removed\":0}"), SizeIs(1));
}

// What goes each second went off as the capture ended, and the run went on for ever: all of it is heard in one turn
// here.
TEST_F(EventsOfAProgram, ThatEndsWhileItsTimersGoOff) {
  Running program{words()};
  program.feed(arp_at(0s));
  ASSERT_TRUE(soon([&] { return fs::exists(events); }));
  program.signal(SIGSTOP);
  std::this_thread::sleep_for(1200ms);
  program.close_input();
  program.signal(SIGCONT);
  EXPECT_TRUE(soon([&] { return program.has_ended(); }, 5s));
}

TEST_F(EventsOfAProgram, OfAnEarlierRunAreReplacedWithTheRotatedOnes) {
  for (int i = 0; i < 2; ++i) {
    Running program{{"-r", "-", "-q", "-o", out, "--set", "events.rotate_bytes=1", "--replace"}};
    program.feed(arp_at(0s));
    EXPECT_EQ(program.end().exit_code, 0);
    EXPECT_THAT(rotated_in(out), SizeIs(1)) << "the ARP; stats are in events.json";
  }
}

TEST_F(EventsOfAProgram, StopOnAFullDiskAndGoOnWhenThereIsRoom) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount a small file system";
  fs::create_directory(out);
  if (std::system(fmt::format("mount -t tmpfs -o size=16k none {} 2>/dev/null", out).c_str()) != 0)
    GTEST_SKIP() << "a tmpfs cannot be mounted here";
  {
    Running program{{"-r", "-", "-o", out, "--set", "protocols=[]", "-j", "1"}};
    program.feed(arp_at(0s));
    ASSERT_TRUE(soon([&] { return arps().size() == 1; }));
    std::ofstream{out + "/hog"} << std::string(8192, 'x');
    for (int i = 1; i < 60; ++i) {
      program.feed(more(arp_at(2s * i)));
      ::usleep(2000);  // so that each is a batch of its own, and each batch a write
    }
    ASSERT_TRUE(soon([&] { return program.err().find("No space left") != std::string::npos; })) << program.err();
    EXPECT_FALSE(program.has_ended());
    fs::remove(out + "/hog");
    program.feed(more(arp_at(200s)));
    EXPECT_TRUE(soon([&] { return !lines_with(events, "events_lost").empty(); }, 5s));
    EXPECT_TRUE(soon([&] { return program.err().find("events are written again") != std::string::npos; }));
    const Outcome run = program.end();
    EXPECT_EQ(run.exit_code, 1) << "something was lost";
    EXPECT_THAT(run.err, HasSubstr("lines of events were lost"));
    const std::string err = run.err;
    EXPECT_EQ(err.find("dropped until they can"), err.rfind("dropped until they can")) << "said once: " << err;
  }
  EXPECT_EQ(std::system(fmt::format("umount {}", out).c_str()), 0);
}

}  // namespace
}  // namespace unspool::test
