// Somebody sets the machine's clock, back and forth, while it listens or while a capture was taken.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

#include "capture/quiet_clock.h"
#include "feed.h"
#include "run.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;

/// How far the clock is off, so long after the beginning.
using Off = std::function<Duration(Duration since)>;

struct Row {
  const char* what;
  Off off;
};

Off set(Duration when, Duration by) {
  return [=](Duration since) { return since >= when ? by : Duration{0}; };
}
Off set_twice(Duration when, Duration by, Duration again, Duration by_then) {
  return [=](Duration since) { return since >= again ? by_then : since >= when ? by : Duration{0}; };
}

/// What listens while that happens: talk, questions over UDP, a late answer to a SYN, a SYN that nobody answers, a
/// session that falls silent.
Stamped traffic() {
  Dialog talk(80), rare(80, 50'001, "10.0.0.3"), late(80, 50'002, "10.0.0.4"), silent(80, 50'003, "10.0.0.5"),
      unanswered(80, 50'004, "10.0.0.6");
  talk.open();
  rare.open();
  for (int i = 0; i < 60; ++i) talk.client("ask " + std::to_string(i)).server("answer").pause(6s);
  for (int i = 0; i < 4; ++i) rare.client("rare " + std::to_string(i)).server("answer").pause(90s);
  talk.close();
  rare.close();
  late.pause(50s).open().client("hello").server("you").close();
  silent.open().client("one").server("two");
  unanswered.pause(55s).open();
  Stamped packets = together({talk, rare, silent});
  const auto add = [&](Duration when, const Frame& frame) { packets.emplace_back(kTestTime + when, frame); };
  for (std::size_t i = 0; i < late.size(); ++i)
    add(50s + (i > 0 ? 20s : 0s) + std::chrono::milliseconds(i), late.packets()[i].second);
  add(55s, unanswered.packets()[0].second);
  for (int i = 0; i < 20; ++i) {
    add(i * 20s, eth() / ip4("10.0.0.7", "10.0.0.8") / udp(4000, 53).payload("q" + std::to_string(i)));
    add(i * 20s + 1ms, eth() / ip4("10.0.0.8", "10.0.0.7") / udp(53, 4000).payload("a" + std::to_string(i)));
  }
  std::stable_sort(packets.begin(), packets.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return packets;
}

/// Packets stamped by the clock as it is then, and time told each second.
Ran listen(const Stamped& packets, const Off& off, unsigned workers) {
  const auto feed = [&](Pipeline& pipeline) {
    Feed give{pipeline};
    QuietClock quiet;
    const QuietClock::SteadyTime began{1h};
    Duration now = 0s;
    const auto wait_until = [&](Duration until) {
      for (; now < until; now += 1s) pipeline.dispatcher().advance(quiet.at(kTestTime + now + off(now), began + now));
    };
    for (const auto& [time, frame] : packets) {
      wait_until(time - kTestTime);
      give({time + off(time - kTestTime), frame});
    }
    wait_until(now + 400s);
  };
  return run_live(feed, {}, workers);
}

TEST(SetClock, WhileItListensChangesNothing) {
  const Row rows[] = {
      {"a little forth", set(60s, 3s)},
      {"three minutes forth", set(60s, 3min)},
      {"an hour forth", set(60s, 1h)},
      {"fifty years forth", set(60s, 24h * 365 * 50)},
      {"three minutes back", set(60s, -3min)},
      {"a year back", set(60s, -24h * 365)},
      {"forth and back", set_twice(60s, 1h, 120s, 0s)},
      {"back and forth", set_twice(60s, -1h, 120s, 0s)},
      {"forth and further", set_twice(60s, 20min, 62s, 40min)},
      {"to and fro", [](Duration since) { return since / 10s % 2 == 0 ? 5min : -5min; }},
  };
  const Stamped packets = traffic();
  for (const unsigned workers : {0U, 2U}) {
    const Ran as_it_should = listen(packets, set(0s, 0s), workers);
    ASSERT_EQ(as_it_should.count("sessions.ended.idle"), 3U) << as_it_should.all();
    ASSERT_EQ(as_it_should.count("sessions.ended.closed"), 3U) << as_it_should.all();
    for (const Row& row : rows) {
      const Ran ran = listen(packets, row.off, workers);
      EXPECT_EQ(ran.all(), as_it_should.all()) << row.what << ", workers: " << workers;
    }
  }
}

/// Packets' stamps alone tell time: there, a clock that was set forth looks as if nothing had come so long. But what is
/// behind, for less than sessions are waited for, does no harm, nor do a few packets that are ahead.
TEST(SetClock, InACaptureWhatIsBehindChangesNothing) {
  const auto range = [](Duration from, Duration until, Duration by) {
    return [=](Duration since) { return since >= from && since < until ? by : Duration{0}; };
  };
  const Row rows[] = {
      {"a little back", range(60s, 90s, -3s)},
      {"an hour back", range(60s, 90s, -1h)},
      {"a year back", range(60s, 80s, -24h * 365)},
      {"an hour forth for some packets", range(60s, 63s, 1h)},
      {"to and fro", [](Duration since) { return since / 10s % 2 == 0 ? Duration{0} : -5min; }},
  };
  const Stamped packets = traffic();
  const Ran as_it_should = run(packets);
  ASSERT_EQ(as_it_should.count("sessions.ended.closed"), 3U) << as_it_should.all();
  for (const unsigned workers : {0U, 3U}) {
    for (const Row& row : rows) {
      Stamped stamped = packets;
      for (auto& [time, frame] : stamped) time += row.off(time - kTestTime);
      EXPECT_EQ(run(stamped, {}, workers).all(), as_it_should.all()) << row.what << ", workers: " << workers;
    }
  }
}

}  // namespace
}  // namespace unspool::test
