// What goes through a proxy is followed as if it came alone.
#include <gtest/gtest.h>

#include "protocols/http.h"
#include "protocols/socks.h"
#include "protocols/transcript.h"
#include "run.h"

namespace unspool::test {
namespace {

using namespace std::literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<OfferedProtocol> usual() {
  std::vector<OfferedProtocol> offered;
  offered.push_back({.protocol = std::make_unique<Http>()});
  offered.push_back({.protocol = std::make_unique<Socks>()});
  offered.push_back({.protocol = std::make_unique<Transcript>(TranscriptSettings{})});
  return offered;
}

constexpr auto kGreeting = "\x05\x01\x00"sv, kNoAuth = "\x05\x00"sv;
constexpr auto kConnect =
    "\x05\x01\0\x03\x09"
    "b.example\0\x50"sv;
constexpr auto kSucceeded = "\x05\0\0\x01\x0a\0\0\x09\x04\x01"sv;
constexpr auto kConnect4a = "\x04\x01\0\x50\0\0\0\x01\0b.example\0"sv, kGranted4 = "\0\x5a\0\0\0\0\0\0"sv;
constexpr auto kGet = "GET /cat.png HTTP/1.1\r\nHost: b.example\r\n\r\n"sv;
constexpr auto kCat = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmeow"sv;

std::string joined(std::string_view a, std::string_view b) { return std::string{a}.append(b); }

Dialog socks() { return Dialog(1080).open().client(kGreeting).server(kNoAuth); }

void expect_cat(const Dialog& dialog) {
  const Ran ran = run(dialog.packets(), {}, 0, usual);
  EXPECT_THAT(ran.transfers, ElementsAre("/cat.png meow CLOSED"));
  EXPECT_THAT(ran.anomalies, Contains(HasSubstr("\"http_method\":\"GET\",\"protocol\":\"HTTP/1.1\",\"status\":200")));
  EXPECT_EQ(ran.count("parsers.claimed.http"), 1U);
  EXPECT_EQ(ran.count("parsers.failed"), 0U);
}

TEST(Proxy, HttpThroughSocks) {
  expect_cat(socks().client(kConnect).server(kSucceeded).client(kGet).server(kCat).close());
  expect_cat(Dialog(1080).open().client(kConnect4a).server(kGranted4).client(kGet).server(kCat).close());
}

TEST(Proxy, WhatTheClientSaysAheadOfTheAnswer) {
  expect_cat(socks().client(joined(kConnect, kGet)).server(joined(kSucceeded, kCat)).close());
  expect_cat(socks().client(kConnect).client(kGet).server(kSucceeded).server(kCat).close());
  expect_cat(Dialog(1080)
                 .open()
                 .client(kGreeting)
                 .client(joined(kConnect, kGet.substr(0, 9)))
                 .client(kGet.substr(9))
                 .server(joined(kNoAuth, joined(kSucceeded, kCat)))
                 .close());
  expect_cat(Dialog(1080).open().client(joined(kConnect4a, kGet)).server(joined(kGranted4, kCat)).close());
}

TEST(Proxy, SocksThroughSocks) {
  const Dialog dialog = socks()
                            .client(kConnect)
                            .server(kSucceeded)
                            .client(joined(kConnect4a, kGet))
                            .server(joined(kGranted4, kCat))
                            .close();
  expect_cat(dialog);
  EXPECT_EQ(run(dialog.packets(), {}, 0, usual).count("parsers.claimed.socks"), 2U);
}

TEST(Proxy, WhatNobodyKnowsIsATranscript) {
  const Ran ran =
      run(socks().client(kConnect).server(kSucceeded).client("LOGIN").server("220").close().packets(), {}, 0, usual);
  ASSERT_EQ(ran.transfers.size(), 1U);
  EXPECT_THAT(ran.transfers[0], testing::AllOf(testing::StartsWith("transcript.html"), HasSubstr("LOGIN")));
}

TEST(Proxy, RefusalIsTheProxysOwn) {
  const Ran ran = run(socks().client(kConnect).server("\x05\x05\0\x01\0\0\0\0\0\0"sv).close().packets(), {}, 0, usual);
  EXPECT_THAT(ran.transfers, testing::IsEmpty());
  EXPECT_THAT(ran.anomalies, ElementsAre(HasSubstr("\"code\":5,\"status\":\"connection_refused\"")));
  EXPECT_EQ(ran.count("parsers.claimed.socks"), 1U);
}

TEST(Proxy, HttpThroughConnect) {
  constexpr auto kTunnel = "CONNECT b.example:80 HTTP/1.1\r\n\r\n"sv, kOpen = "HTTP/1.1 200 OK\r\n\r\n"sv;
  for (const Dialog& dialog : {Dialog(3128).open().client(kTunnel).server(kOpen).client(kGet).server(kCat).close(),
                               Dialog(3128).open().client(joined(kTunnel, kGet)).server(joined(kOpen, kCat)).close(),
                               Dialog(3128).open().client(kTunnel).client(kGet).server(kOpen).server(kCat).close()}) {
    const Ran ran = run(dialog.packets(), {}, 0, usual);
    EXPECT_THAT(ran.transfers, ElementsAre("/cat.png meow CLOSED"));
    EXPECT_THAT(ran.anomalies, ElementsAre(HasSubstr("\"CONNECT\""), HasSubstr("\"GET\""))) << "each told once";
  }
}

TEST(Proxy, ConnectThatIsRefusedGoesOn) {
  const Dialog dialog = Dialog(3128)
                            .open()
                            .client("CONNECT b.example:80 HTTP/1.1\r\n\r\n")
                            .server("HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n")
                            .client(kGet)
                            .server(kCat)
                            .close();
  EXPECT_THAT(run(dialog.packets(), {}, 0, usual).transfers, ElementsAre("/cat.png meow CLOSED"));
}

}  // namespace
}  // namespace unspool::test
