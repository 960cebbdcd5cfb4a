// Who follows what.
#include "pipeline/follower.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "pipeline/expectations.h"
#include "run.h"
#include "support/capture_file.h"

namespace unspool::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Stance = Protocol::Stance;

/// Tells all that it is given as one transfer, both sides: "C:GET S:200 C<3> C.". "+" stands behind part of a datagram.
class Teller : public Parser {
 public:
  using OnChunk = std::function<Appetite(const Chunk&)>;
  Teller(std::unique_ptr<Transfer> to, OnChunk on_chunk) : to_{std::move(to)}, on_chunk_{std::move(on_chunk)} {}

  Appetite on_chunk(const Chunk& chunk) override {
    say(chunk.from == Side::client ? "C" : "S");
    say(chunk.is_gap() ? "<" + std::to_string(chunk.missing) + ">" : ":" + std::string{as_text(chunk.bytes)});
    say(chunk.more ? "+ " : " ");
    return on_chunk_ ? on_chunk_(chunk) : Appetite::more;
  }
  void on_fin(Side side) override { say(side == Side::client ? "C. " : "S. "); }
  void on_end(Ending) override {
    say("end");
    to_->close();
  }

 private:
  void say(const std::string& words) { to_->write(as_bytes(words)); }
  std::unique_ptr<Transfer> to_;
  OnChunk on_chunk_;
};

/// Claims sessions whose client begins with a word; what its parsers do with a chunk is a test's business.
class Made : public Protocol {
 public:
  using OnChunk = std::function<Appetite(const Chunk&, Outputs&)>;
  Made(std::string name, std::string word, Stance stance = Stance::owner, OnChunk on_chunk = {})
      : name_{std::move(name)}, word_{std::move(word)}, stance_{stance}, on_chunk_{std::move(on_chunk)} {}

  std::string_view name() const override { return name_; }
  Stance stance() const override { return stance_; }
  unspool::Claim claim(const Session&, const Opening& opening) const override {
    const std::string_view first = as_text(opening.first[0]);
    if (first.starts_with(word_)) return unspool::Claim::yes;
    return word_.starts_with(first) && !opening.last_chance ? unspool::Claim::unsure : unspool::Claim::no;
  }
  std::unique_ptr<Parser> follow(const Session& session, Outputs& outputs) override {
    Teller::OnChunk on_chunk;
    if (on_chunk_) on_chunk = [this, &outputs](const Chunk& chunk) { return on_chunk_(chunk, outputs); };
    return std::make_unique<Teller>(outputs.open_transfer(session, Side::client, name_, name_), on_chunk);
  }

 private:
  std::string name_, word_;
  Stance stance_;
  OnChunk on_chunk_;
};

template <class... P>
MakeProtocols these(P... protocols) {
  return [=] {
    std::vector<OfferedProtocol> offered;
    (offered.push_back({.protocol = std::make_unique<Made>(std::get<0>(protocols), std::get<1>(protocols),
                                                           std::get<2>(protocols), std::get<3>(protocols))}),
     ...);
    return offered;
  };
}
auto owner(std::string name, std::string word, Made::OnChunk on_chunk = {}) {
  return std::tuple{std::move(name), std::move(word), Stance::owner, std::move(on_chunk)};
}
auto rest(std::string name) { return std::tuple{std::move(name), std::string{}, Stance::rest, Made::OnChunk{}}; }
auto observer(std::string name) {
  return std::tuple{std::move(name), std::string{}, Stance::observer, Made::OnChunk{}};
}

Ran run_with(const Dialog& dialog, const MakeProtocols& protocols) { return run(dialog.packets(), {}, 0, protocols); }

TEST(Follower, OwnerByTheFirstBytes) {
  const auto protocols = these(owner("http", "GET "), owner("smtp", "HELO"), rest("rest"), observer("all"));
  EXPECT_THAT(run_with(Dialog(80).open().client("GET /").server("200").close(), protocols).transfers,
              ElementsAre("all C:GET / S:200 C. S. end CLOSED", "http C:GET / S:200 C. S. end CLOSED"));
  EXPECT_THAT(run_with(Dialog(25).open().server("220").client("HELO").close(), protocols).transfers,
              ElementsAre("all S:220 C:HELO C. S. end CLOSED", "smtp S:220 C:HELO C. S. end CLOSED"));
  EXPECT_THAT(run_with(Dialog(25).open().server("220").client("what?").close(), protocols).transfers,
              ElementsAre("all S:220 C:what? C. S. end CLOSED", "rest S:220 C:what? C. S. end CLOSED"));
}

