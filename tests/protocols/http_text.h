// HTTP messages for tests.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "protocols/http.h"
#include "support/protocol_run.h"

namespace unspool::test {

/// `fields`: whole lines.
inline std::string get(std::string_view path, std::string_view fields = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n{}\r\n", path, fields);
}
inline std::string post(std::string_view path, std::string_view body, std::string_view fields = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n{}\r\n{}", path, body.size(), fields, body);
}
inline std::string ok(std::string_view body, std::string_view fields = "") {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}", body.size(), fields, body);
}
inline std::string chunked(std::string_view chunks, std::string_view fields = "") {
  return fmt::format("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{}\r\n{}", fields, chunks);
}

/// What HTTP, as it is configured by default, makes of it.
inline std::string http_told(const Script& script) {
  Http http;
  return told(http, script);
}

}  // namespace unspool::test
