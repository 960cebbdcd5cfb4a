// What the pipeline does differently where packets come from interfaces.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "run.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// Gives packets to a pipeline, each in memory that stays.
class Feed {
 public:
  explicit Feed(Pipeline& pipeline) : pipeline_{pipeline} {}
  /// `dropped`: packets that were lost so far.
  void operator()(const std::pair<Timestamp, Frame>& packet, std::uint64_t dropped = 0) {
    const std::string frame = packet.second.bytes();
    if (!block_ || used_ + frame.size() > BlockPool::kBlockSize) block_ = pool().take(), used_ = 0;
    std::byte* at = block_->space().data() + used_;
    std::memcpy(at, frame.data(), frame.size());
    used_ += frame.size();
    pipeline_.take({.time = packet.first,
                    .bytes = {at, frame.size()},
                    .wire_length = static_cast<std::uint32_t>(frame.size()),
                    .link_type = 1,
                    .record = ++record_,
                    .dropped = dropped,
                    .block = block_.get()});
  }
  /// Outlives the pipeline.
  static BlockPool& pool() {
    static BlockPool pool;
    return pool;
  }

 private:
  Pipeline& pipeline_;
  BlockRef block_;
  std::size_t used_ = 0;
  std::uint64_t record_ = 0;
};

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
  pipeline.report();
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
  const Dialog dialog = Dialog(80).open().client("GET /").server("200").pause(1s).client("more").server("last").close();
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

TEST(LivePipeline, TimePassesWithoutPackets) {
  std::uint64_t idle = 0;
  const auto feed = [&](Pipeline& pipeline) {
    Feed give{pipeline};
    const Dialog dialog = Dialog(80).open().client("GET /");
    for (const auto& packet : dialog.packets()) give(packet);
    pipeline.advance(kTestTime + 4min);
    EXPECT_EQ(count_so_far(pipeline, "sessions.ended.idle"), 0U);
    pipeline.advance(kTestTime + 6min);
    idle = count_so_far(pipeline, "sessions.ended.idle");
    pipeline.advance(kTestTime + 5min);
    EXPECT_EQ(pipeline.now(), kTestTime + 6min) << "time never goes back";
  };
  EXPECT_THAT(run_live(feed).flows, ElementsAre(HasSubstr(" idle ")));
  EXPECT_EQ(idle, 1U);
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
