#include "hearing.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "pipeline/pipeline.h"
#include "support/no_transfers.h"

namespace unspool::test {
namespace {

using Pieces = std::map<std::pair<std::uint64_t, std::uint8_t>, std::vector<Piece>>;  // of sessions that go on

std::pair<std::uint64_t, std::uint8_t> number(const Session& session) { return {flow_id(session), session.ordinal}; }

class Listener : public Protocol {
 public:
  Listener(Pieces& pieces, Stance stance) : pieces_{pieces}, stance_{stance} {}
  std::string_view name() const override { return "listener"; }
  Stance stance() const override { return stance_; }
  std::unique_ptr<Parser> follow(const Session& session, Outputs&) override {
    return std::make_unique<Ear>(pieces_[number(session)]);
  }

 private:
  class Ear : public Parser {
   public:
    explicit Ear(std::vector<Piece>& pieces) : pieces_{pieces} {}
    Appetite on_chunk(const Chunk& chunk) override {
      pieces_.push_back({.from = chunk.from,
                         .cause = chunk.cause,
                         .offset = chunk.offset,
                         .missing = chunk.missing,
                         .bytes = std::string{as_text(chunk.bytes)},
                         .seen = chunk.seen,
                         .origin = chunk.origin});
      return Appetite::more;
    }
    void on_end(Ending) override {}

   private:
    std::vector<Piece>& pieces_;
  };

  Pieces& pieces_;
  Stance stance_;
};

class Undecided : public Protocol {
 public:
  std::string_view name() const override { return "undecided"; }
  Claim claim(const Session&, const Opening&) const override { return Claim::unsure; }
  std::unique_ptr<Parser> follow(const Session&, Outputs&) override { return nullptr; }
};

class Flows : public EventSink {
 public:
  Flows(Hearing& hearing, Pieces& pieces) : hearing_{hearing}, pieces_{pieces} {}
  void on_flow(const FlowRecord& flow) override {
    hearing_.sessions.push_back({.flow = flow, .pieces = std::move(pieces_[number(flow.session)])});
    pieces_.erase(number(flow.session));
  }
  void on_transfer(const TransferRecord&) override {}
  void on_event(const Session&, const Event&) override {}
  void on_arp(const ArpRecord&) override {}
  void on_anomaly(const AnomalyRecord&) override {}
  void on_unanswered(const UnansweredRecord&) override {}
  void on_limit(const LimitRecord&) override {}
  void on_store(const StoreRecord&) override {}
  void on_overload(const OverloadRecord&) override {}
  void on_interface(const InterfaceRecord&) override {}
  void on_bad_capture(const BadCapture&) override {}
  void on_stats(Timestamp, const Counts&) override {}
  void flush() override {}

 private:
  Hearing& hearing_;
  Pieces& pieces_;
};

}  // namespace

std::uint64_t HeardSession::count(Oddity oddity) const {
  for (const Observation& seen : flow.observations) {
    if (seen.name == name(oddity)) return seen.count;
  }
  return 0;
}

std::uint64_t Hearing::count(std::string_view name) const {
  for (const auto& [named, count] : counts) {
    if (named == name) return count;
  }
  return 0;
}

Hearing hear(const std::function<bool(Packet&)>& next, const Settings& settings, Listens listens) {
  Hearing hearing;
  Pieces pieces;
  const HashSecret secret = HashSecret::from_seed(1);
  Pipeline pipeline{settings, 0, secret, [&](unsigned) {
                      ShardOutputs outputs{.events = std::make_unique<Flows>(hearing, pieces),
                                           .transfers = std::make_unique<NoTransfers>(),
                                           .protocols = {}};
                      const bool probed = listens == Listens::behind_a_probe;
                      const auto stance = probed ? Protocol::Stance::rest : Protocol::Stance::observer;
                      if (probed) outputs.protocols.push_back({.protocol = std::make_unique<Undecided>()});
                      outputs.protocols.push_back({.protocol = std::make_unique<Listener>(pieces, stance)});
                      return outputs;
                    }};
  Packet packet;
  while (next(packet)) pipeline.dispatcher().take(packet);
  pipeline.finish(Ending::capture_end);
  hearing.counts = pipeline.counts();
  return hearing;
}

}  // namespace unspool::test
