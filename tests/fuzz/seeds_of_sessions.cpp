// What both sides say, how it is read, and configurations.
#include <initializer_list>

#include "fuzz/pieces.h"
#include "fuzz/seeds.h"

namespace unspool::test {
namespace {

/// The bytes that these digits name.
std::string hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string{digits.substr(i, 2)}, nullptr, 16));
  }
  return bytes;
}

// "text text text", coded.
constexpr std::string_view kGzip = "1f8b08000000000002032b49ad2851288111003d433ab30e000000",
                           kZlib = "789c2b49ad28512881110029a20590", kBare = "2b49ad285128811100",
                           kBrotli = "130d00f8a541cae8f0c42b51401e",
                           kZstd = "28b52ffd045871000074657874207465787420746578743767bd46",
                           kZstdOfGzip =
                               "28b52ffd0458d900001f8b08000000000000032b49ad2851288111003d433ab30e00000041ef56c0";
// A sentence.
constexpr std::string_view kLongGzip =
    "1f8b08000000000002030bc94855282ccd4cce56482aca2fcf5348cbaf50c82acd2d2856c82f4b2d5228014ae72456552aa4e4a7eb2824e6a5"
    "8"
    "044f2c0c2e8ba8a7352530b8af5006fb889a951000000";
constexpr std::string_view kLongBrotli =
    "135000208d94a8e35bba38221d504601bed02593aac2de3ce0e24359e3a9b4c303aecc4308a35a0e2baca1c4457c13e2a7fdc1e67384834140"
    "f9"
    "4501";
constexpr std::string_view kLongZstd =
    "28b52ffd0468050200e2c30d11907d50fa43e90fad745b6616c24dee900381c6ff46abbf4fd5cd1b0e1034aef768fea9fafc0b9d4667976778"
    "fc613889b3a2acf44f22010097130505a6e542e9";
// 300,000 zeros.
constexpr std::string_view kBombBrotli = "53df93847f02201e0b0432170900";
constexpr std::string_view kBombZstd = "28b52ffd04585400001000000100fbff39c00202001000039f04002d28de26";

std::string get(std::string_view path) { return "GET " + std::string{path} + " HTTP/1.1\r\nHost: a\r\n\r\n"; }
std::string with_body(std::string_view line, std::string_view fields, std::string_view body) {
  std::string text{line};
  text += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  text += fields;
  text += "\r\n";
  text += body;
  return text;
}
std::string ok(std::string_view body, std::string_view fields = "") {
  return with_body("HTTP/1.1 200 OK", fields, body);
}

const std::string kForm =
    "--X\r\nContent-Disposition: form-data; filename=a\r\n\r\nabc\r\n--X\r\nContent-Disposition: x; "
    "filename*=UTF-8''%e2%82%ac\r\n\r\n\r\n--X--";

/// An input of http: wide limits, port 80.
std::string http(const PieceText& pieces, unsigned how = 0) { return static_cast<char>(how) + pieces.text(); }

