#include "support/first_look.h"

#include <fmt/format.h>

namespace unspool::test {
namespace {

using namespace std::chrono_literals;

std::string request(std::string_view path) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: first-look\r\n\r\n", path);
}

std::string answer(std::string_view type, std::string_view body) {
  return fmt::format("HTTP/1.1 200 OK\r\nServer: example\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", type,
                     body.size(), body);
}

constexpr std::string_view kPage =
    "<!doctype html>\n<title>Hello</title>\n<h1>Hello, newcomer</h1>\n<p>This page crossed the wire in three packets, "
    "which were captured in the wrong "
    "order. unspool put them back.\n<p><img src=\"/images/spool.svg\" alt=\"a spool\">\n";

constexpr std::string_view kPicture =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 48 48\">\n<rect x=\"8\" y=\"4\" width=\"32\" height=\"6\" "
    "rx=\"3\"/>\n"
    "<rect x=\"14\" y=\"12\" width=\"20\" height=\"24\" fill=\"none\" stroke=\"black\" stroke-width=\"3\"/>\n<rect "
    "x=\"8\" y=\"38\" width=\"32\" "
    "height=\"6\" rx=\"3\"/>\n</svg>\n";

}  // namespace

Stamped first_look() {
  Dialog page(80, 49201, "192.0.2.10", "198.51.100.80");
  const std::string page_bytes = answer("text/html", kPage);
  page.open().client(request("/index.html"));
  page.server(page_bytes.substr(0, 120)).server(page_bytes.substr(120, 120)).server(page_bytes.substr(240)).close();
  page.swap(4, 6);

  Dialog picture(80, 49202, "192.0.2.10", "198.51.100.80");
  const std::string picture_bytes = answer("image/svg+xml", kPicture);
  picture.isn(500'000, 700'000).pause(40ms).open().client(request("/images/spool.svg"));
  picture.server(picture_bytes.substr(0, 160)).server(picture_bytes.substr(160, 140)).server(picture_bytes.substr(300));
  picture.client_acks().close().lose(5);

  Dialog talk(4000, 49203, "192.0.2.10", "203.0.113.5");
  talk.isn(1'000'000, 4'294'967'290).pause(90ms).open();
  talk.server("What is your name?\r\n").pause(800ms).client("Ada\r\n").pause(20ms);
  talk.server("Hello, Ada. What do you want to know?\r\n").pause(1500ms).client("Who answered first?\r\n").pause(20ms);
  talk.server("I did. No reply is ever shown before what it answers.\r\n").close();
  return together({page, picture, talk});
}

}  // namespace unspool::test
