// A protocol that throws again and again: what all the others make of the same sessions stays as it is.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "protocols/catalog.h"
#include "run.h"
#include "support/dice.h"

namespace unspool::test {
namespace {

/// Where it does so.
enum class Throws : std::uint8_t { never, at_claims, when_it_follows, at_chunks, at_fins, at_ends };

/// Follows sessions whose client begins with BAD, or all as an observer, and leaves nothing. Each third time it throws,
/// by turns what is an exception and what is none.
class Bad : public Protocol {
 public:
  Bad(Throws where, Stance stance) : where_{where}, stance_{stance} {}
  std::string_view name() const override { return "bad"; }
  Stance stance() const override { return stance_; }
  unspool::Claim claim(const Session&, const Opening& opening) const override {
    maybe_throw(Throws::at_claims);
    return as_text(opening.first[0]).starts_with("BAD") ? unspool::Claim::yes : unspool::Claim::no;
  }
  std::unique_ptr<Parser> follow(const Session&, Outputs&) override {
    maybe_throw(Throws::when_it_follows);
    return std::make_unique<BadParser>(*this);
  }

 private:
  class BadParser : public Parser {
   public:
    explicit BadParser(const Bad& bad) : bad_{bad} {}
    Appetite on_chunk(const Chunk&) override {
      bad_.maybe_throw(Throws::at_chunks);
      return Appetite::more;
    }
    void on_fin(Side) override { bad_.maybe_throw(Throws::at_fins); }
    void on_end(Ending) override { bad_.maybe_throw(Throws::at_ends); }

   private:
    const Bad& bad_;
  };
  void maybe_throw(Throws where) const {
    if (where != where_ || ++times_ % 3 != 0) return;
    if (times_ % 2 == 0) throw times_;
    throw std::runtime_error("bad");
  }

  Throws where_;
  Stance stance_;
  mutable unsigned times_ = 0;
};

MakeProtocols with_bad(Throws where, Protocol::Stance stance) {
  return [=] {
    std::vector<OfferedProtocol> offered;
    offered.push_back({.protocol = std::make_unique<Bad>(where, stance)});
    auto settings = Settings{}.protocols;
    settings.push_back({.name = "raw"});
    for (auto& made : make_protocols(settings)) offered.push_back({.protocol = std::move(made.protocol)});
    return offered;
  };
}

/// Web, talk that nobody knows, and what the bad one claims; some with losses.
Stamped traffic() {
  Dice dice{7};
  std::vector<Dialog> all;
  std::vector<std::string> hosts;
  for (int i = 0; i < 150; ++i) hosts.push_back(fmt::format("10.0.{}.{}", i % 7, i + 1));
  for (std::uint16_t i = 0; i < 150; ++i) {
    Dialog dialog(i % 3 == 0 ? 80 : 4000, static_cast<std::uint16_t>(50'000 + i), hosts[i].c_str());
    dialog.pause(std::chrono::milliseconds(i)).open();
    for (int turn = 0; turn < 4; ++turn) {
      if (i % 3 == 0) {
        dialog.client(fmt::format("GET /{}-{} HTTP/1.1\r\nHost: a\r\n\r\n", i, turn));
        dialog.server("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n").server(fmt::format("{:100}", turn));
      } else {
        dialog.client(i % 3 == 1 ? "BAD words" : "hello").server(fmt::format("and {} to you", turn));
      }
    }
    dialog.close();
    if (i % 4 == 0) dialog.lose(dice.between(4, 9));
    all.push_back(std::move(dialog));
  }
  return together(all);
}

TEST(BadParser, ChangesNothingForTheOthers) {
  const Stamped packets = traffic();
  for (const auto stance : {Protocol::Stance::owner, Protocol::Stance::observer}) {
    for (const unsigned workers : {0U, 3U}) {
      const Ran good = run(packets, {}, workers, with_bad(Throws::never, stance));
      ASSERT_EQ(good.count("sessions.ended.closed"), 150U);
      ASSERT_GT(good.transfers.size(), 500U);
      for (const auto where :
           {Throws::at_claims, Throws::when_it_follows, Throws::at_chunks, Throws::at_fins, Throws::at_ends}) {
        if (where == Throws::at_claims && stance == Protocol::Stance::observer) continue;  // it is not asked
        const std::string what = fmt::format("{} {} {}", static_cast<int>(where), static_cast<int>(stance), workers);
        const Ran bad = run(packets, {}, workers, with_bad(where, stance));
        EXPECT_GT(bad.count("parsers.failed"), 10U) << what;
        EXPECT_EQ(bad.flows, good.flows) << what;
        EXPECT_EQ(bad.anomalies, good.anomalies) << what;
        if (where != Throws::at_claims) {
          EXPECT_EQ(bad.transfers, good.transfers) << what;
          continue;
        }
        // What it does not come to claim is the others' too.
        const std::set<std::string> there(bad.transfers.begin(), bad.transfers.end());
        for (const std::string& transfer : good.transfers) EXPECT_TRUE(there.count(transfer)) << transfer;
      }
    }
  }
}

}  // namespace
}  // namespace unspool::test
