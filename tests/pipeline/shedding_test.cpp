// What shards leave out under overload: made packets, of which some were lost.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "feed.h"
#include "protocols/transcript.h"
#include "run.h"
#include "support/no_events.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::vector<OfferedProtocol> only_transcripts() {
  std::vector<OfferedProtocol> offered;
  offered.push_back({.protocol = std::make_unique<Transcript>()});
  return offered;
}

/// Claims what begins with "mine".
class Mine : public Protocol {
 public:
  std::string_view name() const override { return "mine"; }
  unspool::Claim claim(const Session&, const Opening& opening) const override {
    const std::string_view first = as_text(opening.first[0]);
    if (first.size() < 4)
      return std::string_view{"mine"}.starts_with(first) ? unspool::Claim::unsure : unspool::Claim::no;
    return first.starts_with("mine") ? unspool::Claim::yes : unspool::Claim::no;
  }
  std::unique_ptr<Parser> follow(const Session&, Outputs&) override { return std::make_unique<Listens>(); }

 private:
  class Listens : public Parser {
    Appetite on_chunk(const Chunk&) override { return Appetite::more; }
    void on_end(Ending) override {}
  };
};

std::vector<OfferedProtocol> mine() {
  std::vector<OfferedProtocol> offered;
  offered.push_back({.protocol = std::make_unique<Mine>()});
  return offered;
}

/// Keeps of flows to port 80 how they ended, and their packets.
struct Counted : public NoEvents {
  void on_flow(const FlowRecord& flow) override {
    if (flow.session.server().port == 80)
      told.push_back(fmt::format("{} {}+{}", name(flow.ended), flow.packets[0], flow.packets[1]));
  }
  explicit Counted(std::vector<std::string>& lines) : told{lines} {}
  std::vector<std::string>& told;
};

struct Nowhere : public TransferSink {
  std::unique_ptr<Transfer> open(const Session&, Side, std::string_view, std::string_view) override { return {}; }
  void session_ended(const Session&) override {}
};

/// A pipeline that leaves more and more out, and takes it in again, as told.
class Strained {
 public:
  explicit Strained(Pipeline& pipeline) : give_{pipeline}, pipeline_{pipeline} {}

  void give(const Dialog& dialog, std::size_t from = 0, std::size_t to = 1'000'000) {
    for (std::size_t i = from; i < std::min(to, dialog.size()); ++i) give_(dialog.packets()[i], lost_);
    pipeline_.dispatcher().flush();
  }
  /// A packet was lost, and another one: so one thing more is left out. "" when it is not.
  std::string go_on_losing() {
    lose();
    pipeline_.keep_up(now_);
    lose();
    return look();
  }
  /// Time passes, and nothing is lost.
  std::string calm() { return look(10s); }

 private:
  void lose() {
    const Dialog sign = Dialog(9, 9, "10.9.9.9").client_acks();
    give_(sign.packets()[0], ++lost_);
    pipeline_.dispatcher().flush();
  }
  std::string look(std::chrono::seconds after = 2s) {
    if (after > 2s) pipeline_.keep_up(now_);
    now_ += after;
    const auto step = pipeline_.keep_up(now_);
    return step ? fmt::format("{}{} {}", step->begins ? '-' : '+', name(step->what), step->level) : "";
  }

  Feed give_;
  Pipeline& pipeline_;
  std::uint64_t lost_ = 0;
  Overload::Time now_{};
};

TEST(Shedding, StepsThereAndBackAreCountedAndToldToStores) {
  const auto feed = [](Pipeline& pipeline) {
    Strained run{pipeline};
    EXPECT_EQ(run.calm(), "");
    EXPECT_EQ(run.go_on_losing(), "-transcripts 1");
    EXPECT_EQ(run.go_on_losing(), "-bodies 2");
    EXPECT_EQ(run.go_on_losing(), "-sessions 3");
    EXPECT_EQ(run.go_on_losing(), "");
    run.give(Dialog(80));
    EXPECT_EQ(run.calm(), "+sessions 2");
    EXPECT_EQ(run.calm(), "+bodies 1");
    run.give(Dialog(80));
    EXPECT_EQ(run.calm(), "+transcripts 0");
    EXPECT_EQ(run.calm(), "");
  };
  const Ran ran = run_live(feed);
  EXPECT_EQ(ran.count("overload.steps"), 6U);
  EXPECT_THAT(ran.anomalies, ElementsAre("reached (bodies are kept) 1 times", "reached (bodies are shed) 1 times"));
}

TEST(Shedding, FilesWaitInstead) {
  const Settings settings;
  const HashSecret secret = HashSecret::draw();
  std::vector<std::string> told;
  const auto outputs = [&](unsigned) {
    return ShardOutputs{
        .events = std::make_unique<Counted>(told), .transfers = std::make_unique<Nowhere>(), .protocols = {}};
  };
  Pipeline pipeline{settings, 0, secret, outputs, WhenBehind::wait};
  EXPECT_EQ(Strained(pipeline).go_on_losing(), "");
}

