// Transcripts: what they tell of a conversation, and their bounds.
#include "protocols/transcript.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "transcript_story.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Transcript, IsAPlay) {
  Story story;
  story.server("What is your name?\r\n")
      .client("Ada\r\n")
      .fin(Side::client)
      .server("Hello, Ada.\r\n")
      .fin(Side::server)
      .end();
  EXPECT_EQ(story.conversation(),
            "<article class=server>\n<h2><i aria-hidden=true>◀</i> Server "
            "<time datetime=\"2006-11-02T18:15:00.133456+0000\" title=\"2006-11-02 18:15:00.133456 UTC\">+0.010 "
            "s</time></h2>\n"
            "<pre>\nWhat is your name?\n</pre>\n</article>\n"
            "<article class=client>\n<h2><i aria-hidden=true>▶</i> Client "
            "<time datetime=\"2006-11-02T18:15:00.143456+0000\" title=\"2006-11-02 18:15:00.143456 UTC\">+0.020 "
            "s</time></h2>\n"
            "<pre>\nAda\n</pre>\n</article>\n"
            "<p>The client closes its stream.</p>\n"
            "<article class=server>\n<h2><i aria-hidden=true>◀</i> Server "
            "<time datetime=\"2006-11-02T18:15:00.153456+0000\" title=\"2006-11-02 18:15:00.153456 UTC\">+0.030 "
            "s</time></h2>\n"
            "<pre>\nHello, Ada.\n</pre>\n</article>\n"
            "<p>The server closes its stream.</p>\n");
  EXPECT_EQ(story.told(), "[transcript client transcript.html].");
}

TEST(Transcript, WhatOneSideSaysInOneGoIsOneTurn) {
  Story story;
  story.client("one ").client("two ").client("three").server("four").client("five");
  story.end();
  EXPECT_EQ(plain(story.conversation()), "Client +0.010 s|one two three\nServer +0.040 s|four\nClient +0.050 s|five\n");
}

TEST(Transcript, SilenceIsSaid) {
  Story story;
  story.client("one")
      .pause(985ms)
      .client(", two")
      .pause(995ms)
      .client("three")
      .pause(1h + 62s)
      .server("four")
      .pause(50h)
      .server("five")
      .end();
  EXPECT_EQ(
      plain(story.conversation()),
      "Client +0.010 s|one, two\n(1.0 s later)\nClient +2.010 s|three\n(1 h 1 min later)\nServer +1:01:04.020|four\n"
      "(2 d 2 h later)\nServer +51:01:04.030|five\n");
}

TEST(Transcript, CharactersInPieces) {
  Story story;
  story.client("Gr\xc3")
      .client("\xbc\xc3\x9f")
      .client("e \xf0\x9f")
      .pause(5s)
      .client("\x8c\x8d!")
      .server("\xe4\xb8 so it is here")
      .client("ok")
      .end();
  EXPECT_EQ(plain(story.conversation()),
            "Client +0.010 s|Grüße 🌍!\nServer +5.050 s|<b>\\xe4</b><b>\\xb8</b> so it is here\nClient +5.060 s|ok\n");
}

TEST(Transcript, PiecesAreNoMatter) {
  const std::string text = "GET / HTTP/1.1\r\nX-Name: Grüße\r\n\r\n";
  std::string binary(40, '\0');
  binary += "<b>\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7";
  Story whole, pieces;
  whole.at_once().client(text + binary).server(binary).server_lacks(7, Cause::snaplen).server(text).end();
  pieces.at_once();
  for (const char& c : text + binary) pieces.client({&c, 1});
  for (const char& c : binary) pieces.server({&c, 1});
  pieces.server_lacks(7, Cause::snaplen);
  for (const char& c : text) pieces.server({&c, 1});
  pieces.end();
  EXPECT_EQ(pieces.page(), whole.page());
}

