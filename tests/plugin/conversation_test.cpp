// Conversations: each test tells one short story.
#include "plugin/conversation.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace unspool::test {
namespace {

/// Keeps what is written as text, gaps as "<3 cause>".
class Page : public Outputs {
 public:
  std::unique_ptr<Transfer> open_transfer(const Session&, Side from, std::string_view name,
                                          std::string_view app_proto) override {
    text += fmt::format("[{} {} {}:", app_proto, unspool::name(from), name);
    return std::make_unique<Line>(text);
  }
  void emit(const Session&, const Event& event) override { text += event.members; }
  void hand_over(const std::array<std::uint64_t, 2>& at) override {
    text += fmt::format("hand over {} {}", at[0], at[1]);
  }
  void keep_from(Side side, std::uint64_t at) override { text += fmt::format("keep {} {}, ", unspool::name(side), at); }
  void expect(Expectation) override {}
  void limit_reached(std::string_view) override {}
  std::string text;

 private:
  class Line : public Transfer {
   public:
    explicit Line(std::string& text) : text_{text} {}
    ~Line() override { text_ += closed_ ? "]" : "...]"; }
    void write(Bytes bytes) override { text_ += as_text(bytes); }
    void write_gap(std::uint64_t length, Cause cause) override {
      text_ += fmt::format("<{} {}>", length, unspool::name(cause));
    }
    void close() override { closed_ = true; }
    void discard() override { text_ += "discarded"; }

   private:
    std::string& text_;
    bool closed_ = false;
  };
};

/// A session that is fed by hand, and a conversation that follows it and notes what it reads.
class Story {
 public:
  explicit Story(const Talk& talk) {
    start([&] { return converse(session_, page_, "made_up", talk); });
  }
  Story(const Talk& client, const Talk& server) {
    start([&] { return converse(session_, page_, "made_up", client, server); });
  }

  Story& client(std::string_view text) { return bytes(Side::client, text); }
  Story& server(std::string_view text) { return bytes(Side::server, text); }
  Story& client_byte_by_byte(std::string_view text) {
    for (const char& c : text) bytes(Side::client, {&c, 1});
    return *this;
  }
  Story& client_gap(std::uint64_t length) { return gap(Side::client, length); }
  Story& server_gap(std::uint64_t length) { return gap(Side::server, length); }
  Story& client_fin() {
    return told([&] {
      parser_->on_fin(Side::client);
      return Appetite::more;
    });
  }
  std::string end() {
    told([&] {
      parser_->on_end(Ending::closed);
      return Appetite::enough;
    });
    return page_.text;
  }

  bool enough() const { return parser_ == nullptr; }
  const std::string& failure() const { return failure_; }
  const std::string& text() const { return page_.text; }

 private:
  template <class Make>
  void start(const Make& make) {
    parser_ = make();
  }
  Story& bytes(Side side, std::string_view text) {
    const std::string copy{text};  // gone when the chunk is
    return told(
        [&] { return parser_->on_chunk({.from = side, .offset = move(side, text.size()), .bytes = as_bytes(copy)}); });
  }
  Story& gap(Side side, std::uint64_t length) {
    return told([&] {
      return parser_->on_chunk(
          {.from = side, .cause = Cause::not_captured, .offset = move(side, length), .missing = length});
    });
  }
  std::uint64_t move(Side side, std::uint64_t length) {
    return std::exchange(offsets_[static_cast<std::size_t>(side)], offsets_[static_cast<std::size_t>(side)] + length);
  }
  /// As a follower does: a parser that has enough, or throws, is let go.
  template <class Call>
  Story& told(const Call& call) {
    if (!parser_) return *this;
    try {
      if (call() == Appetite::enough) parser_.reset();
    } catch (const std::exception& error) {
      failure_ = error.what();
      parser_.reset();
    }
    return *this;
  }

