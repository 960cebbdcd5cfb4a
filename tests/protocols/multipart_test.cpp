// Multipart bodies: parts that have a file's name are files, beside the whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coded.h"
#include "protocols/http_text.h"

namespace unspool::test {
namespace {

/// The lines for files other than the whole body's, of an upload with this body.
std::string parts_of(std::string_view body, std::string_view type = "multipart/form-data; boundary=XX") {
  std::string all =
      http_told(Script().client(post("/up", body, fmt::format("Content-Type: {}\r\n", type))).server(ok("")));
  std::string parts;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = all.find('\n', at) + 1;
    const std::string line = all.substr(at, end - at);
    if (!line.starts_with("client /up: ") && !line.starts_with("http ")) parts += line;
    at = end;
  }
  return parts;
}

TEST(Multipart, Parts) {
  struct Row {
    std::string_view name, body, parts;
  };
  const std::vector<Row> rows{
      {"a file and a field",
       "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a b.txt\"\r\n\r\nabc\r\n"
       "--XX\r\nContent-Disposition: form-data; name=\"g\"\r\n\r\nfield\r\n--XX--\r\n",
       "client a b.txt: abc\n"},
      {"two files",
       "--XX\r\nContent-Disposition: x; filename=a\r\n\r\n1\r\n--XX\r\nContent-Disposition: x; "
       "filename=b\r\n\r\n2\r\n--XX--",
       "client a: 1\nclient b: 2\n"},
      {"content that looks like a boundary",
       "--XX\r\nContent-Disposition: x; filename=a\r\n\r\n\r\n--X\r\n-\r\r\n--\r\n--XX--\r\n",
       "client a: \\x0d\\x0a--X\\x0d\\x0a-\\x0d\\x0d\\x0a--\n"},
      {"an empty file", "--XX\r\nContent-Disposition: x; filename=a\r\n\r\n\r\n--XX--\r\n", ""},
      {"an empty file, shorter",
       "--XX\r\nContent-Disposition: x; filename=a\r\n\r\n--XX\r\nContent-Disposition: x; "
       "filename=b\r\n\r\nb\r\n--XX--",
       "client b: b\n"},
      {"a preamble and an epilogue",
       "pre\r\n--XX  \r\nContent-Disposition: x; filename=a\r\n\r\n1\r\n--XX--\r\n--XX\r\nContent-Disposition: x; "
       "filename=b\r\n\r\n2",
       "client a: 1\n"},
      {"lines without CR", "--XX\nContent-Disposition: x; filename=a\n\nabc\n--XX--\n", "client a: abc\n"},
      {"a path of Windows", "--XX\r\nContent-Disposition: x; filename=\"C:\\x\\\"y\"\r\n\r\nabc\r\n--XX--",
       "client C:\\x\"y: abc\n"},
      {"a name in UTF-8", "--XX\r\nContent-Disposition: x; filename=e; filename*=UTF-8''%c3%A9%zz\r\n\r\nabc\r\n--XX--",
       "client \\xc3\\xa9%zz: abc\n"},
      {"no end", "--XX\r\nContent-Disposition: x; filename=a\r\n\r\nabc", "client a: abc...\n"},
      {"no header's end", "--XX\r\nContent-Disposition: x; filename=a\r\nabc", ""},
      {"no boundary", "abc", ""},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(parts_of(row.body), row.parts);
  }
  EXPECT_EQ(parts_of("--X;Y\r\nContent-Disposition: x; filename=a\r\n\r\nabc\r\n--X;Y--",
                     "Multipart/Mixed; charset=x; boundary=\"X;Y\""),
            "client a: abc\n");
  EXPECT_EQ(parts_of("--XX\r\nContent-Disposition: x; filename=a\r\n\r\nabc\r\n--XX--", "text/plain; boundary=XX"), "");
}

TEST(Multipart, TheWholeIsKeptToo) {
  EXPECT_EQ(http_told(Script().client(post("/up", "--X\r\nContent-Disposition: x; filename=a\r\n\r\nb\r\n--X--",
                                           "Content-Type: multipart/form-data; boundary=X\r\n"))),
            "client a: b\n"
            "client /up: --X\\x0d\\x0aContent-Disposition: x; filename=a\\x0d\\x0a\\x0d\\x0ab\\x0d\\x0a--X--\n"
            "http tx_id:0,http:{hostname:a,url:/up,http_method:POST,protocol:HTTP/1.1,length:0}\n");
}

TEST(Multipart, IsTakenApartBehindItsCoding) {
  const std::string body = "--XX\r\nContent-Disposition: x; filename=a\r\n\r\nabc\r\n--XX--";
  EXPECT_THAT(http_told(Script().client(get("/x")).server(
                  ok(gzipped(body), "Content-Encoding: gzip\r\nContent-Type: multipart/mixed; boundary=XX\r\n"))),
              testing::StartsWith("server a: abc\nserver /x: --XX"));
}

TEST(Multipart, RangesAreFilesOfTheirThing) {
  const std::string body =
      "--X\r\nContent-Range: bytes 0-1/9\r\n\r\nab\r\n--X\r\nContent-Range: bytes 5-6/9\r\n\r\nfg\r\n--X--\r\n";
  const std::string all =
      http_told(Script().client(get("/x")).server(ok(body, "Content-Type: multipart/byteranges; boundary=X\r\n")));
  EXPECT_THAT(all, testing::StartsWith("server /x: ab\nserver /x: fg\nserver /x: --X"));
  EXPECT_THAT(all, testing::EndsWith("unspool:{ranges:[bytes 0-1/9,bytes 5-6/9]}\n"));
}

TEST(Multipart, GapEndsThePartInWhichItIs) {
  const std::string head =
      "POST /up HTTP/1.1\r\nContent-Length: 152\r\nContent-Type: multipart/mixed; boundary=XX\r\n\r\n";
  const std::string told =
      http_told(Script()
                    .client(head + "--XX\r\nContent-Disposition: x; filename=a\r\n\r\nabc")
                    .client_gap(40)
                    .client("def\r\n--XX\r\nContent-Disposition: x; filename=b\r\n\r\n2\r\n--XX--"));
  EXPECT_THAT(told, testing::StartsWith("client a: abc...\nclient b: 2\nclient /up: "));
}

TEST(Multipart, PartsAndTheirHeadersAreBounded) {
  Http http{HttpLimits{.parts = 1, .part_header_bytes = 100}};
  const auto part = [](std::string_view name) {
    return fmt::format("--X\r\nContent-Disposition: x; filename={}\r\n\r\nb\r\n", name);
  };
  const auto upload = [&](const std::string& body) {
    return told_once(http, Script().client(post("/up", body, "Content-Type: multipart/mixed; boundary=X\r\n")),
                     session_at(80));
  };
  EXPECT_THAT(upload(part("a") + part("b") + "--X--"), testing::StartsWith("client a: b\nclient /up: "));
  EXPECT_THAT(upload(part(std::string(100, 'x')) + part("b") + "--X--"),
              testing::StartsWith("client b: b\nclient /up: "));
}

TEST(Multipart, ABoundarysLineIsBounded) {
  Http http{HttpLimits{.boundary_bytes = 20}};
  const auto upload = [&](std::size_t padding) {
    const std::string body = "--X" + std::string(padding, ' ') + "\nContent-Disposition: x; filename=a\n\nb\n--X--";
    return told(http, Script().client(post("/up", body, "Content-Type: multipart/mixed; boundary=X\r\n")));
  };
  EXPECT_THAT(upload(19), testing::StartsWith("client a: b\nclient /up: "));
  EXPECT_THAT(upload(20), testing::StartsWith("client /up: "));
}

}  // namespace
}  // namespace unspool::test