TEST(Transcript, GapsStandWhereTheyAre) {
  Story story;
  story.client("before")
      .client_lacks(1460, Cause::not_captured)
      .client("after\n")
      .server_lacks(1, Cause::snaplen)
      .server("rest")
      .end();
  EXPECT_EQ(plain(story.conversation()),
            "Client +0.010 s|before[1,460 bytes are missing here. The receiver acknowledged them, so they crossed the "
            "wire; the capture has never "
            "seen them.]after\n\n"
            "Server|[1 byte is missing here. The capture kept only the beginning of each packet. The bytes crossed the "
            "wire.]\n"
            "Server +0.030 s|rest\n");
}

TEST(Transcript, EveryCauseInWords) {
  std::set<std::string> words;
  for (const Cause cause : {Cause::capture_drop, Cause::snaplen, Cause::not_captured, Cause::limit, Cause::one_sided,
                            Cause::before_capture, Cause::end}) {
    Story story;
    story.client_lacks(2, cause).end();
    const std::string said = plain(story.conversation());
    EXPECT_THAT(said, StartsWith("Client|[2 bytes are missing here. ")) << name(cause);
    EXPECT_GT(said.size(), 60U) << name(cause);
    words.insert(said);
  }
  EXPECT_EQ(words.size(), 7U);
}

TEST(Transcript, BytesBehindAReset) {
  Story story;
  story.server("as ever").after_reset("too late").end(Ending::reset);
  EXPECT_EQ(plain(story.conversation()), "Server +0.010 s|as ever\nServer +0.020 s after the reset|too late\n");
}

TEST(Transcript, TakesOverInTheMiddle) {
  Story story;
  story.begin_at(1200, 1).client("now for something else").server("indeed").end();
  EXPECT_EQ(
      plain(story.conversation()),
      "(1,200 bytes of the client before this belong to another protocol.)\nClient +0.010 s|now for something else\n"
      "(1 byte of the server before this belong to another protocol.)\nServer +0.020 s|indeed\n");
}

// ---- bounds

TEST(Transcript, SaysWhatIsLeftOut) {
  Story story{{.bytes = 100}};
  story.client("0123456789")
      .server("abcdefghij")
      .client("not any more")
      .server("nor here")
      .client_lacks(5, Cause::end)
      .fin(Side::client)
      .end();
  EXPECT_EQ(plain(story.conversation()),
            "Client +0.010 s|0123456789\nServer +0.020 s|abcdefghij\n(Here this page has reached its limit of 100 "
            "bytes. How much follows stands at the end.)\n");
  EXPECT_THAT(story.foot(), HasSubstr("▶ 10.0.0.1:49152<td>22 bytes<td>1 gap<td>5 bytes<td>closed\n"));
  EXPECT_THAT(story.foot(), HasSubstr("<p>Left out of this page: 12 bytes of the client and 8 bytes of the server.\n"));
}

TEST(Transcript, StopsInTheMiddleOfAChunk) {
  Story story{{.bytes = 5}};
  story.client("0123456789").end();
  EXPECT_EQ(plain(story.conversation()),
            "Client +0.010 s|01234\n(Here this page has reached its limit of 5 bytes. How much follows stands at the "
            "end.)\n");
  EXPECT_THAT(story.foot(), HasSubstr("Left out of this page: 5 bytes of the client and 0 bytes of the server."));
}

TEST(Transcript, StopsAtTheSameByteHoweverItCame) {
  Story whole{{.bytes = 300}}, pieces{{.bytes = 300}};
  whole.at_once(), pieces.at_once();
  for (unsigned turns = 0; turns < 3; ++turns) {
    whole.client(std::string(100, 'x')).server(std::string(90, 'y'));
    for (int i = 0; i < 100; ++i) pieces.client("x");
    for (int i = 0; i < 90; ++i) pieces.server("y");
  }
  EXPECT_EQ(pieces.end().page(), whole.end().page());
}

