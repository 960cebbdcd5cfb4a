// Content codings: undone, and what happens where they cannot be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coded.h"
#include "protocols/http_text.h"

namespace unspool::test {
namespace {

const std::string kText = "a text that says a text that says a text";

/// What is left of a response with this body and Content-Encoding, but for its event; and what the event says of it.
struct Left {
  std::string files, decode;
};
Left left_of(const Script& script, const HttpLimits& limits = {}) {
  Http http{limits};
  const std::string all = told(http, script);
  Left left;
  const std::size_t event = all.find("http tx_id");
  left.files = all.substr(0, event);
  const std::size_t decode = all.find("decode:", event);
  if (decode != all.npos) left.decode = all.substr(decode + 7, all.find('}', decode) - decode - 7);
  return left;
}
Script response(const std::string& body, std::string_view encoding) {
  return Script().client(get("/x")).server(ok(body, fmt::format("Content-Encoding: {}\r\n", encoding)));
}

TEST(HttpCoding, IsUndone) {
  struct Row {
    std::string_view encoding;
    std::string body;
  };
  const std::vector<Row> rows{
      {"gzip", gzipped(kText)},
      {"X-GZip", gzipped(kText)},
      {"gzip", gzipped(kText.substr(0, 9)) + gzipped(kText.substr(9))},  // two members
      {"deflate", zlib_deflated(kText)},
      {"deflate", bare_deflated(kText)},
      {"br", brotlied(kText)},
      {"zstd", zstandarded(kText)},
      {"zstd", zstandarded(kText.substr(0, 9)) + zstandarded(kText.substr(9))},
      {"deflate, gzip", gzipped(zlib_deflated(kText))},
      {"gzip, br, zstd", zstandarded(brotlied(gzipped(kText)))},
      {"identity", kText},
      {"", kText},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.encoding);
    const Left left = left_of(response(row.body, row.encoding));
    EXPECT_EQ(left.files, fmt::format("server /x: {}\n", kText));
    EXPECT_EQ(left.decode, "");
  }
}

TEST(HttpCoding, OfTransferAndOfRequests) {
  const std::string body = gzipped(kText);
  const Script transfer =
      Script().client(get("/x")).server("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" +
                                        fmt::format("{:x}\r\n", body.size()) + body + "\r\n0\r\n\r\n");
  EXPECT_EQ(left_of(transfer).files, fmt::format("server /x: {}\n", kText));
  const Script request = Script().client(post("/x", body, "Content-Encoding: gzip\r\n")).server(ok(""));
  EXPECT_EQ(left_of(request).files, fmt::format("client /x: {}\n", kText));
}

TEST(HttpCoding, OfNothingLeavesNothing) {
  EXPECT_EQ(left_of(response(gzipped(""), "gzip")).files, "");
  EXPECT_EQ(left_of(response("", "gzip")).decode, "");
}

TEST(HttpCoding, UnknownOnesAreKept) {
  EXPECT_EQ(left_of(response("abc", "rot13")).files, "server /x: abc\n");
  EXPECT_EQ(left_of(response("abc", "rot13")).decode, "unknown");
  EXPECT_EQ(left_of(response("abc", "gzip, gzip, gzip, gzip")).decode, "layers");
}

TEST(HttpCoding, ThatIsNoneIsKeptAsItCame) {
  for (const std::string_view encoding : {"gzip", "br", "zstd"}) {
    SCOPED_TRACE(encoding);
    const Left left = left_of(response("\xff\xff\xffplain text", encoding));
    EXPECT_EQ(left.files, fmt::format("server /x.{}: \\xff\\xff\\xffplain text\n", encoding == "gzip" ? "gz"
                                                                                   : encoding == "br" ? "br"
                                                                                                      : "zst"));
    EXPECT_EQ(left.decode, "corrupt");
  }
}

TEST(HttpCoding, WhatWasNotKeptForLaterIsLeftOut) {
  const std::string body = "\x1f\x8b\x08\x08----" + std::string(9000, 'n');  // a name without end
  EXPECT_THAT(left_of(response(body, "gzip")).files, testing::StartsWith("server /x.gz: 9008 bytes"));
  EXPECT_EQ(left_of(response(body, "gzip"), {.decoding_prefix = 5000}).files, "");
  EXPECT_EQ(left_of(response(body, "gzip"), {.decoding_prefix = 5000}).decode, "cut");
}

TEST(HttpCoding, JunkBehindItIsKept) {
  const Left left = left_of(response(gzipped(kText) + "junk", "gzip"));
  EXPECT_EQ(left.files, fmt::format("server /x: {}\nserver /x.gz: junk\n", kText));
  EXPECT_EQ(left.decode, "corrupt");
}

TEST(HttpCoding, CutOffIsNotWhole) {
  const std::string body = gzipped(kText);
  const Left left = left_of(response(body.substr(0, body.size() - 1), "gzip"));
  EXPECT_EQ(left.files, fmt::format("server /x: {}...\n", kText));
  EXPECT_EQ(left.decode, "cut");
}

/// Text that compresses by no more than a half or so.
std::string long_text() {
  std::string text;
  for (unsigned i = 0, x = 1; i < 8000; ++i)
    text += static_cast<char>('a' + (x = x * 1'103'515'245U + 12'345U) / 65'536U % 20);
  return text;
}

TEST(HttpCoding, GapEndsItAndTheRestIsKeptAsItCame) {
  const std::string text = long_text();
  const std::string body = gzipped(text);
  const std::string front = body.substr(0, 2000), back = body.substr(body.size() - 1000);
  const Script script =
      Script()
          .client(get("/x"))
          .server(fmt::format("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n{}", 3005, front))
          .server_gap(5)
          .server(back);
  const Left left = left_of(script);
  EXPECT_THAT(left.files, testing::MatchesRegex(
                              "server /x: [0-9]+ bytes #[0-9a-f]+\\.\\.\\.\nserver /x\\.gz: 1005 bytes #[0-9a-f]+\n"));
  EXPECT_EQ(left.decode, "gap");
}

TEST(HttpCoding, GapBeforeAnythingWasDecodedKeepsAll) {
  const Script script = Script()
                            .client(get("/x"))
                            .server("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n\x1f\x8b")
                            .server_gap(5)
                            .server("ab");
  EXPECT_EQ(left_of(script).files, "server /x.gz: \\x1f\\x8b<5 not_captured>ab\n");
}

TEST(HttpCoding, BombIsNotUnpacked) {
  const HttpLimits limits{.decoded_ratio = 100, .decoded_free = 100'000};
  const Left left = left_of(response(gzipped(std::string(10'000'000, 'x')), "gzip"), limits);
  EXPECT_EQ(left.decode, "bomb");
  std::size_t unpacked = 0;
  ASSERT_EQ(std::sscanf(left.files.c_str(), "reached http.decoded_bytes\nserver /x: %zu bytes", &unpacked), 1)
      << left.files;
  EXPECT_GE(unpacked, 100'000U);
  EXPECT_LT(unpacked, 200'000U);
  EXPECT_THAT(left.files, testing::HasSubstr("server /x.gz: "));
}

TEST(HttpCoding, BombInsideAnotherIsNone) {
  const HttpLimits limits{.decoded_ratio = 100, .decoded_free = 100'000};
  const std::string twice = gzipped(gzipped(std::string(50'000'000, 'x')));
  EXPECT_LT(twice.size(), 1000U);
  EXPECT_EQ(left_of(response(twice, "gzip, gzip"), limits).decode, "bomb");
}

TEST(HttpCoding, MoreThanTheBoundIsKeptAsItCame) {
  const std::string text = long_text();
  EXPECT_EQ(left_of(response(gzipped(text), "gzip"), {.decoded_bytes = 100}).decode, "bomb");
  EXPECT_EQ(left_of(response(gzipped(text), "gzip"), {.decoded_bytes = text.size()}).decode, "");
}

}  // namespace
}  // namespace unspool::test