  Session session_;
  Page page_;
  std::array<std::uint64_t, 2> offsets_{};
  std::unique_ptr<Parser> parser_;
  std::string failure_;
};

/// Where a conversation of a test notes what it read.
using Notes = std::string;

std::string text(Bytes bytes) { return std::string{as_text(bytes)}; }

// ---- handing over

Conversation hands_over(Followed& session) {
  co_await session.client().u8();
  session.keep(Side::client);
  co_await session.client().line();
  co_await session.server().line();
  session.emit("proxy", session.seen(), "told, ");
  session.hand_over();
}

TEST(Conversation, HandsOverWhereItsReadersStand) {
  constexpr auto kTold = "keep client 1, told, hand over 8 3";
  EXPECT_EQ(Story(hands_over).client("CONNECT\n").server("ok\n").text(), kTold);
  EXPECT_EQ(Story(hands_over).client("CONNECT\nGET /").client("more").server("ok\n200").text(), kTold);
  EXPECT_EQ(Story(hands_over).server("ok\n").server("200").client_byte_by_byte("CONNECT\n").text(), kTold);
  EXPECT_EQ(Story(hands_over).client("CONNECT\n").client_gap(5).client("x").server("ok\n").server_gap(3).text(), kTold);
  EXPECT_TRUE(Story(hands_over).client("CONNECT\n").server("ok\n").enough());
  EXPECT_EQ(Story(hands_over).client("CONNECT\n").end(), "keep client 1, ");
}

// ---- a protocol, as one would write it

/// Length-prefixed records from the client, each answered by a line: "S" stores a file, "Q" quits.
Conversation made_up(Followed& session) {
  for (;;) {
    const auto kind = co_await session.client().u8();
    if (kind == 'Q') break;
    const auto name_length = co_await session.client().u8();
    const std::string name{as_text(co_await session.client().read(name_length))};
    const auto size = co_await session.client().u32be();
    auto file = session.open_transfer(Side::client, name);
    co_await session.client().copy_to(*file, size);
    if (co_await session.server().line() == "ok") file->close();
  }
}

constexpr std::string_view kStoreHello{
    "S\x05hello\0\0\0\x03"
    "abc",
    14};
constexpr std::string_view kStoreBye{
    "S\x03"
    "bye\0\0\0\x02xy",
    11};

TEST(Conversation, ReadsLikeItsProtocol) {
  Story story{made_up};
  story.client(kStoreHello).server("ok\r\n").client(kStoreBye).server("no\n").client("Q");
  EXPECT_EQ(story.text(), "[made_up client hello:abc][made_up client bye:xy...]");
  EXPECT_TRUE(story.enough());
}

TEST(Conversation, PiecesAreNoMatter) {
  Story story{made_up};
  story.client_byte_by_byte(kStoreHello).server("o").server("k\r").server("\n").client_byte_by_byte(kStoreBye);
  EXPECT_EQ(story.end(), "[made_up client hello:abc][made_up client bye:xy...]");
}

TEST(Conversation, OneSideWaitsForTheOther) {
  Story story{made_up};
  story.client(std::string{kStoreHello} + std::string{kStoreBye} + "Q");
  EXPECT_EQ(story.text(), "[made_up client hello:abc");
  story.server("ok\nok\n");
  EXPECT_EQ(story.text(), "[made_up client hello:abc][made_up client bye:xy]");
  EXPECT_TRUE(story.enough());
}

TEST(Conversation, GapInACopyIsNoObstacle) {
  Story story{made_up};
  story.client(kStoreHello.substr(0, 12)).client_gap(1).client("c").server("ok\n").client("Q");
  EXPECT_EQ(story.text(), "[made_up client hello:a<1 not_captured>c]");
}

TEST(Conversation, GapEndsAConversationThatDoesNotCatchIt) {
  Story story{made_up};
  story.client("S\x05he").client_gap(3);
  EXPECT_TRUE(story.enough());
  EXPECT_EQ(story.failure(), "");
}

TEST(Conversation, EndOfTheSessionEndsIt) {
  Story story{made_up};
  story.client(kStoreHello.substr(0, 12));
  EXPECT_EQ(story.end(), "[made_up client hello:a...]");
}

// ---- every read

TEST(Conversation, EveryNumber) {
  Notes notes;
  const auto talk = [&](Followed& session) -> Conversation {
    auto client = session.client();
    notes += fmt::format("{:x} ", co_await client.u8());
    notes += fmt::format("{:x} ", co_await client.u16be());
    notes += fmt::format("{:x} ", co_await client.u16le());
    notes += fmt::format("{:x} ", co_await client.u32be());
    notes += fmt::format("{:x} ", co_await client.u32le());
    notes += fmt::format("{:x} ", co_await client.u64be());
    notes += fmt::format("{:x}", co_await client.u64le());
  };
  const std::string_view bytes{
      "\x01\x02\x03\x02\x03\x04\x05\x06\x07\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x08\x09\x0a\x0b\x0c\x0d\x0e"
      "\x0f",
      29};
  const std::string right = "1 203 302 4050607 7060504 8090a0b0c0d0e0f f0e0d0c0b0a0908";
  Story{talk}.client(bytes);
  EXPECT_EQ(notes, right);
  notes.clear();
  Story{talk}.client_byte_by_byte(bytes);
  EXPECT_EQ(notes, right);
}

TEST(Conversation, LinesAndDelimiters) {
  Notes notes;
  const auto talk = [&](Followed& session) -> Conversation {
    notes += fmt::format("({})", co_await session.client().line());
    notes += fmt::format("({})", co_await session.client().line());
    notes += fmt::format("({})", text(co_await session.client().until("\r\n\r\n")));
    notes += fmt::format("({})", text(co_await session.client().some()));
  };
  Story{talk}.client("one\r\n\nhead: 1\r\nhead: 2\r\n\r\nrest");
  EXPECT_EQ(notes, "(one)()(head: 1\r\nhead: 2)(rest)");
  notes.clear();
  Story{talk}.client_byte_by_byte("one\r\n\nhead: 1\r\nhead: 2\r\n\r\nrest");
  EXPECT_EQ(notes, "(one)()(head: 1\r\nhead: 2)(r)");
}

TEST(Conversation, SkipAndOffset) {
  Notes notes;
  Story story{[&](Followed& session) -> Conversation {
    co_await session.client().skip(5);
    notes += fmt::format("{} ", session.client().offset());
    notes += text(co_await session.client().read(2));
    notes += fmt::format(" {}", session.client().offset());
  }};
  story.client("abc").client_gap(1).client("deFGh");
  EXPECT_EQ(notes, "5 eF 7");
}

TEST(Conversation, RestOfASideIsWholeWhenItWasClosed) {
  const auto talk = [](Followed& session) -> Conversation {
    auto file = session.open_transfer(Side::client, "rest");
    if (co_await session.client().copy_rest_to(*file)) file->close();
  };
  EXPECT_EQ(Story{talk}.client("ab").client_gap(2).client("cd").client_fin().end(),
            "[made_up client rest:ab<2 not_captured>cd]");
  EXPECT_EQ(Story{talk}.client("ab").end(), "[made_up client rest:ab...]");
}

// ---- gaps and ends

TEST(Conversation, ReadTellsWhatIsMissing) {
  Notes notes;
  Story story{[&](Followed& session) -> Conversation {
    try {
      notes += text(co_await session.client().read(6));
    } catch (const Gap& gap) {
      notes += fmt::format("{}+{} {}", gap.offset, gap.length, name(gap.cause));
    }
  }};
  story.client("abc").client_gap(10).client("def");
  EXPECT_EQ(notes, "3+10 not_captured");
}

TEST(Conversation, TryReadResynchronises) {
  Notes notes;
  Story story{[&](Followed& session) -> Conversation {
    for (;;) {
      const auto line = co_await session.client().try_line();
      notes += line ? fmt::format("({})", *line) : fmt::format("<{}>", line.error().length);
      if (!line) co_await session.client().try_line();  // the rest of a line whose beginning is lost
    }
  }};
  story.client("one\ntw").client_gap(100).client("ree\nfour\n").client_gap(5).client("x\nfive\n");
  EXPECT_EQ(notes, "(one)<100>(four)<5>(five)");
}

TEST(Conversation, EndInsideARead) {
  Notes notes;
  Story story{[&](Followed& session) -> Conversation {
    try {
      co_await session.client().read(10);
    } catch (const EndOfStream&) {
      notes += "the end";
    }
  }};
  story.client("abc").client_fin();
  EXPECT_EQ(notes, "the end");
}

// ---- both sides

TEST(Conversation, OneConversationForEachSide) {
  Notes notes;
  const auto lines = [&notes](Reader from, char mark) -> Conversation {
    for (;;) notes += fmt::format("{}:{} ", mark, co_await from.line());
  };
  Story story{[&](Followed& session) { return lines(session.client(), 'C'); },
              [&](Followed& session) { return lines(session.server(), 'S'); }};
  story.client("a\nb").server("1\n").client("\n").server("2\n3\n");
  EXPECT_EQ(notes, "C:a S:1 C:b S:2 S:3 ");
}

TEST(Conversation, NextIsWhateverComesNext) {
  Notes notes;
  Story story{[&](Followed& session) -> Conversation {
    co_await session.client().skip(1);
    while (const auto chunk = co_await session.next()) {
      notes += fmt::format("{}@{}{} ", name(chunk->from), chunk->offset,
                           chunk->is_gap() ? fmt::format("<{}>", chunk->missing) : text(chunk->bytes));
    }
    notes += "over";
  }};
  story.client("abc").server("xy").client_gap(4).client("d").server_gap(1);
  story.end();
  EXPECT_EQ(notes, "client@1bc server@0xy client@3<4> client@7d server@2<1> over");
}

TEST(Conversation, IgnoredSideCostsNothing) {
  Notes notes;
  Story story{[&](Followed& session) -> Conversation {
    session.ignore(Side::server);
    for (;;) notes += co_await session.client().line();
  }};
  for (int i = 0; i < 100; ++i) story.server(std::string(10'000, 'x'));
  story.client("a\n");
  EXPECT_EQ(notes, "a");
}

// ---- bounds

TEST(Conversation, SideThatNobodyAwaitsKeepsItsNewest) {
  Notes notes;
  Story story{[&](Followed& session) -> Conversation {
    co_await session.client().line();
    const auto read = co_await session.server().try_read(1);
    notes +=
        read ? "read" : fmt::format("{}+{} {}", read.error().offset, read.error().length, name(read.error().cause));
    notes += fmt::format(" {}", text(co_await session.server().read(3)));
  }};
  std::string sent;
  for (int i = 0; i < 3000; ++i) sent += fmt::format("{:05}{:45}", i, "");
  for (std::size_t at = 0; at < sent.size(); at += 1000) story.server(std::string_view{sent}.substr(at, 1000));
  story.client("go\n");
  std::uint64_t gap = 0;
  ASSERT_EQ(std::sscanf(notes.c_str(), "0+%lu limit", &gap), 1) << notes;
  EXPECT_GT(gap, sent.size() - Input::kMostKept);
  EXPECT_LT(gap, sent.size() - Input::kMostKept / 2 + 1000);
  EXPECT_EQ(notes, fmt::format("0+{} limit {}", gap, sent.substr(gap, 3)));
}

TEST(Conversation, EndlessGapsOfASideThatNobodyAwaits) {
  Notes notes;
  Story story{[&](Followed& session) -> Conversation {
    co_await session.client().line();
    std::uint64_t missing = 0, read = 0;
    try {
      for (;;) {
        if (const auto some = co_await session.server().try_some()) {
          read += some->size();
        } else {
          missing += some.error().length;
        }
      }
    } catch (const EndOfStream&) {
      notes += fmt::format("{}", read + missing);
    }
  }};
  for (int i = 0; i < 2000; ++i) story.server("x").server_gap(7);
  story.client("go\n").end();
  EXPECT_EQ(notes, "16000");
}

TEST(Conversation, BoundsOfReads) {
  const auto failure_of = [](const Talk& talk) {
    Story story{talk};
    story.client(std::string(200'000, 'x'));
    return story.failure();
  };
  EXPECT_THAT(failure_of([](Followed& s) -> Conversation { co_await s.client().read(Input::kLongestRead + 1); }),
              testing::HasSubstr("kLongestRead"));
  EXPECT_THAT(failure_of([](Followed& s) -> Conversation { co_await s.client().line(100); }),
              testing::HasSubstr("bound"));
  EXPECT_THAT(failure_of([](Followed& s) -> Conversation {
                for (;;) co_await s.client().read(0);
              }),
              testing::HasSubstr("nothing"));
  EXPECT_THAT(failure_of([](Followed& s) -> Conversation {
                for (;;) co_await s.client().skip(0);
              }),
              testing::HasSubstr("nothing"));
  EXPECT_EQ(failure_of([](Followed& s) -> Conversation { co_await s.client().read(200'000); }), "");
}

TEST(Conversation, LineThatIsTooLongCanBeCaught) {
  Notes notes;
  Story story{[&](Followed& session) -> Conversation {
    try {
      co_await session.client().line(100);
    } catch (const std::length_error&) {
      notes += "too long";
    }
  }};
  story.client(std::string(60, 'x')).client(std::string(60, 'x'));
  EXPECT_EQ(notes, "too long");
  EXPECT_EQ(story.failure(), "");
}

TEST(Conversation, OneThatThrowsIsTakenOff) {
  Story story{[](Followed& session) -> Conversation {
    co_await session.client().u8();
    throw std::runtime_error("no such opcode");
  }};
  story.client("x").client("y");
  EXPECT_EQ(story.failure(), "no such opcode");
}

TEST(Conversation, ThrowsBeforeItReadsAnything) {
  Story story{[](Followed&) -> Conversation {
    throw std::runtime_error("at once");
    co_return;
  }};
  story.client("x");
  EXPECT_EQ(story.failure(), "at once");
}

// ---- parts

Reading<std::string> greeting(Reader from) {
  std::string word{co_await from.line()};
  co_return word + "!";
}

TEST(Conversation, PartsAnswer) {
  Notes notes;
  Story story{[&](Followed& session) -> Conversation {
    notes += co_await greeting(session.client());
    notes += co_await greeting(session.server());
  }};
  story.client("hel").server("world\n").client("lo\n");
  EXPECT_EQ(notes, "hello!world!");
}

Reading<std::uint64_t> depth(Reader from, std::uint64_t n) {
  if (n == 0) co_return co_await from.u8();
  co_return 1 + co_await depth(from, n - 1);
}

constexpr std::uint64_t kMillion = 1'000'000;

TEST(Conversation, AMillionNestedParts) {
  std::uint64_t answer = 0;
  Story story{[&](Followed& session) -> Conversation { answer = co_await depth(session.client(), kMillion); }};
  story.client("\x07");
  EXPECT_EQ(answer, kMillion + 7);
}

TEST(Conversation, AMillionNestedPartsThatNobodyEnds) {
  Story story{[](Followed& session) -> Conversation { co_await depth(session.client(), kMillion); }};
  EXPECT_FALSE(story.enough());
}

TEST(Conversation, AMillionNestedPartsThatMeetTheEnd) {
  Story story{[](Followed& session) -> Conversation { co_await depth(session.client(), kMillion); }};
  story.client_fin();
  EXPECT_EQ(story.failure(), "");
}

TEST(Conversation, AMillionPartsOneAfterTheOther) {
  std::uint64_t sum = 0;
  Story story{[&](Followed& session) -> Conversation {
    for (std::uint64_t i = 0; i < kMillion; ++i) sum += co_await depth(session.client(), 0);
  }};
  const std::string ones(1000, '\x01');
  for (int i = 0; i < 1000; ++i) story.client(ones);
  EXPECT_EQ(sum, kMillion);
  EXPECT_TRUE(story.enough());
}

}  // namespace
}  // namespace unspool::test