TEST(Transcript, WritesNothingWhileItIsUndecided) {
  Story story;
  story.client("a").client("b").client("c").end();
  EXPECT_EQ(story.told(), "[transcript client transcript.html].");
}

TEST(Transcript, ExactlyTheLimitLeavesNothingOut) {
  Story story{{.bytes = 10}};
  story.client("0123456789").end();
  EXPECT_EQ(plain(story.conversation()), "Client +0.010 s|0123456789\n");
  EXPECT_THAT(story.foot(), Not(HasSubstr("Left out")));
}

/// The worst that there is: a turn for each byte, gaps, and what is written longest.
TEST(Transcript, PagesAreBounded) {
  Story turns{{.bytes = 10'000}}, gaps{{.bytes = 10'000}}, hidden{{.bytes = 10'000}}, returns{{.bytes = 10'000}};
  for (unsigned i = 0; i < 5000; ++i) {
    turns.client("\x01").server("\x02");
    gaps.client_lacks(1, Cause::one_sided);
    hidden.client("\xe2\x80\xae");
    returns.client("\r\r\r\r");
  }
  for (Story* story : {&turns, &gaps, &hidden, &returns}) EXPECT_LT(story->end().page().size(), 100'000U);
}

TEST(Transcript, SessionsPastTheLimitAreSaid) {
  Transcript transcript{{.sessions = 2}};
  Desk desk;
  const Session who = session();
  for (unsigned i = 0; i < 5; ++i) {
    const auto parser = transcript.follow(who, desk);
    const auto appetite = parser->on_chunk({.bytes = as_bytes("x"), .seen = kStoryTime});
    EXPECT_EQ(appetite, i < 2 ? Appetite::more : Appetite::enough);
    parser->on_fin(Side::client);
    parser->on_end(Ending::closed);
  }
  EXPECT_EQ(desk.told,
            "[transcript client transcript.html].[transcript client transcript.html]."
            "(reached transcript.sessions)(reached transcript.sessions)(reached transcript.sessions)");
}

TEST(Transcript, NothingSaidNoPage) {
  Story story;
  story.fin(Side::client).end();
  EXPECT_EQ(story.told(), "");
}

TEST(Transcript, FollowsTcp) {
  Transcript transcript;
  Desk desk;
  EXPECT_EQ(transcript.follow(session(17), desk), nullptr);
}

TEST(Transcript, TakesTheRestOrAll) {
  EXPECT_EQ(Transcript{}.stance(), Protocol::Stance::rest);
  EXPECT_EQ(Transcript{{.of = TranscriptOf::all}}.stance(), Protocol::Stance::observer);
}

// ---- under overload

TEST(Transcript, UnderOverloadAPageEndsWithARemark) {
  Story story;
  story.client("Who is there?\xc3").shed(true).server("unheard").client("too").shed(false).client("late").end();
  EXPECT_THAT(
      plain(story.conversation()),
      StartsWith("Client +0.010 s|Who is there?<b>\\xc3</b>\n(Here this page ends, and the conversation goes on: "));
  EXPECT_THAT(story.page(), testing::EndsWith("how much there was.</p>\n"));
  EXPECT_EQ(story.told(), "[transcript client transcript.html]...") << "TRUNCATED, and stored like all before";
}

TEST(Transcript, UnderOverloadNoneBegins) {
  Story story;
  story.shed(true).client("one").shed(false).client("two").end();
  EXPECT_EQ(story.told() + story.page(), "");
}

TEST(Transcript, OneAtItsLimitHasItsFootUnderOverloadToo) {
  Story story{{.bytes = 1024}};
  story.client(std::string(2000, 'x')).shed(true).client("more").end();
  EXPECT_THAT(story.foot(), HasSubstr("Left out of this page: 980 bytes of the client"));
  EXPECT_EQ(story.told(), "[transcript client transcript.html].");
}

}  // namespace
}  // namespace unspool::test
