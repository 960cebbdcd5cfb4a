// Packets that come from several capture loops at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "feed.h"
#include "run.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

std::uint64_t count_so_far(Pipeline& pipeline, std::string_view name) {
  for (const auto& [known, count] : pipeline.counts_so_far()) {
    if (known == name) return count;
  }
  return 0;
}

/// Every loop reports, until that comes true.
bool comes_true(Pipeline& pipeline, unsigned loops, const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < until) {
    for (unsigned loop = 0; loop < loops; ++loop) pipeline.dispatcher(loop).report();
    if (condition()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

/// The sessions that the kernel would give to this loop.
Stamped sessions_of(unsigned loop) {
  std::vector<Dialog> dialogs;
  for (std::uint16_t i = 0; i < 40; ++i) {
    Dialog& dialog = dialogs.emplace_back(80, static_cast<std::uint16_t>(50'000 + 1000 * loop + i));
    dialog.open().client("GET /").server(std::string(3000, 'x')).pause(200ms).client("more").server("last");
    if (i % 3 == 0) dialog.close();
  }
  return together(dialogs);
}

TEST(Loops, TellWhatOneTells) {
  constexpr unsigned kLoops = 3;
  const auto by_one = [&](Pipeline& pipeline) {
    Stamped all;
    for (unsigned loop = 0; loop < kLoops; ++loop) {
      for (const auto& packet : sessions_of(loop)) all.push_back(packet);
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    Feed give{pipeline};
    for (const auto& packet : all) give(packet);
    pass_until(pipeline, kTestTime + 10min);
  };
  const auto by_threads = [&](Pipeline& pipeline) {
    std::vector<std::thread> threads;
    for (unsigned loop = 0; loop < kLoops; ++loop) {
      threads.emplace_back([&pipeline, loop] {
        Feed give{pipeline, loop};
        for (const auto& packet : sessions_of(loop)) give(packet);
        pass_until(pipeline, kTestTime + 10min, loop);
        pipeline.dispatcher(loop).report();
      });
    }
    for (std::thread& thread : threads) thread.join();
  };
  const Ran one = run_live(by_one, {}, 2);
  EXPECT_EQ(one.count("sessions.tcp"), 120U);
  for (const unsigned workers : {1U, 2U, 4U})
    EXPECT_EQ(run_live(by_threads, {}, workers, only_raw, kLoops).all(), one.all()) << workers;
}

TEST(Loops, TimeHasPassedWhenTheLastOfThemSaysSo) {
  const auto feed = [](Pipeline& pipeline) {
    Feed ahead{pipeline, 0}, behind{pipeline, 1};
    const Dialog one = Dialog(80).open().client("GET /"), other = Dialog(80, 50'000).open().client("GET /");
    for (const auto& packet : one.packets()) ahead(packet);
    for (const auto& packet : other.packets()) behind(packet);
    pass_until(pipeline, kTestTime + 6min, 0);
    const auto done = [&] {
      return std::ranges::all_of(pipeline.pulses(), [](const Pulse& pulse) { return pulse.done == pulse.given; });
    };
    while (!done()) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(comes_true(pipeline, 2, [&] { return count_so_far(pipeline, "sessions.tcp") == 2; }));
    EXPECT_EQ(count_so_far(pipeline, "sessions.ended.idle"), 0U) << "the other loop is still minutes behind";
    pass_until(pipeline, kTestTime + 6min, 1);
    EXPECT_TRUE(comes_true(pipeline, 2, [&] { return count_so_far(pipeline, "sessions.ended.idle") == 2; }));
  };
  EXPECT_THAT(run_live(feed, {}, 1, only_raw, 2).flows, ElementsAre(HasSubstr(" idle "), HasSubstr(" idle ")));
}

// By its own packets' time, whatever the other loop's is.
TEST(Loops, ASessionsOwnLoopTellsItsTime) {
  const auto feed = [](Pipeline& pipeline) {
    Feed give{pipeline, 0};
    const Dialog first = Dialog(80).open().client("GET /");
    Dialog second(80);
    second.pause(6min).open().client("again");
    for (const auto& packet : first.packets()) give(packet);
    pass_until(pipeline, kTestTime + 5min + 59s, 0);
    for (const auto& packet : second.packets()) give(packet);
  };
  EXPECT_THAT(run_live(feed, {}, 1, only_raw, 2).flows,
              ElementsAre(HasSubstr(" idle C5 S0"), HasSubstr(" shutdown C5 S0")));
}

TEST(Loops, WhatOneLostIsNoCauseOnTheOther) {
  const auto with_hole = [](std::uint16_t port) {
    return Dialog(80, port).open().client("GET /").server("200").client("more").server("last").close();
  };
  const auto feed = [&](Pipeline& pipeline) {
    Feed losing{pipeline, 0}, fine{pipeline, 1};
    const Dialog lost = with_hole(50'000), other = with_hole(50'001);
    for (std::size_t i = 0; i < lost.size(); ++i) {
      if (i == 3) continue;  // GET
      losing(lost.packets()[i], i > 3 ? 1 : 0);
      fine(other.packets()[i]);
    }
  };
  const Ran ran = run_live(feed, {}, 1, only_raw, 2);
  EXPECT_THAT(ran.flows, ElementsAre(HasSubstr(":50000 > 10.0.0.2:80 syn closed C4[0+5 capture_drop] S7"),
                                     HasSubstr(":50001 > 10.0.0.2:80 syn closed C4[0+5 not_captured] S7")));
}

// It is set for the machine, and each loop hears of it when its next packets come.
TEST(Loops, AClockThatIsSetEndsNoSession) {
  const auto feed = [](Pipeline& pipeline) {
    const auto off = [](Duration since, unsigned loop) { return since < (loop == 0 ? 60s : 90s) ? 0s : 3600s; };
    for (const unsigned loop : {0U, 1U}) {
      Feed give{pipeline, loop};
      Dialog talk(80, static_cast<std::uint16_t>(50'000 + loop));
      talk.open();
      for (int i = 0; i < 20; ++i) talk.client("ask").server("answer").pause(10s);
      Duration now = 0s;
      for (const auto& [time, frame] : talk.packets()) {
        for (; now < time - kTestTime; now += 1s)
          pipeline.dispatcher(loop).advance(kTestTime + now - 1s + off(now, loop));
        give({time + off(time - kTestTime, loop), frame});
      }
    }
  };
  EXPECT_THAT(run_live(feed, {}, 1, only_raw, 2).flows,
              ElementsAre(HasSubstr(" shutdown C60 S120"), HasSubstr(" shutdown C60 S120")));
}

/// Which of the two is heard first at a moment is chance; what was acknowledged goes before its answer all the same.
TEST(Loops, SessionWhoseSidesComeOnTwoOfThemIsOne) {
  const auto feed = [](Pipeline& pipeline) {
    Feed of_client{pipeline, 0}, of_server{pipeline, 1};
    Dialog dialog(80);
    dialog.open();
    for (int i = 0; i < 50; ++i) dialog.client("ask").server("answer").pause(2ms);
    dialog.close();
    for (const auto& packet : dialog.packets()) {
      const bool by_client = packet.second.bytes().substr(34, 2) != std::string("\0P", 2);
      (by_client ? of_client : of_server)(packet);
      pipeline.dispatcher(by_client ? 0 : 1).flush();
    }
  };
  const Ran ran = run_live(feed, {}, 1, only_raw, 2);
  EXPECT_THAT(ran.flows, ElementsAre(HasSubstr("10.0.0.1:49152 > 10.0.0.2:80 syn")));
  EXPECT_THAT(ran.flows, ElementsAre(HasSubstr("closed C150 S300")));
}

}  // namespace
}  // namespace unspool::test
