// What a packet in the steady state asks the heap for: nothing. From a file through a pipeline, sessions open, data
// both ways.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <utility>

#include "bench/workload.h"
#include "capture/file_source.h"
#include "counted_allocations.h"
#include "pipeline/pipeline.h"
#include "protocols/catalog.h"
#include "support/capture_file.h"
#include "support/dialog.h"
#include "support/frame.h"
#include "support/no_events.h"
#include "support/no_transfers.h"

namespace unspool::test {
namespace {

using bench::Plan;

/// Sessions that live at once, most of them from the first packets to the last ones.
struct Talk {
  const char* name = "";
  std::uint32_t sessions = 0;
  Plan plan;
  std::uint32_t at_once = sessions;
};

constexpr unsigned kQuestions = 12'000;  // of ARP, which come first: twice what all batches of a shard can hold
constexpr std::uint32_t kExchanges = 20;
const Plan kFetching{.exchanges = kExchanges, .reply = {1000, 60'000}};
const Plan kTyping{.talk = Plan::Talk::plain, .exchanges = kExchanges, .request = {1, 10}, .reply = {1, 10}};

Plan with(Plan plan, const bench::Faults& faults) {
  plan.faults = faults;
  return plan;
}

const Talk kWeb{"web", 64, kFetching};
const Talk kKeyboards{"smallpkt", 500, kTyping};
const Talk kReordered{"reordered", 64, with(kFetching, {.reordered = 30, .repeated = 13, .overlapping = 7})};
const Talk kLossy{"lossy", 64,
                  with(kFetching, {.unseen = 5, .lost = 5, .reordered = 30, .repeated = 13, .overlapping = 7})};
const Talk kBrief{"brief", 5000, {.request = {1, 10}, .reply = {100, 100}}, 100};

std::string capture_of(const Talk& talk, std::uint64_t& packets) {
  std::uint32_t begun = 0;
  const auto next = [&]() -> std::optional<Plan> {
    if (begun == talk.sessions) return std::nullopt;
    Plan plan = talk.plan;
    plan.seed = ++begun;
    const std::string client = be(0x0a000000 + begun, 4), server = be(0xc6120001, 4);
    plan.client = {IpAddress::v4(as_bytes(client)), 40'000};
    plan.server = {IpAddress::v4(as_bytes(server)), 80};
    return plan;
  };
  PcapImage image;
  const auto ns = [](Timestamp time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); };
  const std::string question = eth() / arp("10.0.0.1", "10.0.0.2");
  for (unsigned i = 0; i < kQuestions; ++i) image.packet(ns(kTestTime), question);
  const auto add = [&](Timestamp time, std::string_view frame) { image.packet(ns(time), frame); };
  packets = bench::mix({.next = next, .at_once = talk.at_once}, {.frame = add, .over = {}}).packets;
  return image.bytes();
}

/// A shard of its own stops at the first packet until the loop has made all the batches that it may, and filled them
/// with those that follow: from then on, none is made or grows because a thread fell behind for once.
class SlowStart : public NoEvents {
 public:
  void on_arp(const ArpRecord&) override {
    if (!std::exchange(slept_, true)) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }

 private:
  bool slept_ = false;
};

/// Takes content, and keeps nothing.
class Swallowing : public TransferSink {
 public:
  std::unique_ptr<Transfer> open(const Session&, Side, std::string_view, std::string_view) override {
    return std::make_unique<Nowhere>();
  }
  void session_ended(const Session&) override {}

 private:
  class Nowhere : public Transfer {
   public:
    void write(Bytes) override {}
    void write_gap(std::uint64_t, Cause) override {}
    void close() override {}
    void discard() override {}
  };
};

/// Until shards have done all that was given to them.
void catch_up(Pipeline& pipeline) {
  const Excused waiting;
  pipeline.dispatcher().flush();
  const auto behind = [](const Pulse& pulse) { return pulse.done < pulse.given; };
  for (;;) {
    const auto pulses = pipeline.pulses();
    if (std::none_of(pulses.begin(), pulses.end(), behind)) return;
    std::this_thread::yield();
  }
}

struct Counted {
  std::uint64_t packets = 0, sessions = 0, allocations = 0;
  std::string places;
};

/// Of the packets from `first` to `last`, in thousandths of all.
Counted count(const Talk& talk, unsigned workers, bool http, unsigned first, unsigned last) {
  std::uint64_t packets = 0;
  const ScratchFolder folder;
  const std::string path = folder.file("capture", capture_of(talk, packets));
  Settings settings;
  settings.streams.grace =
      std::chrono::milliseconds(2);  // within the part that warms up: then no more holes are open than before
  const auto outputs = [&](unsigned) {
    ShardOutputs all{.events = std::make_unique<SlowStart>(), .transfers = std::make_unique<Swallowing>()};
    if (!http) return all;
    for (auto& made : make_protocols({{"http"}})) all.protocols.push_back({.protocol = std::move(made.protocol)});
    return all;
  };
  BlockPool pool;
  const HashSecret secret = HashSecret::from_seed(1);
  Pipeline pipeline{settings, workers, secret, outputs};
  const auto source = open_capture_file({.path = path}, 0, pool);
  Packet packet;
  const auto take = [&](std::uint64_t upto) {
    while (packet.record < upto) {
      if ((*source)->next(packet) != Source::State::packet) return;
      pipeline.dispatcher().take(packet);
    }
  };
  const std::uint64_t bytes = std::filesystem::file_size(path);
  take(bytes * first / 1000);
  catch_up(pipeline);
  const std::uint64_t sessions = pipeline.live_sessions();
  Counted counted;
  CountedAllocations allocations;
  take(bytes * last / 1000);
  catch_up(pipeline);
  counted.allocations = allocations.stop();
  if (counted.allocations > 0) counted.places = allocations.places();
  counted.packets = packets * (last - first) / 1000;
  counted.sessions = pipeline.live_sessions() - sessions;
  while ((*source)->next(packet) == Source::State::packet) pipeline.dispatcher().take(packet);
  pipeline.finish(Ending::capture_end);
  return counted;
}

void tell(const Talk& talk, unsigned workers, const Counted& counted) {
  fmt::print("{}, {} workers: {} allocations in about {} packets, while {} sessions began\n", talk.name, workers,
             counted.allocations, counted.packets, counted.sessions);
}

/// Bounds are of a thousand packets; 0 where nothing is allocated. Those that are not 0 leave room for a list of gaps
/// that grows, and for more that waits at once than ever before.
void expect_at_most(std::uint64_t per_mille, const Talk& talk, unsigned workers) {
  const Counted counted = count(talk, workers, false, 500, 700);
  EXPECT_EQ(counted.sessions, 0U) << "sessions began: this is no steady state";
  EXPECT_LE(counted.allocations * 1000, per_mille * counted.packets) << counted.places;
  tell(talk, workers, counted);
}

class SteadyState : public testing::TestWithParam<unsigned> {};  // by workers
INSTANTIATE_TEST_SUITE_P(Workers, SteadyState, testing::Values(0U, 1U));

TEST_P(SteadyState, InOrderNothingIsAllocated) {
  expect_at_most(0, kWeb, GetParam());
  expect_at_most(0, kKeyboards, GetParam());
}

TEST_P(SteadyState, OutOfOrder) {
  expect_at_most(2, kReordered, GetParam());
  expect_at_most(10, kLossy, GetParam());
}

/// http tells of each exchange, and opens a transfer for each body: the transfer, the body, its name, and the event's
/// text.
TEST_P(SteadyState, WithHttp) {
  const Counted counted = count(kWeb, GetParam(), true, 500, 700);
  tell(kWeb, GetParam(), counted);
  const unsigned exchanges = kWeb.sessions * kExchanges / 5;  // about
  EXPECT_LT(counted.allocations, 5 * exchanges) << counted.places;
}

/// Sessions that begin and end: not steady, so that something may be allocated.
TEST_P(SteadyState, BeginningsAndEnds) {
  const Counted counted = count(kBrief, GetParam(), false, 500, 900);
  EXPECT_GT(counted.sessions, 1500U);
  tell(kBrief, GetParam(), counted);
  EXPECT_LE(counted.allocations, counted.sessions) << counted.places;
}

}  // namespace
}  // namespace unspool::test