TEST(Shedding, TranscriptsEndWithAMarkAndNoneBegins) {
  const Dialog before = Dialog(80, 50'000).open().client("early").server("lost on it").close();
  const Dialog during = Dialog(80, 50'001, "10.0.0.3").open().client("unheard").close();
  const Dialog after = Dialog(80, 50'002, "10.0.0.4").open().client("late").close();
  const auto feed = [&](Pipeline& pipeline) {
    Strained run{pipeline};
    run.give(before, 0, 4);
    run.go_on_losing();
    run.give(before, 4);
    run.give(during);
    run.calm();
    run.give(after);
  };
  const Ran ran = run_live(feed, {}, 0, only_transcripts);
  ASSERT_THAT(ran.transfers, SizeIs(2));
  EXPECT_THAT(ran.transfers, Contains(AllOf(HasSubstr("early"), Not(HasSubstr("lost on it")),
                                            HasSubstr("transcripts were left out"), EndsWith("TRUNCATED"))));
  EXPECT_THAT(ran.transfers, Contains(AllOf(HasSubstr("late"), EndsWith("CLOSED"))));
  EXPECT_EQ(ran.count("overload.transcripts"), 2U);
  EXPECT_THAT(ran.flows, SizeIs(4)) << "with that of the sign";
  EXPECT_THAT(ran.flows, Contains(HasSubstr("closed C5 S10"))) << "flows are as they were";
}

TEST(Shedding, OldestUnclaimedSessionsAreOnlyCounted) {
  constexpr std::uint16_t kEach = 100;
  std::vector<Dialog> old, young, claimed;
  const auto make = [](std::vector<Dialog>& dialogs, const char* host, Duration after, std::string_view text) {
    for (std::uint16_t i = 0; i < kEach; ++i) {
      Dialog& dialog = dialogs.emplace_back(80, static_cast<std::uint16_t>(50'000 + i), host);
      dialog.pause(after).open().client(text).pause(10s).client("more").close();
    }
  };
  make(old, "10.0.0.3", 0s, "theirs");
  make(claimed, "10.0.0.4", 1ms, "mine");
  make(young, "10.0.0.5", 1s, "theirs");
  constexpr std::size_t kBegun = 4;  // packets
  const auto feed = [&](Pipeline& pipeline) {
    Strained run{pipeline};
    for (const auto* dialogs : {&old, &claimed, &young}) {
      for (const Dialog& dialog : *dialogs) run.give(dialog, 0, kBegun);
    }
    run.go_on_losing();  // sheds from here on, so many a batch
    for (int i = 0; i < 20; ++i) pipeline.dispatcher().flush();
    run.calm();
    for (const auto* dialogs : {&old, &claimed, &young}) {
      for (const Dialog& dialog : *dialogs) run.give(dialog, kBegun);
    }
  };
  Settings settings;
  settings.overload.shed = {Shed::sessions};
  const Ran ran = run_live(feed, settings, 0, mine);
  EXPECT_EQ(ran.count("sessions.tcp"), 3U * kEach + 1);
  const auto flows_of = [&](const std::string& host) {
    std::vector<std::string> flows;
    std::ranges::copy_if(ran.flows, std::back_inserter(flows),
                         [&](const std::string& flow) { return flow.find("TCP " + host + ":") == 0; });
    return flows;
  };
  const auto evicted = [](const std::vector<std::string>& flows) {
    return std::ranges::count_if(flows, [](const std::string& f) { return f.find(" evicted ") != f.npos; });
  };
  const auto of_old = flows_of("10.0.0.3"), of_claimed = flows_of("10.0.0.4"), of_young = flows_of("10.0.0.5");
  EXPECT_THAT(of_old, SizeIs(kEach)) << "a flow for each, followed or not";
  EXPECT_THAT(of_young, SizeIs(kEach));
  EXPECT_THAT(of_claimed, AllOf(SizeIs(kEach), Each(HasSubstr(" closed C8 "))));
  const auto shed = static_cast<std::int64_t>(ran.count("overload.sessions"));
  EXPECT_EQ(evicted(of_old) + evicted(of_young), shed);
  EXPECT_GE(shed, 20);
  EXPECT_LE(shed, 44) << "so many a batch";
  EXPECT_GT(evicted(of_old), evicted(of_young) + 6) << "of few that it looks at, the oldest";
  EXPECT_EQ(ran.count("sessions.ended.evicted"), static_cast<std::uint64_t>(shed));
  for (const std::string& flow : of_old) {
    EXPECT_THAT(flow, testing::AnyOf(HasSubstr(" closed C10 "), HasSubstr(" evicted C6 ")));
  }
}

TEST(Shedding, PacketsOfSessionsThatAreNotFollowedCount) {
  const Dialog dialog = Dialog(80, 50'000, "10.0.0.3").open().client("theirs").server("yes").client("more").close();
  std::vector<std::string> told;
  Settings settings;
  settings.overload.shed = {Shed::sessions};
  const HashSecret secret = HashSecret::draw();
  const auto outputs = [&](unsigned) {
    return ShardOutputs{
        .events = std::make_unique<Counted>(told), .transfers = std::make_unique<Nowhere>(), .protocols = {}};
  };
  Pipeline pipeline{settings, 0, secret, outputs, WhenBehind::drop};
  Strained run{pipeline};
  run.give(dialog, 0, 4);
  run.go_on_losing();
  for (int i = 0; i < 1000; ++i) pipeline.dispatcher().flush();
  run.give(dialog, 4);
  pass_until(pipeline, kTestTime + 6s);
  EXPECT_THAT(told, ElementsAre("evicted 6+3")) << "its FIN was seen, so it is over after timeouts.closed";
  told.clear();

  const Dialog again = Dialog(80, 50'000, "10.0.0.3").isn(5, 6).pause(10s).open().client("theirs");
  const Dialog once_more = Dialog(80, 50'000, "10.0.0.3").isn(7'000'000, 6).pause(20s).open().client("theirs");
  pass_until(pipeline, kTestTime + 10s);
  run.give(again);
  for (int i = 0; i < 1000; ++i) pipeline.dispatcher().flush();
  pass_until(pipeline, kTestTime + 18s);
  EXPECT_THAT(told, IsEmpty()) << "without one it may go on";
  pass_until(pipeline, kTestTime + 20s);
  run.give(once_more);
  EXPECT_THAT(told, ElementsAre("evicted 3+1")) << "another one begins";
  pipeline.finish(Ending::shutdown);
}

}  // namespace
}  // namespace unspool::test