TEST(Follower, WhatCameWhileOwnersWereUnsureIsGivenAsItCame) {
  const auto protocols = these(owner("http", "GET "), rest("rest"));
  EXPECT_THAT(
      run_with(Dialog(80).open().client("G").server("x").client("E").client("T /").server("y").close(), protocols)
          .transfers,
      ElementsAre("http C:G S:x C:E C:T / S:y C. S. end CLOSED"));
}

TEST(Follower, SessionThatEndsWhileOwnersAreUnsureIsTheRests) {
  const auto protocols = these(owner("http", "GET "), rest("rest"));
  EXPECT_THAT(run_with(Dialog(80).open().client("GE").close(), protocols).transfers,
              ElementsAre("rest C:GE C. S. end CLOSED"));
}

TEST(Follower, GapAtTheBeginningLeavesNothingToKnowItBy) {
  using namespace std::chrono_literals;
  const auto protocols = these(owner("http", "GET "), rest("rest"));
  const Dialog lossy = Dialog(80).open().client("GET ").client("/").server("200").pause(1s).close().lose(3);
  EXPECT_THAT(run_with(lossy, protocols).transfers, ElementsAre("rest C<4> C:/ S:200 C. S. end CLOSED"));
}

TEST(Follower, ProbeHasABound) {
  const auto protocols = these(owner("http", std::string(100'000, 'a')), rest("rest"));
  Dialog talk(80), flood(80);
  talk.open();
  for (int i = 0; i < 40; ++i) talk.client("a").server("b");
  EXPECT_EQ(run_with(talk, protocols).count("parsers.started"), 1U);
  flood.open();
  for (int i = 0; i < 5; ++i) flood.client(std::string(1400, 'a'));
  EXPECT_EQ(run_with(flood, protocols).count("parsers.started"), 1U);
}

TEST(Follower, NobodyWantsIt) {
  EXPECT_THAT(run_with(Dialog(80).open().client("POST").close(), these(owner("http", "GET "))).transfers, IsEmpty());
}

TEST(Follower, HandsOver) {
  const auto connect = owner("proxy", "CONNECT", [](const Chunk& chunk, Outputs& outputs) {
    if (chunk.from == Side::server) outputs.hand_over({8, chunk.offset + 3});
    return Appetite::more;
  });
  const auto protocols = these(connect, owner("http", "GET "), rest("rest"));
  const Dialog apart = Dialog(3128).open().client("CONNECT\n").server("ok\n").client("GET /").server("200").close();
  EXPECT_THAT(run_with(apart, protocols).transfers,
              ElementsAre("http C:GET / S:200 C. S. end CLOSED", "proxy C:CONNECT\n S:ok\n  TRUNCATED"));
  const Dialog joined = Dialog(3128).open().client("CONNECT\n").server("ok\n220 hi").client("EHLO").close();
  EXPECT_THAT(run_with(joined, protocols).transfers,
              ElementsAre("proxy C:CONNECT\n S:ok\n220 hi  TRUNCATED", "rest S:220 hi C:EHLO C. S. end CLOSED"));
  const Dialog ahead = Dialog(3128).open().client("CONNECT\nGET /").server("ok\n").close();
  EXPECT_THAT(run_with(ahead, protocols).transfers,
              ElementsAre("proxy C:CONNECT\nGET / S:ok\n  TRUNCATED", "rest C<5> C. S. end CLOSED"))
      << "what the owner was given before is a gap for those who come after it";
}

/// Hands over behind "CONNECT\n" and "ok\n"; until then it keeps what the client says ahead.
auto keeping_proxy() {
  return owner("proxy", "CONNECT", [](const Chunk& chunk, Outputs& outputs) {
    if (chunk.from == Side::client && chunk.offset == 0) outputs.keep_from(Side::client, 8);
    if (chunk.from == Side::server) outputs.hand_over({8, chunk.offset + 3});
    return Appetite::more;
  });
}

TEST(Follower, HandsOverWhatCameAheadAsItCame) {
  using namespace std::chrono_literals;
  const auto protocols = these(keeping_proxy(), owner("http", "GET "), rest("rest"));
  const Dialog same_packet = Dialog(3128).open().client("CONNECT\nGET /").server("ok\n200").close();
  EXPECT_THAT(run_with(same_packet, protocols).transfers,
              ElementsAre("http C:GET / S:200 C. S. end CLOSED", "proxy C:CONNECT\nGET / S:ok\n200  TRUNCATED"));
  const Dialog pieces = Dialog(3128).open().client("CONN").client("ECT\nGE").client("T /").server("ok\n").close();
  EXPECT_THAT(run_with(pieces, protocols).transfers, testing::Contains("http C:GE C:T / C. S. end CLOSED"));
  const Dialog lossy =
      Dialog(3128).open().client("CONNECT\n").client("GET ").client("xyz").client("/").server("ok\n").close().lose(5);
  EXPECT_THAT(run_with(lossy, protocols).transfers, testing::Contains("http C:GET  C<3> C:/ C. S. end CLOSED"));
}

TEST(Follower, HandsOverToOneWhoHandsOver) {
  const auto protocols = these(keeping_proxy(), owner("http", "GET "), rest("rest"));
  const Dialog ahead = Dialog(3128).open().client("CONNECT\nGET /").server("ok\n").client("x").server("200").close();
  EXPECT_THAT(run_with(ahead, protocols).transfers, testing::Contains("http C:GET / C:x S:200 C. S. end CLOSED"));
  EXPECT_EQ(run_with(ahead, protocols).count("parsers.claimed.proxy"), 1U);
  EXPECT_EQ(run_with(ahead, protocols).count("parsers.claimed.http"), 1U);
}

TEST(Follower, SideThatHadClosedIsClosedForTheNext) {
  const auto protocols = these(keeping_proxy(), owner("http", "GET "), rest("rest"));
  const Dialog half_closed =
      Dialog(3128).open().client("CONNECT\nGET /").client_closes().server("ok\n200").server_closes();
  EXPECT_THAT(run_with(half_closed, protocols).transfers, testing::Contains("http C:GET / C. S:200 S. end CLOSED"));
}

TEST(Follower, WhatCameAheadIsKeptUpToABound) {
  const auto protocols = these(keeping_proxy(), rest("rest"));
  Dialog bytes = Dialog(3128).open().client("CONNECT\n");
  for (int i = 0; i < 70; ++i) bytes.client(std::string(1000, 'a'));
  const Ran ran = run_with(bytes.server("ok\n").close(), protocols);
  ASSERT_EQ(ran.transfers.size(), 2U);
  EXPECT_THAT(ran.transfers[1], testing::EndsWith(std::string(536, 'a').append(" C<4464> C. S. end CLOSED")));
  Dialog chunks = Dialog(3128).open().client("CONNECT\n");
  for (int i = 0; i < 300; ++i) chunks.client("a");
  const Ran other = run_with(chunks.server("ok\n").close(), protocols);
  ASSERT_EQ(other.transfers.size(), 2U);
  EXPECT_THAT(other.transfers[1], testing::EndsWith(" C:a C:a C<44> C. S. end CLOSED"));
}

TEST(Follower, KeepsNoMore) {
  const auto refused = owner("proxy", "CONNECT", [](const Chunk& chunk, Outputs& outputs) {
    if (chunk.from == Side::client && chunk.offset == 0) outputs.keep_from(Side::client, 8);
    if (chunk.from == Side::server && chunk.offset == 0) outputs.keep_no_more();
    if (chunk.from == Side::server && chunk.offset > 0) outputs.hand_over({8, chunk.offset});
    return Appetite::more;
  });
  const Dialog dialog = Dialog(3128).open().client("CONNECT\nabc").server("no\n").server("x").close();
  EXPECT_THAT(run_with(dialog, these(refused, rest("rest"))).transfers,
              testing::Contains("rest C<3> S:x C. S. end CLOSED"));
}

TEST(Follower, HandOversHaveABound) {
  // Each letter of the server is an answer that hands over; it is all in one packet.
  const auto endless = owner("endless", "a", [](const Chunk& chunk, Outputs& outputs) {
    if (chunk.from == Side::client) outputs.keep_from(Side::client, chunk.offset);
    if (chunk.from == Side::server) outputs.hand_over({0, chunk.offset + 1});
    return Appetite::more;
  });
  const Ran ran =
      run_with(Dialog(80).open().client("a").server(std::string(60'000, 'b')).close(), these(endless, rest("rest")));
  EXPECT_EQ(ran.count("parsers.claimed.endless"), 17U);
  EXPECT_EQ(ran.count("parsers.started"), 18U);
  EXPECT_THAT(ran.transfers.back(), testing::StartsWith("rest C:a S:bbb"));
}

TEST(Follower, HandsOverAtTheEndOfTheSession) {
  // Claims at the last chance only, so that all is given to it when the session ends.
  class Late : public Made {
   public:
    using Made::Made;
    unspool::Claim claim(const Session&, const Opening& opening) const override {
      if (!as_text(opening.first[0]).starts_with("CONNECT")) return unspool::Claim::no;
      return opening.last_chance ? unspool::Claim::yes : unspool::Claim::unsure;
    }
  };
  const MakeProtocols protocols = [] {
    std::vector<OfferedProtocol> offered;
    offered.push_back(
        {.protocol = std::make_unique<Late>("late", "", Stance::owner, [](const Chunk& chunk, Outputs& o) {
           if (chunk.from == Side::server) o.hand_over({8, chunk.offset + 3});
           return Appetite::more;
         })});
    offered.push_back({.protocol = std::make_unique<Made>("rest", "", Stance::rest)});
    return offered;
  };
  const Dialog dialog = Dialog(80).open().client("CONNECT\n").server("ok\n").client("abc").server("x").close();
  EXPECT_THAT(run_with(dialog, protocols).transfers,
              ElementsAre("late C:CONNECT\n S:ok\n  TRUNCATED", "rest C:abc S:x C. S. end CLOSED"));
}

TEST(Follower, ExpectedSessionsNeedNoClaim) {
  const auto announcing = owner("ftp", "PORT", [](const Chunk& chunk, Outputs& outputs) {
    if (chunk.from == Side::client) {
      Endpoint to{.address = IpAddress::v4(as_bytes({"\x0a\0\0\x01", 4})), .port = 4000};
      outputs.expect({.to = to, .follow = [](const Session& session, Outputs& outputs_) -> std::unique_ptr<Parser> {
                        return std::make_unique<Teller>(
                            outputs_.open_transfer(session, Side::client, "data", "ftp-data"), Teller::OnChunk{});
                      }});
    }
    return Appetite::more;
  });
  using namespace std::chrono_literals;
  const Dialog control = Dialog(21).open().client("PORT").server("ok");
  const auto data = [](Duration when) {
    return Dialog(4000, 20, "10.0.0.2", "10.0.0.1").pause(when).open().client("file").close();
  };
  const auto protocols = these(announcing, rest("rest"));
  EXPECT_THAT(run(together({control, data(30s)}), {}, 0, protocols).transfers,
              ElementsAre("data C:file C. S. end CLOSED", "ftp C:PORT S:ok end CLOSED"));
  EXPECT_THAT(run(together({control, data(90s)}), {}, 0, protocols).transfers,
              ElementsAre("ftp C:PORT S:ok end CLOSED", "rest C:file C. S. end CLOSED"));
  EXPECT_THAT(run(together({control, data(30s)}), {}, 3, protocols).transfers,
              ElementsAre("data C:file C. S. end CLOSED", "ftp C:PORT S:ok end CLOSED"));
}

TEST(Follower, ParserThatThrowsIsTakenOff) {
  const auto bad = owner("bad", "GET", [](const Chunk& chunk, Outputs&) {
    if (chunk.from == Side::server) throw std::runtime_error("bad");
    return Appetite::more;
  });
  const Ran ran =
      run_with(Dialog(80).open().client("GET").server("x").client("y").close(), these(bad, observer("all")));
  EXPECT_THAT(ran.transfers, ElementsAre("all C:GET S:x C:y C. S. end CLOSED", "bad C:GET S:x  TRUNCATED"));
  EXPECT_EQ(ran.count("parsers.failed"), 1U);
}

TEST(Follower, ParserThatHasEnoughGetsNoMore) {
  const auto says = owner("says", "GET", [](const Chunk&, Outputs&) { return Appetite::enough; });
  EXPECT_THAT(run_with(Dialog(80).open().client("GET").server("x").close(), these(says)).transfers,
              ElementsAre("says C:GET  TRUNCATED"));
}

TEST(Follower, UdpDatagramsAreChunks) {
  const auto protocols = these(owner("dns", "q"), rest("rest"));
  Stamped packets;
  packets.emplace_back(kTestTime, eth() / ip4("10.0.0.1", "10.0.0.2") / udp(4000, 53).payload("q1"));
  packets.emplace_back(kTestTime, eth() / ip4("10.0.0.2", "10.0.0.1") / udp(53, 4000).payload("a1"));
  packets.emplace_back(kTestTime, eth() / ip4("10.0.0.1", "10.0.0.2") / udp(4000, 53).payload("q2"));
  EXPECT_THAT(run(packets, {}, 0, protocols).transfers, ElementsAre("dns C:q1 S:a1 C:q2 end CLOSED"));
}

TEST(Follower, ADatagramOfSeveralPacketsIsSeveralChunks) {
  const std::string bytes = raw() / ip4("10.0.0.1", "10.0.0.2") / udp(4000, 53).payload("a long question");
  const auto in_two = [&](std::uint16_t cut) -> Stamped {
    const auto part = [&](std::uint16_t offset, std::size_t length, bool more) {
      return eth() / ip4("10.0.0.1", "10.0.0.2").protocol(17).fragment(7, offset, more) /
             data(bytes.substr(20U + offset, length));
    };
    return {{kTestTime, part(cut, std::string::npos, false)},
            {kTestTime, part(0, cut, true)},
            {kTestTime, eth() / ip4("10.0.0.1", "10.0.0.2") / udp(4000, 53).payload("q2")}};
  };
  for (const auto& protocols : {these(rest("rest")), these(owner("dns", "a long question, and more"), rest("rest"))}) {
    EXPECT_THAT(run(in_two(16), {}, 0, protocols).transfers, ElementsAre("rest C:a long q+ C:uestion C:q2 end CLOSED"));
    EXPECT_THAT(run(in_two(8), {}, 0, protocols).transfers, ElementsAre("rest C:a long question C:q2 end CLOSED"))
        << "the first holds nothing but the header";
  }
}

TEST(Follower, WhatWasNotCapturedOfADatagramGoesWithIt) {
  const std::string frame = (eth() / ip4("10.0.0.1", "10.0.0.2") / udp(4000, 53).payload("question")).bytes();
  PcapImage image;
  image.packet(1'000'000'000, frame.substr(0, frame.size() - 4), static_cast<std::uint32_t>(frame.size()));
  image.packet(1'000'000'000, frame);
  EXPECT_THAT(run_capture(image.bytes(), {}, 0, these(rest("rest"))).transfers,
              ElementsAre("rest C:ques+ C<4> C:question end CLOSED"));
}

TEST(SessionFilter, NamesHostsAndPorts) {
  struct Row {
    const char *client, *server;
    std::uint16_t port;
    std::uint8_t transport;
    std::string expression;
    bool matches;
  };
  const Row rows[] = {
      {"10.0.0.1", "10.0.0.2", 80, 6, "", true},
      {"10.0.0.1", "10.0.0.2", 80, 6, "tcp port 80", true},
      {"10.0.0.1", "10.0.0.2", 80, 6, "dst port 80 and src host 10.0.0.1", true},
      {"10.0.0.1", "10.0.0.2", 80, 6, "src port 80", false},
      {"10.0.0.1", "10.0.0.2", 80, 6, "udp", false},
      {"10.0.0.1", "10.0.0.2", 53, 17, "udp port 53 and net 10.0.0.0/8", true},
      {"2001:db8::1", "2001:db8::2", 6667, 6, "ip6 and tcp dst port 6667", true},
      {"2001:db8::1", "2001:db8::2", 6667, 6, "host 2001:db8::3", false},
  };
  for (const Row& row : rows) {
    const auto address = [](const char* text) {
      const std::string bytes =
          std::string{text}.find(':') == std::string::npos ? ip4(text, text).addresses() : ip6(text, text).addresses();
      return bytes.size() == 8 ? IpAddress::v4(as_bytes(bytes).first(4)) : IpAddress::v6(as_bytes(bytes).first(16));
    };
    const Endpoint client{.address = address(row.client), .port = 40000},
        server{.address = address(row.server), .port = row.port};
    Session session{.key = {row.transport, client, server, {}}};
    session.client_is_low = session.key.low() == client;
    auto filter = SessionFilter::compile(row.expression);
    ASSERT_TRUE(filter.has_value()) << row.expression;
    EXPECT_EQ(filter->matches(session), row.matches) << row.expression;
  }
  EXPECT_FALSE(SessionFilter::compile("tcp prt 80").has_value());
}

TEST(Follower, IsOfferedOnlyWhatItsExpressionNames) {
  const MakeProtocols protocols = [] {
    std::vector<OfferedProtocol> offered;
    offered.push_back({.protocol = std::make_unique<Made>("irc", "", Stance::observer),
                       .when = *SessionFilter::compile("tcp port 6667")});
    return offered;
  };
  const Ran ran =
      run(together({Dialog(80).open().client("web"), Dialog(6667).open().client("NICK")}), {}, 0, protocols);
  EXPECT_THAT(ran.transfers, ElementsAre("irc C:NICK end CLOSED"));
}

}  // namespace
}  // namespace unspool::test
