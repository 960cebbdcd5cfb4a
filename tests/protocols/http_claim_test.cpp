// Which sessions HTTP claims as its own.
#include <gtest/gtest.h>

#include "protocols/http_text.h"

namespace unspool::test {
namespace {

TEST(HttpClaim, ContentBeforePort) {
  struct Row {
    std::string client, server;
    std::string_view at_80, at_9999;
    std::string_view last_chance_at_80 = "";  // where it differs
  };
  const std::string long_target(4090, 'x');
  const std::vector<Row> rows{
      {get("/"), "", "yes", "yes"},
      {"G", "", "unsure", "unsure"},
      {"GET / HTTP/1.1", "", "unsure", "unsure"},
      {"\r\nFROB / HTTP/1.0\n", "", "yes", "yes"},
      {"GET /\x01 HTTP/1.1\n", "", "yes", "yes"},
      {"GET /\x01 HTTP/1.1", "", "unsure", "unsure"},
      {"GET /x\r\n", "", "yes", "no"},
      {"\tGET /x\r\n", "", "unsure", "no"},
      {"GET /HTTP/1.1\r\n", "", "yes", "no"},
      {"GET /x SIP/2.0\r\n", "", "yes", "no"},
      {"OPTIONS sip:x SIP/2.0\r\n", "", "unsure", "no"},
      {"PRI * HTTP/2.0\r\n", "", "unsure", "no"},
      {"GET /" + long_target, "", "unsure", "unsure", "yes"},
      {"\x16\x03\x01", "", "unsure", "no"},
      {"\x16\x03\x01", "\x16", "no", "no"},
      {"OPTIONS\r\n", "HTTP/1.1 400 Bad\r\n", "yes", "yes"},
      {"", "HTTP/1.1 2", "unsure", "unsure"},
      {"", "HTTP/1.1 0", "no", "no"},
      {"", "HTTP/1.1  ", "unsure", "unsure"},
      {"", "HTTP/1.1  200 ", "unsure", "unsure", "yes"},
      {"", "HTTP/1.1  200 O", "yes", "yes"},
      {"", "HTTP/1.1 2000", "no", "no"},
      {"", "HTTP/1.1 20\r\n", "no", "no"},
      {"", "HTTP/1.1 200 OK\r\n", "yes", "yes"},
      {"", "HTTP/2.0 200 OK\r\n", "no", "no"},
      {"", "220 mail.example ESMTP\r\n", "no", "no"},
      {"", "", "unsure", "unsure"},
  };
  const auto word = [](Claim claim) { return claim == Claim::yes ? "yes" : claim == Claim::no ? "no" : "unsure"; };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.client.substr(0, 40) + "|" + row.server);
    Opening opening{.first = {as_bytes(row.client), as_bytes(row.server)}};
    EXPECT_EQ(word(Http{}.claim(session_at(80), opening)), row.at_80);
    EXPECT_EQ(word(Http{}.claim(session_at(9999), opening)), row.at_9999);
    opening.last_chance = true;
    EXPECT_EQ(word(Http{}.claim(session_at(80), opening)),
              row.last_chance_at_80.empty() ? row.at_80 : row.last_chance_at_80);
  }
}

TEST(HttpClaim, MidstreamWaitsForTheAnswer) {
  const std::string body = "rest of an upload\r\n";
  const Session session = session_at(9999, true);
  EXPECT_EQ(Http{}.claim(session, {.first = {as_bytes(body), Bytes{}}}), Claim::unsure);
  EXPECT_EQ(Http{}.claim(session, {.first = {as_bytes(body), as_bytes("HTTP/1.1 200 OK\r\n")}}), Claim::yes);
}

}  // namespace
}  // namespace unspool::test
