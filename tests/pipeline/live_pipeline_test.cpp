// What the pipeline does differently where packets come from interfaces.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "feed.h"
#include "run.h"
#include "support/no_events.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// Stands still at the first chunk until it may go on.
class Slow : public Protocol {
 public:
  explicit Slow(std::atomic<bool>& may_go_on) : may_go_on_{may_go_on} {}
  std::string_view name() const override { return "slow"; }
  Stance stance() const override { return Stance::observer; }
  std::unique_ptr<Parser> follow(const Session&, Outputs&) override { return std::make_unique<Waits>(may_go_on_); }

 private:
  class Waits : public Parser {
   public:
    explicit Waits(std::atomic<bool>& may_go_on) : may_go_on_{may_go_on} {}
    Appetite on_chunk(const Chunk&) override {
      may_go_on_.wait(false);
      return Appetite::more;
    }
    void on_end(Ending) override {}

   private:
    std::atomic<bool>& may_go_on_;
  };
  std::atomic<bool>& may_go_on_;
};

std::uint64_t count_so_far(Pipeline& pipeline, std::string_view name) {
  pipeline.dispatcher().report();
  for (const auto& [known, count] : pipeline.counts_so_far()) {
    if (known == name) return count;
  }
  return 0;
}

TEST(LivePipeline, WhatASlowShardCannotTakeIsDroppedCountedAndNamed) {
  Settings settings;
  settings.capture.queue = 1U << 20U;
  settings.pipeline.duplicates = 0ms;
  Dialog dialog(80);
  dialog.open().client("GET /");
  for (int i = 0; i < 20'000; ++i) dialog.server("0123456789");
  dialog.pause(1s).client_acks().pause(1s).client("more").server("last").close();
  constexpr std::size_t kLast = 6;
  std::atomic<bool> may_go_on = false;
  std::uint64_t dropped = 0;
  const auto feed = [&](Pipeline& pipeline) {
    Feed give{pipeline};
    const auto& packets = dialog.packets();
    for (std::size_t i = 0; i < packets.size() - kLast; ++i) give(packets[i]);
    may_go_on = true;
    may_go_on.notify_all();
    dropped = count_so_far(pipeline, "capture.ring_dropped");
    while (count_so_far(pipeline, "streams.bytes") == 0) std::this_thread::sleep_for(1ms);
    for (std::size_t i = packets.size() - kLast; i < packets.size(); ++i) give(packets[i]);
  };
  const auto slow = [&] {
    std::vector<OfferedProtocol> offered;
    offered.push_back({.protocol = std::make_unique<Slow>(may_go_on)});
    return offered;
  };
  const Ran ran = run_live(feed, settings, 1, slow);
  EXPECT_GT(dropped, 10'000U);
  EXPECT_EQ(ran.count("capture.ring_dropped"), dropped);
  EXPECT_EQ(ran.count("capture.packets"), dialog.size());
  EXPECT_THAT(ran.anomalies, ElementsAre("reached capture.queue " + std::to_string(dropped) + " times"));
  EXPECT_EQ(ran.count("streams.bytes") + ran.count("streams.gap_bytes.capture_drop"), 5 + 4 + 200'000U + 4U);
  EXPECT_THAT(ran.flows, ElementsAre(HasSubstr("capture_drop")));
  EXPECT_THAT(ran.flows, ElementsAre(Not(HasSubstr("not_captured"))));
}

TEST(LivePipeline, LossBehindALoneSynIsNamedToo) {
  for (const Duration silence : {1s, 5s}) {  // which may be long enough to look like a clock that was set
    const Dialog dialog =
        Dialog(80).open().client("GET /").server("200").pause(silence).client("more").server("last").close();
    Dialog other(80, 50'000, "10.0.0.7");
    other.pause(4ms).open();
    const auto feed = [&](Pipeline& pipeline) {
      Feed give{pipeline};
      const auto& packets = dialog.packets();
      give(packets[0]);
      for (const auto& packet : other.packets()) give(packet, 3);  // the first to come behind the loss
      for (std::size_t i = 4; i < packets.size(); ++i) give(packets[i], 3);
    };
    const Ran ran = run_live(feed);
    EXPECT_THAT(ran.flows, testing::Contains(HasSubstr("syn closed C4[0+5 capture_drop] S7")));
    EXPECT_EQ(ran.count("capture.dropped"), 3U);
  }
}

TEST(LivePipeline, TimePassesWithoutPackets) {
  std::uint64_t idle = 0;
  const auto feed = [&](Pipeline& pipeline) {
    Feed give{pipeline};
    const Dialog dialog = Dialog(80).open().client("GET /");
    for (const auto& packet : dialog.packets()) give(packet);
    pass_until(pipeline, kTestTime + 4min);
    EXPECT_EQ(count_so_far(pipeline, "sessions.ended.idle"), 0U);
    pass_until(pipeline, kTestTime + 6min);
    idle = count_so_far(pipeline, "sessions.ended.idle");
    pipeline.dispatcher().advance(kTestTime + 5min);
    EXPECT_EQ(pipeline.dispatcher().now(), kTestTime + 6min) << "time never goes back";
  };
  EXPECT_THAT(run_live(feed).flows, ElementsAre(HasSubstr(" idle ")));
  EXPECT_EQ(idle, 1U);
}

/// Keeps what is told of unanswered handshakes: "10.0.0.9:80 18:15 2x2".
class Unanswered : public NoEvents {
 public:
  void on_unanswered(const UnansweredRecord& u) override {
    told.push_back(fmt::format("{}:{} {} {}x{}", to_string(u.target.address), u.target.port,
                               eve_time(u.minute).substr(11, 5), u.sessions, u.packets));
  }
  std::vector<std::string> told;
};

Stamped syns(Duration after, const char* client, const char* server, std::uint16_t port, int times = 1) {
  Stamped packets;
  for (int i = 0; i < times; ++i) {
    packets.emplace_back(kTestTime + after + i * 20s, eth() / ip4(client, server) / tcp(40'000, port).syn());
  }
  return packets;
}

/// kTestTime is at the beginning of a minute.
TEST(LivePipeline, ScansAreToldWhenTheirMinuteIsOver) {
  for (const unsigned workers : {0U, 3U}) {
    Unanswered early;
    const auto told_after = [&](Pipeline& pipeline, Duration time) {
      pass_until(pipeline, kTestTime + time);
      const auto until = std::chrono::steady_clock::now() + 10s;
      do {
        pipeline.dispatcher().report();
        std::this_thread::sleep_for(1ms);
        pipeline.tell_unanswered(early);
      } while (std::ranges::any_of(pipeline.pulses(), [](const Pulse& p) { return p.done < p.given; }) &&
               std::chrono::steady_clock::now() < until);
      pipeline.tell_unanswered(early);
      return std::exchange(early.told, {});
    };
    const auto feed = [&](Pipeline& pipeline) {
      Feed give{pipeline};
      for (int i = 1; i <= 20; ++i) {
        const std::string client = "10.0.1." + std::to_string(i);
        for (const auto& packet : syns(1s, client.c_str(), "10.0.0.9", 80)) give(packet);
      }
      for (const auto& packet : syns(59s, "10.0.1.1", "10.0.0.8", 22)) give(packet);
      EXPECT_THAT(told_after(pipeline, 61s), testing::IsEmpty()) << "it may still be answered";
      for (const auto& packet : syns(70s, "10.0.1.2", "10.0.0.9", 80, 3)) give(packet);
      EXPECT_THAT(told_after(pipeline, 91s), ElementsAre("10.0.0.8:22 18:15 1x1", "10.0.0.9:80 18:15 20x20"))
          << workers;
      EXPECT_THAT(told_after(pipeline, 100s), testing::IsEmpty()) << "once";
      EXPECT_THAT(told_after(pipeline, 10min), ElementsAre("10.0.0.9:80 18:16 1x3")) << workers;
      for (const auto& packet : syns(10min, "10.0.1.3", "10.0.0.9", 443)) give(packet);
    };
    const Ran ran = run_live(feed, {}, workers);
    EXPECT_THAT(ran.anomalies, ElementsAre("unanswered 10.0.0.9:443 1x1")) << "the end tells only the rest";
    EXPECT_EQ(ran.count("sessions.unanswered"), 23U);
  }
}

TEST(LivePipeline, TotalsOfAllShardsCanBeAskedForWhileTheyWork) {
  const auto feed = [](Pipeline& pipeline) {
    Feed give{pipeline};
    for (std::uint16_t i = 0; i < 100; ++i) {
      const std::string host = "10.0.1." + std::to_string(i);
      const Dialog dialog = Dialog(80, 50'000, host.c_str()).open().client("GET /");
      for (const auto& packet : dialog.packets()) give(packet);
      count_so_far(pipeline, "streams.bytes");
    }
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (count_so_far(pipeline, "streams.bytes") < 500 && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(1ms);
    EXPECT_EQ(count_so_far(pipeline, "sessions.tcp"), 100U);
  };
  EXPECT_EQ(run_live(feed, {}, 3).count("sessions.tcp"), 100U);
}

}  // namespace
}  // namespace unspool::test
