// HTTP where packets are missing: what is known to be a body goes on, all else is looked for again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocols/http_text.h"

namespace unspool::test {
namespace {

constexpr std::string_view kFirst = "http tx_id:0,http:{hostname:a,url:/1,http_method:GET,protocol:HTTP/1.1";
constexpr std::string_view kSecond = "http tx_id:1,http:{hostname:a,url:/2,http_method:GET,protocol:HTTP/1.1";

TEST(HttpGap, InABodyItIsAHole) {
  EXPECT_EQ(http_told(Script()
                          .client(get("/1"))
                          .server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")
                          .server_gap(5)
                          .server("yz" + ok("x"))),
            fmt::format("server /1: ab<5 not_captured>yz\n{},status:200,length:9}}\n", kFirst) +
                "server unknown: x\nhttp tx_id:1,http:{protocol:HTTP/1.1,status:200,length:1}\n");
}

TEST(HttpGap, InAChunkItIsAHole) {
  EXPECT_EQ(
      http_told(Script().client(get("/1")).server(chunked("4\r\nab")).server_gap(1).server("d\r\n1\r\nx\r\n0\r\n\r\n")),
      fmt::format("server /1: ab<1 not_captured>dx\n{},status:200,length:5}}\n", kFirst));
}

TEST(HttpGap, UntilCloseItIsAHole) {
  EXPECT_EQ(http_told(Script()
                          .client(get("/1"))
                          .server("HTTP/1.1 200 OK\r\n\r\nab")
                          .server_gap(1'000'000'000'000)
                          .server("yz")
                          .server_fin()),
            fmt::format("server /1: ab<1000000000000 not_captured>yz\n{},status:200,length:1000000000004}}\n", kFirst));
}

TEST(HttpGap, BehindABodyTheNextMessageIsLookedFor) {
  const std::string lost = "unspool:{resynchronised:true,lost_bytes:17}";
  EXPECT_EQ(
      http_told(Script()
                    .client(get("/1"))
                    .server("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
                    .server_gap(12)
                    .client(get("/2"))
                    .server("\xff\n rest" + ok("two"))),
      fmt::format("server /1: ab<2 not_captured>\n{},status:200,length:4}}\n", kFirst) +
          fmt::format("server /2: \\xff\\x0a rest...\nserver /2: two\n{},status:200,length:3}},{}\n", kSecond, lost));
}

TEST(HttpGap, AHeadThatIsCutIsLost) {
  EXPECT_EQ(http_told(Script()
                          .client(get("/1"))
                          .server("HTTP/1.1 200 OK\r\nConte")
                          .server_gap(30)
                          .server("tail")
                          .client(get("/2"))
                          .server(ok("two"))),
            "server /1: HTTP/1.1 200 OK\\x0d\\x0aConte<30 not_captured>tail...\n" +
                fmt::format("{},length:0}}\n", kFirst) +
                fmt::format("server /2: two\n{},status:200,length:3}},unspool:{{resynchronised:true,lost_bytes:56}}\n",
                            kSecond));
}

TEST(HttpGap, AnswerWhoseHeadIsMissingIsKept) {
  EXPECT_EQ(http_told(Script().client(get("/1")).server_gap(300).server("rest of it\n")),
            fmt::format("server /1: <300 not_captured>rest of it\\x0a...\n{},length:0}}\n", kFirst));
}

TEST(HttpGap, BetweenChunksTheBodyEndsUnclosed) {
  EXPECT_EQ(http_told(Script()
                          .client(get("/1"))
                          .server(chunked("2\r\nab\r\n"))
                          .server_gap(7)
                          .server("xyz")
                          .client(get("/2"))
                          .server(ok("two"))),
            fmt::format("server /1: ab...\n{},status:200,length:2}}\n", kFirst) +
                fmt::format("server /2: two\n{},status:200,length:3}},unspool:{{resynchronised:true,lost_bytes:10}}\n",
                            kSecond));
}

TEST(HttpGap, InARequestItsAnswerHasNoRequest) {
  EXPECT_EQ(
      http_told(Script().client("GET /1 HT").client_gap(50).server(ok("one")).client(get("/2")).server(ok("two"))),
      "server unknown: one\nhttp tx_id:0,http:{protocol:HTTP/1.1,status:200,length:3}\n" +
          fmt::format("server /2: two\n{},status:200,length:3}},unspool:{{resynchronised:true,lost_bytes:59}}\n",
                      kSecond));
}

TEST(HttpGap, InAnUploadTheRequestBehindItIsFound) {
  EXPECT_EQ(http_told(Script()
                          .client("POST /1 HTTP/1.1\r\nContent-Length: 4\r\n\r\n")
                          .client_gap(6)
                          .client("\x01tail" + get("/2"))
                          .server(ok("1") + ok("2"))),
            "client /1: <4 not_captured>\n"
            "server /1: 1\nhttp tx_id:0,http:{url:/1,http_method:POST,protocol:HTTP/1.1,status:200,length:1}\n" +
                fmt::format("server /2: 2\n{},status:200,length:1}},unspool:{{resynchronised:true,lost_bytes:7}}\n",
                            kSecond));
}

TEST(HttpGap, MidstreamBeginsAtTheNextMessage) {
  EXPECT_EQ(
      http_told(Script().server("image\nbytes" + ok("x")).client(get("/1")).server(ok("one"))),
      "server unknown: x\nhttp "
      "tx_id:0,http:{protocol:HTTP/1.1,status:200,length:1},unspool:{resynchronised:true,lost_bytes:11}\n"
      "server /1: one\nhttp tx_id:1,http:{hostname:a,url:/1,http_method:GET,protocol:HTTP/1.1,status:200,length:3}\n");
}

/// Whichever piece is lost: nothing fails, no file claims to be whole that is not, and the last answer is found.
TEST(HttpGap, AnyOnePieceMayBeMissing) {
  Http http;
  const std::string body(50, 'b');
  const Script script =
      Script()
          .client(get("/1") + post("/2", body))
          .server(ok(body) + chunked("32\r\n" + body + "\r\n0\r\n\r\n"))
          .client(post("/3", "--x\r\nContent-Disposition: form-data; filename=f\r\n\r\n" + body + "\r\n--x--\r\n",
                       "Content-Type: multipart/form-data; boundary=x\r\n"))
          .server(ok(body))
          .cut(16);
  const Script rest = Script().client(get("/last")).server(ok("last"));
  for (std::size_t i = 0; i < script.lines().size(); ++i) {
    Script lossy = script.without(i);
    for (const auto& line : rest.lines())
      line.from == Side::client ? lossy.client(line.bytes) : lossy.server(line.bytes);
    const std::string told = told_once(http, lossy, session_at(80));
    EXPECT_THAT(told, testing::Not(testing::HasSubstr("failed"))) << i;
    EXPECT_THAT(
        told, testing::AnyOf(testing::HasSubstr("server /last: last\n"), testing::HasSubstr("server unknown: last\n")))
        << i;
  }
}

}  // namespace
}  // namespace unspool::test
