// HTTP that dice have spoiled: nothing fails, and how it was cut into packets changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coded.h"
#include "protocols/http_text.h"
#include "support/dice.h"

namespace unspool::test {
namespace {

const std::string kForm =
    "--X\r\nContent-Disposition: x; filename=a\r\n\r\nabc\r\n--X\r\nContent-Disposition: x; "
    "filename=b\r\n\r\n\r\n--X--";

const std::vector<std::string> kRequests{
    get("/1"),
    post("/2", "hello body"),
    post("/3", kForm, "Content-Type: multipart/form-data; boundary=X\r\n"),
    post("/4", gzipped("text text text"), "Content-Encoding: gzip\r\n"),
    "PUT /5 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "HEAD /6 HTTP/1.1\r\n\r\n",
    "CONNECT b:1 HTTP/1.1\r\n\r\n",
    "GET /simple\r\n",
    "OPTIONS\r\nHost: q\r\n\r\n",
    "junk\r\n",
};
const std::vector<std::string> kResponses{
    ok("abc"),
    chunked("3\r\nabc\r\n5\r\nHTTP/\r\n0\r\nA: b\r\n\r\n"),
    ok(brotlied("text text text"), "Content-Encoding: br\r\n"),
    ok(zstandarded(gzipped("text text text")) + "x", "Content-Encoding: gzip, zstd\r\n"),
    "HTTP/1.1 100 C\r\n\r\n",
    "HTTP/1.1 304 N\r\n\r\n",
    "HTTP/1.1 101 S\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nuntil close",
    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nxx",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    "plain",
    "HTT",
};

std::uint64_t below(Dice& dice, std::uint64_t n) { return dice.between(0, n - 1); }

std::string spoiled(std::string text, Dice& dice) {
  constexpr std::string_view kMarks = "\r\n :;-/0aH";
  for (std::uint64_t times = below(dice, 4); times > 0 && !text.empty(); --times) {
    const std::size_t at = below(dice, text.size());
    switch (below(dice, 4)) {
      case 0: text[at] = static_cast<char>(below(dice, 256)); break;
      case 1: text.erase(at, 1 + below(dice, 5)); break;
      case 2: text.insert(at, 1, kMarks[below(dice, kMarks.size())]); break;
      case 3: text.resize(at); break;
    }
  }
  return text;
}

Script random_script(Dice& dice) {
  Script script;
  for (std::uint64_t lines = 1 + below(dice, 10); lines > 0; --lines) {
    const bool client = below(dice, 2) == 0;
    const auto& said = client ? kRequests : kResponses;
    const std::string text = spoiled(said[below(dice, said.size())], dice);
    const std::size_t gap_at = below(dice, 8) == 0 ? below(dice, text.size() + 1) : text.size();
    for (const std::string& part : {text.substr(0, gap_at), text.substr(gap_at)}) {
      if (part.empty()) continue;
      client ? script.client(part) : script.server(part);
      if (part.size() < text.size() || below(dice, 12) == 0) client ? script.client_gap(20) : script.server_gap(20);
    }
  }
  if (below(dice, 2) == 0) script.server_fin();
  if (below(dice, 2) == 0) script.client_fin();
  return script;
}

TEST(HttpRandom, CutAsItMayBe) {
  Http usual;
  Http narrow{HttpLimits{.header_bytes = 300,
                         .chunk_line = 40,
                         .search_bytes = 2000,
                         .search_line = 90,
                         .unanswered = 3,
                         .parts = 3,
                         .part_header_bytes = 100}};
  Dice dice{1};
  for (int round = 0; round < 5000 && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(round);
    const Script script = random_script(dice);
    EXPECT_THAT(told(below(dice, 2) == 0 ? usual : narrow, script), testing::Not(testing::HasSubstr("failed")));
  }
}

}  // namespace
}  // namespace unspool::test
