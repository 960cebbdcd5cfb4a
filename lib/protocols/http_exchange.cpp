#include "protocols/http_exchange.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/json.h"

namespace unspool {
namespace {

constexpr std::array kTexts{&HttpExchange::method,           &HttpExchange::target,
                            &HttpExchange::version,          &HttpExchange::host,
                            &HttpExchange::user_agent,       &HttpExchange::referer,
                            &HttpExchange::response_version, &HttpExchange::content_type,
                            &HttpExchange::location,         &HttpExchange::content_range};

constexpr std::size_t kUsual = 512;  // bytes that most events take

struct Authority {
  std::string host, port;
};

/// Lower case, without user and port; an IPv6 address without its brackets.
Authority authority(std::string_view text) {
  text.remove_prefix(std::min(text.rfind('@') + 1, text.size()));
  Authority answer;
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : text.npos;
  const std::size_t colon = text.find(':', bracket == text.npos ? 0 : bracket);
  answer.host = bracket == text.npos ? text.substr(0, colon) : text.substr(1, bracket - 1);
  std::transform(answer.host.begin(), answer.host.end(), answer.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c; });
  if (colon != text.npos) answer.port = text.substr(colon + 1);
  return answer;
}

/// The target behind "scheme://"; empty when it is none of this form.
std::string_view behind_scheme(std::string_view target) {
  const std::size_t slashes = target.find("://");
  const bool absolute = slashes != target.npos && slashes > 0 && target.find_first_of("/?#") == slashes + 1;
  return absolute ? target.substr(slashes + 3) : std::string_view{};
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size() ? std::optional{value} : std::nullopt;
}

void text(JsonWriter& json, std::string_view name, std::string_view value) {
  if (!value.empty()) json.member(name, value);
}

/// "bytes 0-99/1000", also in numbers, as EVE has it.
void write_content_range(JsonWriter& json, std::string_view range) {
  if (range.empty()) return;
  json.key("content_range").begin_object().member("raw", range);
  const std::size_t blank = range.find(' '), hyphen = range.find('-', blank), slash = range.find('/', hyphen);
  if (blank != range.npos && hyphen != range.npos && slash != range.npos) {
    const auto start = number(range.substr(blank + 1, hyphen - blank - 1));
    const auto end = number(range.substr(hyphen + 1, slash - hyphen - 1));
    const auto size = number(range.substr(slash + 1));
    if (start) json.member("start", *start);
    if (end) json.member("end", *end);
    if (size) json.member("size", *size);
  }
  json.end_object();
}

void write_http(JsonWriter& json, const HttpExchange& exchange) {
  const std::string_view absolute = behind_scheme(exchange.target);
  std::string_view host = exchange.host;
  if (host.empty() && !absolute.empty()) host = absolute.substr(0, absolute.find_first_of("/?#"));
  if (host.empty() && exchange.method == "CONNECT") host = exchange.target;
  const Authority server = authority(host);

  json.key("http").begin_object();
  text(json, "hostname", server.host);
  if (const auto port = number(server.port)) json.member("http_port", *port);
  text(json, "url", exchange.target);
  text(json, "http_user_agent", exchange.user_agent);
  text(json, "http_content_type",
       trimmed(std::string_view{exchange.content_type}.substr(0, exchange.content_type.find(';'))));
  write_content_range(json, exchange.content_range);
  text(json, "http_refer", exchange.referer);
  text(json, "http_method", exchange.method);
  const bool simple = exchange.has_request && exchange.version.empty();
  text(json, "protocol", simple ? "HTTP/0.9" : exchange.has_request ? exchange.version : exchange.response_version);
  if (exchange.status) json.member("status", *exchange.status);
  text(json, "redirect", exchange.location);
  json.member("length", exchange.length).end_object();
}

void write_unspool(JsonWriter& json, const HttpExchange& exchange) {
  const auto& [request_decode, decode] = exchange.undecoded;
  const bool anything = exchange.lost > 0 || exchange.ambiguous_length || !exchange.ranges.empty() || !decode.empty() ||
                        !request_decode.empty();
  if (!anything) return;
  json.key("unspool").begin_object();
  if (exchange.lost > 0) json.member("resynchronised", true).member("lost_bytes", exchange.lost);
  text(json, "decode", decode);
  text(json, "request_decode", request_decode);
  if (exchange.ambiguous_length) json.member("ambiguous_length", true);
  if (!exchange.ranges.empty()) {
    json.key("ranges").begin_array();
    for (const std::string& range : exchange.ranges) json.value(range);
    json.end_array();
  }
  json.end_object();
}

}  // namespace

std::string HttpExchange::name() const {
  if (!has_request) return "unknown";
  const std::string_view absolute = behind_scheme(target);
  if (absolute.empty()) return target;
  const std::size_t path = absolute.find_first_of("/?#");
  return path == absolute.npos ? "/" : std::string{absolute.substr(path)};
}

void HttpExchange::begin_again() {
  HttpExchange next;
  for (const auto text : kTexts) {
    next.*text = std::move(this->*text);
    (next.*text).clear();
  }
  *this = std::move(next);
}

std::size_t HttpExchange::room() const {
  std::size_t room = 0;
  for (const auto text : kTexts) room += (this->*text).capacity();
  return room;
}

void take_request(HttpExchange& exchange, const HttpHead& head, const HttpLimits& limits) {
  const auto kept = [&](std::string_view value) { return value.substr(0, limits.field_bytes); };
  exchange.has_request = true;
  exchange.began = head.began;
  exchange.method = kept(head.request.method);
  exchange.target = kept(head.request.target);
  exchange.version = kept(head.request.version);
  exchange.host = kept(head.fields.first("host"));
  exchange.user_agent = kept(head.fields.first("user-agent"));
  exchange.referer = kept(head.fields.first("referer"));
  exchange.lost += head.lost;
}

void take_response(HttpExchange& exchange, const HttpHead& head, const HttpLimits& limits) {
  const auto kept = [&](std::string_view value) { return value.substr(0, limits.field_bytes); };
  if (!exchange.has_request) exchange.began = head.began;
  exchange.status = head.status.status;
  exchange.response_version = kept(head.status.version);
  exchange.content_type = kept(head.fields.first("content-type"));
  exchange.location = kept(head.fields.first("location"));
  exchange.content_range = kept(head.fields.first("content-range"));
  exchange.lost += head.lost;
}

Event http_event(const HttpExchange& exchange) {
  Event event{.type = "http", .app_proto = "http", .time = exchange.began, .members = {}};
  event.members.reserve(kUsual);
  JsonWriter json{event.members};
  json.member("tx_id", exchange.number);
  write_http(json, exchange);
  write_unspool(json, exchange);
  return event;
}

}  // namespace unspool
