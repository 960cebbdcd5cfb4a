// HTTP: each row is a session, and what is left of it.
#include "protocols/http.h"

#include <gtest/gtest.h>

#include "protocols/http_text.h"

namespace unspool::test {
namespace {

struct Row {
  std::string_view name;
  Script script;
  std::string_view told;
};

void expect_told(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(http_told(row.script), row.told);
  }
}

TEST(Http, Bodies) {
  expect_told({
      {"a response", Script().client(get("/cat.png?size=2")).server(ok("meow")),
       "server /cat.png?size=2: meow\n"
       "http tx_id:0,http:{hostname:a,url:/cat.png?size=2,http_method:GET,protocol:HTTP/1.1,status:200,length:4}\n"},
      {"a request too", Script().client(post("/form", "x=1")).server(ok("done")),
       "client /form: x=1\n"
       "server /form: done\n"
       "http tx_id:0,http:{hostname:a,url:/form,http_method:POST,protocol:HTTP/1.1,status:200,length:4}\n"},
      {"nothing in them", Script().client(get("/")).server(ok("")),
       "http tx_id:0,http:{hostname:a,url:/,http_method:GET,protocol:HTTP/1.1,status:200,length:0}\n"},
      {"chunks, with extensions and a trailer",
       Script().client(get("/")).server(chunked("3\r\nabc\r\n0A;x=\"y\"\r\n0123456789\r\n000\r\nX: y\r\n\r\n")),
       "server /: abc0123456789\n"
       "http tx_id:0,http:{hostname:a,url:/,http_method:GET,protocol:HTTP/1.1,status:200,length:13}\n"},
      {"chunks of a request",
       Script()
           .client("PUT /up HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
           .server("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
       "client /up: hi\n"
       "http tx_id:0,http:{url:/up,http_method:PUT,protocol:HTTP/1.1,status:201,length:0}\n"},
      {"until the server closes", Script().client(get("/")).server("HTTP/1.0 200 OK\r\n\r\nabc").server_fin(),
       "server /: abc\n"
       "http tx_id:0,http:{hostname:a,url:/,http_method:GET,protocol:HTTP/1.1,status:200,length:3}\n"},
      {"the same, but it is not seen to close", Script().client(get("/")).server("HTTP/1.0 200 OK\r\n\r\nabc"),
       "server /: abc...\n"
       "http tx_id:0,http:{hostname:a,url:/,http_method:GET,protocol:HTTP/1.1,status:200,length:3}\n"},
      {"shorter than it says",
       Script().client(get("/")).server("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nabc").server_fin(),
       "server /: abc...\n"
       "http tx_id:0,http:{hostname:a,url:/,http_method:GET,protocol:HTTP/1.1,status:200,length:3}\n"},
      {"a proxy is asked", Script().client("GET http://B.example:8080/x?y HTTP/1.1\r\n\r\n").server(ok("abc")),
       "server /x?y: abc\n"
       "http tx_id:0,http:{hostname:b.example,http_port:8080,url:http://B.example:8080/x?y,http_method:GET,"
       "protocol:HTTP/1.1,status:200,length:3}\n"},
      {"no request was seen", Script().server(ok("abc")),
       "server unknown: abc\n"
       "http tx_id:0,http:{protocol:HTTP/1.1,status:200,length:3}\n"},
      {"no response was seen", Script().client(get("/")),
       "http tx_id:0,http:{hostname:a,url:/,http_method:GET,protocol:HTTP/1.1,length:0}\n"},
  });
}

TEST(Http, Fields) {
  expect_told({
      {"all that an event holds",
       Script()
           .client("GET / HTTP/1.1\r\nHost: WWW.Example.com:8080\r\nUser-Agent: curl/8\r\nReferer: http://a/\r\n\r\n")
           .server(
               "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Type: text/html; charset=x\r\nContent-Length: 0\r\n\r\n"),
       "http tx_id:0,http:{hostname:www.example.com,http_port:8080,url:/,http_user_agent:curl/8,"
       "http_content_type:text/html,http_refer:http://a/,http_method:GET,protocol:HTTP/1.1,status:302,redirect:/b,"
       "length:0}\n"},
      {"folded, with blanks, without CR", Script().client("GET / HTTP/1.1\nhost :\n b\n\n").server(ok("")),
       "http tx_id:0,http:{hostname:b,url:/,http_method:GET,protocol:HTTP/1.1,status:200,length:0}\n"},
      {"an address of IPv6", Script().client("GET / HTTP/1.1\r\nHost: [::1]:81\r\n\r\n").server(ok("")),
       "http tx_id:0,http:{hostname:::1,http_port:81,url:/,http_method:GET,protocol:HTTP/1.1,status:200,length:0}\n"},
      {"hostile bytes", Script().client("GET /\"\x01\xff HTTP/1.1\r\n\r\n").server(ok("")),
       "http tx_id:0,http:{url:/\\\\u0001\\\\xff,http_method:GET,protocol:HTTP/1.1,status:200,length:0}\n"},
      {"a range",
       Script().client(get("/")).server(
           "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-7/1000\r\nContent-Length: 3\r\n\r\nabc"),
       "server /: abc\n"
       "http tx_id:0,http:{hostname:a,url:/,content_range:{raw:bytes 5-7/1000,start:5,end:7,size:1000},http_method:GET,"
       "protocol:HTTP/1.1,status:206,length:3}\n"},
      {"two lengths",
       Script().client(get("/")).server("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
       "server /: abc\n"
       "http tx_id:0,http:{hostname:a,url:/,http_method:GET,protocol:HTTP/1.1,status:200,length:3},"
       "unspool:{ambiguous_length:true}\n"},
      {"two lengths that are one",
       Script().client(get("/")).server("HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc"),
       "server /: abc\n"
       "http tx_id:0,http:{hostname:a,url:/,http_method:GET,protocol:HTTP/1.1,status:200,length:3}\n"},
      {"chunks and a length: chunks win (RFC 9112, 6.3)",
       Script().client(get("/")).server(chunked("1\r\nx\r\n0\r\n\r\n", "Content-Length: 3\r\n")),
       "server /: x\n"
       "http tx_id:0,http:{hostname:a,url:/,http_method:GET,protocol:HTTP/1.1,status:200,length:1},"
       "unspool:{ambiguous_length:true}\n"},
  });
}

TEST(Http, Conversations) {
  expect_told({
      {"one after the other", Script().client(get("/1")).server(ok("one")).client(get("/2")).server(ok("two")),
       "server /1: one\n"
       "http tx_id:0,http:{hostname:a,url:/1,http_method:GET,protocol:HTTP/1.1,status:200,length:3}\n"
       "server /2: two\n"
       "http tx_id:1,http:{hostname:a,url:/2,http_method:GET,protocol:HTTP/1.1,status:200,length:3}\n"},
      {"pipelined", Script().client(get("/1") + get("/2")).server(ok("one") + ok("two")),
       "server /1: one\n"
       "http tx_id:0,http:{hostname:a,url:/1,http_method:GET,protocol:HTTP/1.1,status:200,length:3}\n"
       "server /2: two\n"
       "http tx_id:1,http:{hostname:a,url:/2,http_method:GET,protocol:HTTP/1.1,status:200,length:3}\n"},
      {"blank lines between", Script().client("\r\n\r\n" + get("/")).server("\r\n" + ok("one")),
       "server /: one\n"
       "http tx_id:0,http:{hostname:a,url:/,http_method:GET,protocol:HTTP/1.1,status:200,length:3}\n"},
      {"HEAD has no body",
       Script()
           .client("HEAD /1 HTTP/1.1\r\n\r\n" + get("/2"))
           .server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + ok("two")),
       "http tx_id:0,http:{url:/1,http_method:HEAD,protocol:HTTP/1.1,status:200,length:0}\n"
       "server /2: two\n"
       "http tx_id:1,http:{hostname:a,url:/2,http_method:GET,protocol:HTTP/1.1,status:200,length:3}\n"},
      {"nor have 204 and 304",
       Script()
           .client(get("/1") + get("/2"))
           .server("HTTP/1.1 204 No\r\n\r\nHTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n"),
       "http tx_id:0,http:{hostname:a,url:/1,http_method:GET,protocol:HTTP/1.1,status:204,length:0}\n"
       "http tx_id:1,http:{hostname:a,url:/2,http_method:GET,protocol:HTTP/1.1,status:304,length:0}\n"},
      {"100 is no answer",
       Script()
           .client("POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
           .server("HTTP/1.1 100 Continue\r\n\r\n")
           .client("hi")
           .server(ok("")),
       "client /: hi\n"
       "http tx_id:0,http:{url:/,http_method:POST,protocol:HTTP/1.1,status:200,length:0}\n"},
      {"answered before all of it was sent",
       Script().client("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nab").server(ok("no")).client("cd" + get("/2")),
       "server /: no\n"
       "http tx_id:0,http:{url:/,http_method:POST,protocol:HTTP/1.1,status:200,length:2}\n"
       "client /: abcd\n"
       "http tx_id:1,http:{hostname:a,url:/2,http_method:GET,protocol:HTTP/1.1,length:0}\n"},
      {"HTTP/0.9", Script().client("GET /x\r\n").server("HTML").server_fin(),
       "server /x: HTML\n"
       "http tx_id:0,http:{url:/x,http_method:GET,protocol:HTTP/0.9,length:4}\n"},
      {"a line that servers refuse",
       Script().client("GET /x\r\nHost: b\r\n\r\n").server("HTTP/1.1 400 Bad\r\n\r\nno").server_fin(),
       "server /x: no\n"
       "http tx_id:0,http:{hostname:b,url:/x,http_method:GET,protocol:HTTP/0.9,status:400,length:2}\n"},
      {"a version that is none",
       Script().client("HEAD / HTTP/1.\r\nHost: b\r\n\r\n").server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
       "http tx_id:0,http:{hostname:b,url:/,http_method:HEAD,protocol:HTTP/1.,status:200,length:0}\n"},
      {"a head that the end cuts", Script().client("GET / HTTP/1.1\r\nHost: b").client_fin(),
       "http tx_id:0,http:{hostname:b,url:/,http_method:GET,protocol:HTTP/1.1,length:0}\n"},
      {"more than the length says",
       Script().client(get("/1")).server(ok("one") + "junk").client(get("/2")).server(ok("two")),
       "server /1: one\n"
       "http tx_id:0,http:{hostname:a,url:/1,http_method:GET,protocol:HTTP/1.1,status:200,length:3}\n"
       "server /2: two\n"
       "http tx_id:1,http:{hostname:a,url:/2,http_method:GET,protocol:HTTP/1.1,status:200,length:3},"
       "unspool:{resynchronised:true,lost_bytes:4}\n"},
      {"no chunk where one should be", Script().client(get("/")).server(chunked("3\r\nabc\r\nzz\r\nabc")),
       "server /: abc...\n"
       "http tx_id:0,http:{hostname:a,url:/,http_method:GET,protocol:HTTP/1.1,status:200,length:3}\n"},
  });
}

TEST(Http, HandsOver) {
  expect_told({
      {"an upgrade",
       Script()
           .client(get("/chat", "Upgrade: websocket\r\n"))
           .server("HTTP/1.1 101 Switching\r\n\r\n\x81\x05hello")
           .client("\x81"),
       "http tx_id:0,http:{hostname:a,url:/chat,http_method:GET,protocol:HTTP/1.1,status:101,length:0}\n"
       "hand over 51 26\n"},
      {"a tunnel",
       Script().client("CONNECT b:443 HTTP/1.1\r\n\r\n").server("HTTP/1.1 200 OK\r\n\r\n").client("\x16\x03\x01"),
       "http "
       "tx_id:0,http:{hostname:b,http_port:443,url:b:443,http_method:CONNECT,protocol:HTTP/1.1,status:200,length:0}\n"
       "hand over 26 19\n"},
      {"a tunnel that is used before it is open: what comes ahead is not told here",
       Script().client("CONNECT b:443 HTTP/1.1\r\n\r\n" + get("/")).server("HTTP/1.1 200 OK\r\n\r\n"),
       "http "
       "tx_id:0,http:{hostname:b,http_port:443,url:b:443,http_method:CONNECT,protocol:HTTP/1.1,status:200,length:0}\n"
       "hand over 26 19\n"},
      {"a tunnel whose answer ends with its side: nothing is left to hand over, and nothing in it is HTTP",
       Script()
           .client("CONNECT b:443 HTTP/1.1\r\n\r\n")
           .server("HTTP/1.1 200 OK\r\n")
           .server_fin()
           .client(post("/form", "abc")),
       "http "
       "tx_id:0,http:{hostname:b,http_port:443,url:b:443,http_method:CONNECT,protocol:HTTP/1.1,status:200,length:0}\n"},
      {"a tunnel that is refused",
       Script()
           .client("CONNECT b:443 HTTP/1.1\r\n\r\n")
           .server("HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno")
           .client(get("/"))
           .server(ok("x")),
       "server b:443: no\n"
       "http "
       "tx_id:0,http:{hostname:b,http_port:443,url:b:443,http_method:CONNECT,protocol:HTTP/1.1,status:407,length:2}\n"
       "server /: x\n"
       "http tx_id:1,http:{hostname:a,url:/,http_method:GET,protocol:HTTP/1.1,status:200,length:1}\n"},
      {"an upgrade after a body",
       Script().client(post("/", "abc", "Upgrade: h2c\r\n")).server("HTTP/1.1 101 Switching\r\n\r\n"),
       "client /: abc\n"
       "http tx_id:0,http:{hostname:a,url:/,http_method:POST,protocol:HTTP/1.1,status:101,length:0}\n"
       "hand over 64 26\n"},
  });
}

TEST(Http, EventsAreDatedByWhatBeganThem) {
  Http http;
  const Script script = Script().client("GET / HT").client("TP/1.1\r\n\r\n").server(ok("a")).server(ok("b"));
  EXPECT_EQ(told_once(http, script, session_at(80), true),
            "server /: a\n"
            "+0 http tx_id:0,http:{url:/,http_method:GET,protocol:HTTP/1.1,status:200,length:1}\n"
            "server unknown: b\n"
            "+3 http tx_id:1,http:{protocol:HTTP/1.1,status:200,length:1}\n");
}

}  // namespace
}  // namespace unspool::test