Seeds http_messages() {
  Seeds seeds;
  const std::map<std::string, std::string> answers{
      {"length", ok("abc")},
      {"chunked",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5;x=y\r\nHTTP/\r\n0\r\nA: b\r\n\r\n"},
      {"gzip", ok(hex(kGzip), "Content-Encoding: gzip\r\n")},
      {"deflate", ok(hex(kZlib), "Content-Encoding: deflate\r\n")},
      {"deflate-bare", ok(hex(kBare), "Content-Encoding: deflate\r\n")},
      {"brotli", ok(hex(kBrotli), "Content-Encoding: br\r\n")},
      {"gzip-zstd", ok(hex(kZstdOfGzip), "Content-Encoding: gzip, zstd\r\n")},
      {"bomb", ok(hex(kBombBrotli), "Content-Encoding: br\r\n")},
      {"corrupt", ok("no gzip at all", "Content-Encoding: gzip\r\n")},
      {"100", "HTTP/1.1 100 Continue\r\n\r\n" + ok("abc")},
      {"204", "HTTP/1.1 204 No Content\r\n\r\n" + ok("abc")},
      {"ranges", ok("--X\r\nContent-Range: bytes 0-2/9\r\n\r\nabc\r\n--X--",
                    "Content-Type: multipart/byteranges; boundary=X\r\n")},
      {"until-close", "HTTP/1.0 200 OK\r\n\r\nuntil it closes"},
      {"length-lies", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nxx"},
      {"chunk-lies", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"},
      {"folded", "HTTP/1.1 200 OK\r\nA: b\r\n  c\r\nContent-Length: 1\nContent-Length: 1\r\n\r\nx"},
      {"bare", "no head"},
  };
  for (const auto& [name, answer] : answers) {
    seeds["answer-" + name] = http(PieceText{}.client(get("/" + name)).server(answer).server_fin());
  }
  return seeds;
}

/// Of http_bodies: `codings` as places in ContentCoding, in the order in which they were applied.
std::string coded(std::initializer_list<unsigned> codings, std::string_view digits) {
  unsigned how = static_cast<unsigned>(codings.size() - 1), shift = 2;
  for (const unsigned coding : codings) how |= coding << shift, shift += 2;
  return std::string{static_cast<char>(how * 2 & 0xffU), static_cast<char>(how >> 7U)} + hex(digits);
}
std::string multipart(const PieceText& pieces, bool narrow = false) {
  return std::string{narrow ? '\3' : '\1', '\0'} + "X" + pieces.text();
}

struct Step {
  unsigned kind, more;
  bool server = false;
};
/// Of conversation.
std::string conversation(bool alone, std::initializer_list<Step> reads, std::initializer_list<Step> pieces) {
  std::string text{static_cast<char>(alone), static_cast<char>((reads.size() + 1) / 2)};
  const auto add = [&](const Step& step) {
    text += static_cast<char>(step.kind | (step.server ? 0x80U : 0U));
    text += static_cast<char>(step.more);
  };
  for (const Step& read : reads) add(read);
  if (reads.size() % 2 == 1) add({12, 0});
  for (const Step& piece : pieces) add(piece);
  return text;
}

}  // namespace

Seeds http_seeds() {
  constexpr unsigned kNarrow = 1, kMidstream = 2, kOtherPort = 4;
  Seeds seeds = http_messages();
  const PieceText form =
      PieceText{}.client(with_body("POST /form HTTP/1.1", "Content-Type: multipart/form-data; boundary=X\r\n", kForm));
  seeds["form"] = http(form);
  seeds["form-narrow"] = http(form, kNarrow);
  seeds["pipelined"] =
      http(PieceText{}.client(get("/1") + get("/2") + "HEAD /3 HTTP/1.1\r\n\r\n").server(ok("a") + ok("b")));
  seeds["connect"] =
      http(PieceText{}.client("CONNECT b:1 HTTP/1.1\r\n\r\n").server("HTTP/1.1 200 OK\r\n\r\n").client("\x16\x03"));
  seeds["upgrade"] = http(PieceText{}
                              .client("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n")
                              .server("HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n")
                              .server("\x81\x01x"));
  seeds["gap-in-body"] = http(PieceText{}
                                  .client(get("/"))
                                  .server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
                                  .server_gap(Cause::capture_drop, 3)
                                  .server("def" + ok("x")));
  seeds["gap-in-head"] = http(PieceText{}
                                  .client("POST /x HTT")
                                  .client_gap(Cause::snaplen, 20)
                                  .client(get("/y"))
                                  .server("HTTP/1.1 4")
                                  .server_gap(Cause::not_captured, 9)
                                  .server(ok("abc")));
  seeds["gap-in-coding"] = http(PieceText{}
                                    .client(get("/"))
                                    .server(ok(hex(kLongGzip), "Content-Encoding: gzip\r\n").substr(0, 90))
                                    .server_gap(Cause::limit, 55)
                                    .server(ok("x")));
  seeds["from-the-middle"] =
      http(PieceText{}.server("the rest of it").server(ok("abc")).client(get("/")).server(ok("def")),
           kMidstream | kOtherPort);
  seeds["simple"] = http(PieceText{}.client("GET /simple\r\n").server("an answer without a head").server_fin());
  seeds["no-http"] = http(PieceText{}.client("EHLO a\r\n").server("250 a\r\n"), kOtherPort);
  seeds["long-head"] = http(PieceText{}.client("GET / HTTP/1.1\r\nA: ").client(std::string(320, 'a')), kNarrow);
  return seeds;
}

Seeds http_bodies_seeds() {
  constexpr unsigned kGzipped = 0, kDeflated = 1, kBrotlied = 2, kZstandarded = 3;
  return {
      {"gzip", coded({kGzipped}, kGzip)},
      {"gzip-long", coded({kGzipped}, kLongGzip)},
      {"gzip-twice", coded({kGzipped}, std::string{kGzip}.append(kGzip))},
      {"gzip-junk", coded({kGzipped}, std::string{kGzip}.append("6a756e6b"))},
      {"zlib", coded({kDeflated}, kZlib)},
      {"deflate", coded({kDeflated}, kBare)},
      {"brotli", coded({kBrotlied}, kBrotli)},
      {"brotli-long", coded({kBrotlied}, kLongBrotli)},
      {"brotli-bomb", coded({kBrotlied}, kBombBrotli)},
      {"zstd", coded({kZstandarded}, kZstd)},
      {"zstd-long", coded({kZstandarded}, kLongZstd)},
      {"zstd-bomb", coded({kZstandarded}, kBombZstd)},
      {"gzip-zstd", coded({kGzipped, kZstandarded}, kZstdOfGzip)},
      {"three", coded({kDeflated, kGzipped, kZstandarded}, kZstdOfGzip)},
      {"form", multipart(PieceText{}.client(kForm))},
      {"form-in-pieces", multipart(PieceText{}.client(kForm.substr(0, 52)).client(kForm.substr(52)).client("more"))},
      {"form-with-a-gap", multipart(PieceText{}.client(kForm.substr(0, 50)).client_gap(Cause::end, 20).client(kForm))},
      {"form-of-lf", multipart(PieceText{}.client("--X\n\na\n--X \n\n\n--X\nA: b\n\nc\n--X--"))},
      {"long-header",
       multipart(PieceText{}.client("--X\r\nA: " + std::string(80, 'b') + "\r\n\r\nabc\r\n--X--"), true)},
  };
}

Seeds transcript_seeds() {
  const auto page = [](const PieceText& pieces, unsigned how = 0) { return static_cast<char>(how) + pieces.text(); };
  return {
      {"chat", page(PieceText{}.client("What is your name?\r\n").server("Ada <ada@b>\r\n").client_fin().server_fin())},
      {"binary",
       page(PieceText{}.client(std::string("\0\1\2\3 and text behind it, long enough to be sure of it", 52)))},
      {"characters",
       page(PieceText{}.server("\xe2\x82").server("\xac \xe2\x80\xae \xff\xc3").client("\xf0\x9f\x98\x80"))},
      {"gaps",
       page(PieceText{}.client("ab").client_gap(Cause::snaplen, 5).client("cd").server_gap(Cause::one_sided, 128))},
      {"pauses", page(PieceText{}.client("one").silence(40).client("two").silence(255).server("three"))},
      {"limit", page(PieceText{}.client("0123456789").server("0123456789").client(std::string(60, 'x')), 131)},
      {"terminal", page(PieceText{}.server("\x1b[31mred\x1b[0m\x08\x07\r\n\r").server("\n\t&'\"<b>"))},
  };
}

Seeds conversation_seeds() {
  constexpr unsigned kExactly = 0, kTryExactly = 1, kNumber = 2, kSome = 3, kTrySome = 4, kUntil = 5, kTryUntil = 6,
                     kLine = 7, kTryLine = 8, kSkip = 9, kCopy = 10, kNext = 11, kIgnore = 12, kNest = 13;
  constexpr unsigned kBytes = 0, kMany = 32, kGap = 64, kEnd = 96;
  return {
      {"exactly", conversation(false, {{kExactly, 4}, {kExactly, 100}, {kExactly, 0}, {kExactly, 7, true}},
                               {{kBytes, 40}, {kBytes, 63}, {kBytes, 30, true}})},
      {"numbers",
       conversation(false,
                    {{kNumber, 0}, {kNumber, 1}, {kNumber, 2}, {kNumber, 3}, {kNumber, 4}, {kNumber, 5}, {kNumber, 6}},
                    {{kBytes, 2}, {kBytes, 2}, {kBytes, 63}})},
      {"lines", conversation(false, {{kLine, 99}, {kTryLine, 90, true}, {kUntil, 61}, {kTryUntil, 62}},
                             {{kBytes, 63}, {kBytes, 63}, {kBytes, 63, true}, {kMany, 9}})},
      {"gaps", conversation(false, {{kTryExactly, 20}, {kExactly, 20}, {kTrySome, 0}, {kTryLine, 60}, {kSome, 0}},
                            {{kBytes, 9}, {kGap, 3}, {kBytes, 9}, {kGap | 2, 251}, {kGap, 1}, {kBytes, 50}})},
      {"passes",
       conversation(false, {{kSkip, 30}, {kCopy, 60}, {kCopy, 210}, {kSkip, 0}, {kSome, 0}},
                    {{kBytes, 20}, {kGap, 15}, {kBytes, 63}, {kGap | 1, 254}, {kMany | 31, 9}, {kMany | 31, 9}})},
      {"next", conversation(false, {{kNext, 0}, {kNext, 0}, {kNext, 0}, {kNext, 0}, {kNext, 0}},
                            {{kBytes, 5}, {kBytes, 6, true}, {kGap, 2}, {kEnd, 0}, {kEnd, 0, true}})},
      {"left-over", conversation(false, {{kExactly, 3}, {kNext, 0}, {kNext, 0}, {kIgnore, 0}, {kNext, 0}, {kNext, 0}},
                                 {{kBytes, 30, true}, {kBytes, 20}, {kBytes, 9}, {kBytes, 7, true}})},
      {"each-alone", conversation(true, {{kLine, 200}, {kSome, 0, true}, {kExactly, 9}, {kCopy, 30, true}},
                                  {{kBytes, 20}, {kBytes, 20, true}, {kBytes, 63}, {kGap, 3, true}, {kEnd, 0, true}})},
      {"nested", conversation(false, {{kNest, 3}, {kNest, 250}, {kNest, 1, true}}, {{kBytes, 1}, {kBytes, 1}})},
      {"neglected", conversation(false, {{kExactly, 9, true}, {kTrySome, 0}, {kCopy, 240}, {kTrySome, 0}},
                                 {{kMany | 31, 0}, {kMany | 31, 0}, {kGap, 3}, {kMany | 31, 0}, {kMany | 9, 0, true}})},
      {"too-long", conversation(false, {{kUntil, 12, true}, {kExactly, 255}}, {{kBytes, 63, true}, {kBytes, 9}})},
  };
}

Seeds settings_seeds() {
  const std::string zero(1, '\0');
  return {
      {"some", "output: \"/srv/un spool\"\nstreams: {grace: 50ms, held_bytes: 3MB}\nevents:\n  types: [flow, http]\n"},
      {"protocols",
       "protocols:\n  - http: {when: tcp port 80, header_bytes: 1KiB}\n  - transcript:\n      of: all\n  - raw\n"},
      {"wrong",
       "pipeline: {workers: 010, shard_by: host}\nstreams:\n  grace: 5\n  gracee: 5ms\ntimeouts: []\nstreams: {}\n"},
      {"anchors", "a: &x {<<: *x}\n--- !t\n? [b\n"},
      {"deep", std::string(40, '[') + "\n" + std::string(40, '{')},
      {"text", "output: \"\\u20ac\\x07\"\nx\xff: 'it''s'\n# comment\noutput: |\n  more\n"},
      {"quotes", "output: 'a \"quoted\" \\ path'\n"},
      {"set",
       zero + "streams.grace=5ms" + zero + "protocols=[raw]" + zero + "streams.grace" + zero + "a.b=[" + zero + "=1"},
  };
}

}  // namespace unspool::test
