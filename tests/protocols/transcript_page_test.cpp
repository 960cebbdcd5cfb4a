// The page around a transcript: who, when, how sure, how it ended; and that it is one file that fetches nothing.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/digest.h"
#include "transcript_story.h"

namespace unspool::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(TranscriptPage, SaysWhoAndWhen) {
  VlanStack vlans;
  vlans.push(5), vlans.push(117);
  Session who = session(6, vlans);
  who.midstream = true;
  Story story{{}, who};
  story.client("x").end();
  EXPECT_THAT(story.page(), StartsWith("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"));
  EXPECT_THAT(story.page(),
              HasSubstr("<title>10.0.0.1:49152 → 10.0.0.2:4000, 2006-11-02 18:15:00.123456 UTC</title>\n"));
  EXPECT_THAT(story.page(), HasSubstr("<h1>10.0.0.1:49152 <span>→</span> 10.0.0.2:4000</h1>\n"));
  EXPECT_THAT(story.page(),
              HasSubstr(fmt::format(
                  "<dl>\n<dt>Client\n<dd>10.0.0.1, port 49152\n<dt>Server\n<dd>10.0.0.2, port 4000\n"
                  "<dt>Roles\n<dd>certain: the client’s SYN was seen\n"
                  "<dt>Began\n<dd><time datetime=\"2006-11-02T18:15:00.123456+0000\" title=\"2006-11-02 "
                  "18:15:00.123456 UTC\">2006-11-02 "
                  "18:15:00.123456 UTC</time>\n"
                  "<dt>Beginning\n<dd>not captured: the session was already going on\n<dt>VLAN\n<dd>5, in it 117\n"
                  "<dt>Events\n<dd>flow_id {}\n</dl>\n",
                  flow_id(who))));
}

TEST(TranscriptPage, RolesTellHowSureTheyAre) {
  const std::pair<Roles, const char*> rows[] = {{Roles::syn, "certain: the client’s SYN was seen"},
                                                {Roles::syn_ack, "certain: the server’s SYN-ACK was seen"},
                                                {Roles::port, "likely: the beginning was not seen"},
                                                {Roles::first_sender, "a guess: the beginning was not seen"}};
  for (const auto& [roles, words] : rows) {
    Session who = session();
    who.roles = roles;
    EXPECT_THAT((Story{{}, who}.client("x").page()), HasSubstr(fmt::format("<dt>Roles\n<dd>{}", words)));
  }
}

TEST(TranscriptPage, AddressesOfIp6) {
  Session who = session();
  who.key = {6,
             endpoint({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 1024),
             endpoint({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}, 23),
             {}};
  EXPECT_THAT((Story{{}, who}.client("x").page()),
              HasSubstr("<h1>[2001:db8::1]:1024 <span>→</span> [2001:db8::2]:23</h1>"));
}

TEST(TranscriptPage, EndsWithTotals) {
  Story story;
  story.client("12345")
      .client_lacks(1500, Cause::end)
      .client_lacks(2, Cause::limit)
      .server("1")
      .fin(Side::server)
      .end(Ending::idle);
  EXPECT_EQ(story.foot(),
            "<footer>\n<h2>Silent</h2>\n<p>Nothing more was seen for so long that the session counts as over.\n"
            "<p>The last packet was seen 20 ms after the first, at <time datetime=\"2006-11-02T18:15:00.143456+0000\" "
            "title=\"2006-11-02 18:15:00.143456 UTC\">2006-11-02 18:15:00.143456 UTC</time>.\n"
            "<table>\n<thead><tr><th scope=col>Side<th scope=col>Said<th scope=col>Gaps<th scope=col>Missing<th "
            "scope=col>Stream\n<tbody>\n"
            "<tr><th scope=row>▶ 10.0.0.1:49152<td>5 bytes<td>2 gaps<td>1,502 bytes<td>not seen to close\n"
            "<tr><th scope=row>◀ 10.0.0.2:4000<td>1 byte<td>none<td>none<td>closed\n"
            "</table>\n<p><small>Set by unspool.</small>\n</footer>\n");
}

TEST(TranscriptPage, EveryEndingInWords) {
  std::set<std::string> words;
  for (const Ending ending : {Ending::closed, Ending::reset, Ending::rejected, Ending::reused, Ending::idle,
                              Ending::evicted, Ending::shutdown, Ending::capture_end}) {
    Story story;
    const std::string foot = story.client("x").end(ending).foot();
    const std::string said = foot.substr(0, foot.find("<p>The last"));
    EXPECT_GT(said.size(), 50U) << name(ending);
    words.insert(said);
  }
  EXPECT_EQ(words.size(), 8U);
}

TEST(TranscriptPage, GrowsWithTheConversation) {
  Story story;
  std::string before;
  for (const char* text : {"What is your name?\r\n", "Ada\r\n", "\x01\x02", "and so on"}) {
    story.client(text).server(text);
    EXPECT_THAT(story.page(), StartsWith(before));
    EXPECT_GT(story.page().size(), before.size());
    before = story.page();
  }
  EXPECT_THAT(before, Not(HasSubstr("</main>")));
  story.end();
  EXPECT_THAT(story.page(), StartsWith(before));
  EXPECT_THAT(story.page(), EndsWith("</footer>\n"));
}

TEST(TranscriptPage, WithoutItsEndThePageIsNotWhole) {
  Desk desk;
  Transcript transcript;
  const Session who = session();
  transcript.follow(who, desk)->on_chunk({.bytes = as_bytes("x"), .seen = kStoryTime});
  EXPECT_EQ(desk.told, "[transcript client transcript.html]...");
}

TEST(TranscriptPage, HasOneStyleAndFetchesNothing) {
  Story story;
  story.client("<script src=//evil.example></script><link href=x><style>@import 'x'</style>").end();
  const std::string& page = story.page();
  const std::size_t begin = page.find("<style>") + 7;
  Sha256 style;
  style.add(as_bytes(page.substr(begin, page.find("</style>") - begin)));
  EXPECT_THAT(
      page,
      HasSubstr(fmt::format(
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; base-uri "
          "'none'; form-action 'none'\">\n",
          base64(style.finish()))));
  EXPECT_EQ(elements_of(page),
            "!DOCTYPE article dd details dl dt footer h1 h2 header html i main meta p pre small span style summary "
            "table tbody "
            "td th thead time title tr");
  for (const char* fetches : {"src=", "href=", "url(", "@import"})
    EXPECT_EQ(page.substr(0, page.find("<main>")).find(fetches), std::string::npos) << fetches;
}

/// Captures have such times. Nothing overflows.
TEST(TranscriptPage, TimesFromTheBeginningToTheEnd) {
  Session who = session();
  who.start = Timestamp::min();
  Story story{{}, who};
  story.pause(Timestamp::max() - kStoryTime - std::chrono::seconds(1)).client("late").end();
  EXPECT_EQ(plain(story.conversation()), "Client +5124095:34:32.720|late\n");
}

}  // namespace
}  // namespace unspool::test
