// HTTP that is hostile, or merely a lot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include "protocols/http_text.h"

namespace unspool::test {
namespace {

TEST(HttpBounds, EndlessHead) {
  Http http{HttpLimits{.header_bytes = 100}};
  EXPECT_EQ(told(http, Script()
                           .client(get("/1"))
                           .server(ok("one"))
                           .client("GET /2 HTTP/1.1\r\n" + std::string(100, 'x'))
                           .client(get("/3"))),
            "server /1: one\n"
            "http tx_id:0,http:{hostname:a,url:/1,http_method:GET,protocol:HTTP/1.1,status:200,length:3}\n"
            "reached http.header_bytes\n"
            "anomaly anomaly:{app_proto:http,type:applayer,event:head_too_long,layer:proto_parser}\n");
}

TEST(HttpBounds, EndlessTrailer) {
  Http http{HttpLimits{.header_bytes = 100}};
  EXPECT_EQ(told(http, Script().client(get("/1")).server(chunked("1\r\nx\r\n0\r\n" + std::string(200, 'x')))),
            "server /1: x\n"
            "http tx_id:0,http:{hostname:a,url:/1,http_method:GET,protocol:HTTP/1.1,status:200,length:1}\n"
            "reached http.header_bytes\n"
            "anomaly anomaly:{app_proto:http,type:applayer,event:head_too_long,layer:proto_parser}\n");
}

TEST(HttpBounds, LinesWithoutEnd) {
  Http http{HttpLimits{.header_bytes = 1000, .chunk_line = 50, .search_line = 200}};
  EXPECT_THAT(told(http, Script()
                             .client(get("/1"))
                             .server(chunked(fmt::format("{:1>5000}\n", "")))
                             .client(get("/2"))
                             .server("\n" + ok("two"))),
              testing::AllOf(testing::HasSubstr("server /2: two\n"), testing::HasSubstr("resynchronised:true")));
  EXPECT_THAT(told(http, Script()
                             .client(get("/1"))
                             .server(fmt::format("{}{:1>5000}", ok("one"), ""))
                             .client(get("/2"))
                             .server("\n" + ok("two"))),
              testing::HasSubstr("server /2: two\n"));
}

/// Nothing is left of what is no HTTP, and it is not followed for long.
TEST(HttpBounds, NoHttp) {
  const std::string noise(100'000, '\x17');
  EXPECT_EQ(http_told(Script().client("SSH-2.0-x\r\n").server("SSH-2.0-y\r\n").client(noise).server(noise)), "");
  EXPECT_EQ(http_told(Script().client_gap(10).server_gap(10).client(noise).server(noise)), "");
}

TEST(HttpBounds, RequestsThatNobodyAnswers) {
  Http http{HttpLimits{.unanswered = 2}};
  EXPECT_EQ(
      told_once(http, Script().client(get("/1") + get("/2") + get("/3")).server(ok("a") + ok("b")), session_at(80)),
      "http tx_id:0,http:{hostname:a,url:/1,http_method:GET,protocol:HTTP/1.1,length:0}\n"
      "server unknown: a\n"
      "http tx_id:3,http:{protocol:HTTP/1.1,status:200,length:1}\n"
      "server /2: b\n"
      "http tx_id:1,http:{hostname:a,url:/2,http_method:GET,protocol:HTTP/1.1,status:200,length:1}\n"
      "http tx_id:2,http:{hostname:a,url:/3,http_method:GET,protocol:HTTP/1.1,length:0}\n");
}

/// Takes all and keeps nothing.
class Sink : public Outputs {
 public:
  std::unique_ptr<Transfer> open_transfer(const Session&, Side, std::string_view, std::string_view) override {
    ++transfers;
    return std::make_unique<Hole>();
  }
  void emit(const Session&, const Event&) override { ++events; }
  void hand_over(const std::array<std::uint64_t, 2>&) override {}
  void expect(Expectation) override {}
  void limit_reached(std::string_view) override {}
  std::size_t transfers = 0, events = 0;

 private:
  class Hole : public Transfer {
    void write(Bytes) override {}
    void write_gap(std::uint64_t, Cause) override {}
    void close() override {}
    void discard() override {}
  };
};

TEST(HttpBounds, AHundredThousandRequestsCostNoMoreThanOne) {
  Http http;
  Sink sink;
  const Session session = session_at(80);
  const auto parser = http.follow(session, sink);
  const std::string request = get("/some/path"), response = ok("body");
  std::uint64_t asked = 0, answered = 0;
  std::size_t before = 0;
  for (unsigned i = 0; i < 100'000; ++i) {
    if (i == 1000) before = mallinfo2().uordblks;
    parser->on_chunk({.from = Side::client, .offset = asked, .bytes = as_bytes(request)});
    parser->on_chunk({.from = Side::server, .offset = answered, .bytes = as_bytes(response)});
    asked += request.size();
    answered += response.size();
  }
  EXPECT_LE(mallinfo2().uordblks, before + 10'000);
  EXPECT_EQ(sink.events, 100'000U);
  EXPECT_EQ(sink.transfers, 100'000U);
}

}  // namespace
}  // namespace unspool::test
