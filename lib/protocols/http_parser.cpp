#include "protocols/http_parser.h"

#include <algorithm>

#include "base/json.h"

namespace unspool {
namespace {

using Framing = HttpStream::Framing;
using Body = HttpStream::Body;

constexpr std::size_t kSpareRoom = 1024;  // an exchange of longer texts is not kept to be used again

constexpr std::size_t index(Side side) { return static_cast<std::size_t>(side); }

/// The codings of a body, in the order in which they were applied; empty, with a reason, when they are not undone.
std::vector<ContentCoding> codings_of(const HttpFields& fields, const HttpLimits& limits, std::string_view& reason) {
  std::vector<ContentCoding> codings;
  for (const std::string_view field : {"content-encoding", "transfer-encoding"}) {
    fields.each_of(field, [&](std::string_view name) {
      if (equal_ignoring_case(name, "identity") || equal_ignoring_case(name, "chunked")) return;
      const auto coding = content_coding(name);
      if (!coding) reason = "unknown";
      if (coding) codings.push_back(*coding);
    });
  }
  if (codings.size() > limits.codings) reason = "layers";
  if (!reason.empty()) codings.clear();
  return codings;
}

bool is_multipart(std::string_view type) {
  constexpr std::string_view kMultipart = "multipart/";
  return equal_ignoring_case(type.substr(0, kMultipart.size()), kMultipart);
}

bool is_of_ranges(std::string_view type) {
  return equal_ignoring_case(trimmed(type.substr(0, type.find(';'))), "multipart/byteranges");
}

}  // namespace

HttpParser::HttpParser(const Session& session, Outputs& outputs, const HttpLimits& limits)
    : streams_{HttpStream{Side::client, *this, limits}, HttpStream{Side::server, *this, limits}},
      session_{session},
      outputs_{outputs},
      limits_{limits} {}

Appetite HttpParser::on_chunk(const Chunk& chunk) {
  if (over_) return Appetite::enough;
  if (chunk.from == Side::server) streams_[index(Side::client)].answer_begins();
  streams_[index(chunk.from)].feed(chunk);
  if (streams_[index(chunk.from)].head_was_endless() && !over_) tell_endless_head();
  if (over_) return Appetite::enough;
  return streams_[0].stopped() && streams_[1].stopped() ? Appetite::enough : Appetite::more;
}

void HttpParser::on_fin(Side side) {
  closing_ = true;
  streams_[index(side)].finish(true);
  closing_ = false;
}

void HttpParser::on_end(Ending) {
  for (HttpStream& stream : streams_) stream.finish(false);
  tell_all();
}

// ---- heads

Framing HttpParser::on_head(const HttpHead& head) {
  return head.from == Side::client ? on_request(head) : on_response(head);
}

Framing HttpParser::on_request(const HttpHead& head) {
  // What is lost of the server's side was the answer to what it had been asked before.
  HttpStream& server = streams_[index(Side::server)];
  if (server.is_lost() || unanswered_.empty()) server.part_from_before();
  if (server.is_lost()) tell_unanswered();
  if (unanswered_.size() >= limits_.unanswered) {
    tell(unanswered_.front());
    let_go_of_first(unanswered_);
    ++given_up_;
  }
  HttpExchange& exchange = begin_exchange(unanswered_);
  exchange.number = receiving_ = exchanges_++;
  exchange.request_end = streams_[index(Side::client)].offset();
  take_request(exchange, head, limits_);
  if (exchange.method == "CONNECT") outputs_.keep_from(Side::client, exchange.request_end);
  const HttpLength length = http_length(head.fields);
  exchange.ambiguous_length = length.conflict;
  if (!length.chunked && length.length.value_or(0) == 0) return {};
  begin_body(exchange, head);
  if (length.chunked) return {.body = Body::chunked};
  return {.body = Body::length, .length = *length.length};
}

/// A new one, at the end.
HttpExchange& HttpParser::begin_exchange(std::list<HttpExchange>& exchanges) {
  if (spare_.empty()) return exchanges.emplace_back();
  exchanges.splice(exchanges.end(), spare_);
  exchanges.back().begin_again();
  return exchanges.back();
}

void HttpParser::let_go_of_first(std::list<HttpExchange>& exchanges) {
  if (!spare_.empty() || exchanges.front().room() > kSpareRoom) return exchanges.pop_front();
  spare_.splice(spare_.begin(), exchanges, exchanges.begin());
}

/// From here on answered_ is the oldest request that has no response, or an unknown one.
void HttpParser::begin_answer(Timestamp began) {
  if (lost_answer_) end_lost_answer();
  if (given_up_ > 0 || unanswered_.empty()) {
    given_up_ -= std::min<std::uint64_t>(given_up_, 1);
    HttpExchange& exchange = begin_exchange(answered_);
    exchange.number = exchanges_++;
    exchange.began = began;
    return;
  }
  answered_.splice(answered_.begin(), unanswered_, unanswered_.begin());
}

/// RFC 9112, 6.3
Framing HttpParser::on_response(const HttpHead& head) {
  const unsigned status = head.status.status;
  const bool upgraded = status == 101;
  if (status < 200 && !upgraded) return {};
  begin_answer(head.began);
  HttpExchange& exchange = answered_.front();
  take_response(exchange, head, limits_);
  const bool connected = exchange.method == "CONNECT" && status < 300;
  if (upgraded || connected)
    return hand_over(exchange.has_request ? exchange.request_end : streams_[index(Side::client)].offset());
  if (exchange.method == "CONNECT") connect_refused();
  if (exchange.method == "HEAD" || status == 204 || status == 304) {
    on_message_end(Side::server, true);
    return {};
  }
  const HttpLength length = http_length(head.fields);
  exchange.ambiguous_length |= length.conflict;
  begin_body(exchange, head);
  if (length.chunked) return {.body = Body::chunked};
  if (!length.coded && length.length) return {.body = Body::length, .length = *length.length};
  return {.body = Body::until_close};
}

void HttpParser::connect_refused() {
  const auto connects = [](const HttpExchange& exchange) { return exchange.method == "CONNECT"; };
  if (std::none_of(unanswered_.begin(), unanswered_.end(), connects)) outputs_.keep_no_more();
}

/// What follows on both sides is another protocol's; so is what a client sent behind its CONNECT before the answer.
Framing HttpParser::hand_over(std::uint64_t client_offset) {
  tell(answered_.front());
  if (answered_.front().method == "CONNECT") unanswered_.clear();
  let_go_of_first(answered_);
  tell_unanswered();
  over_ = true;
  if (!closing_) outputs_.hand_over({client_offset, streams_[index(Side::server)].offset()});
  return {.body = Body::tunnel};
}

bool HttpParser::on_bare_answer(Timestamp began) {
  if (unanswered_.empty() || !unanswered_.front().version.empty()) return false;
  begin_answer(began);
  bodies_[index(Side::server)] = std::make_unique<HttpBody>(
      session_, outputs_, limits_, HttpContent{.from = Side::server, .name = answered_.front().name()});
  return true;
}

// ---- bodies

void HttpParser::begin_body(HttpExchange& exchange, const HttpHead& head) {
  HttpContent content{.from = head.from, .name = exchange.name()};
  content.codings = codings_of(head.fields, limits_, exchange.undecoded[index(head.from)]);
  const std::string_view type = head.fields.first("content-type");
  if (is_multipart(type)) content.boundary = parameter(type, "boundary").value_or("");
  content.ranges = is_of_ranges(type);
  bodies_[index(head.from)] = std::make_unique<HttpBody>(session_, outputs_, limits_, std::move(content));
}

void HttpParser::on_body(Side from, Bytes bytes) { bodies_[index(from)]->write(bytes); }

void HttpParser::on_body_gap(Side from, std::uint64_t length, Cause cause) {
  bodies_[index(from)]->write_gap(length, cause);
}

void HttpParser::on_message_end(Side from, bool whole) {
  const std::unique_ptr<HttpBody> body = std::move(bodies_[index(from)]);
  if (body) body->finish(whole);
  if (from == Side::client) return end_request_body(*body);
  if (body) {
    answered_.front().length = body->length();
    answered_.front().ranges = body->ranges();
    if (!body->failure().empty()) answered_.front().undecoded[index(from)] = body->failure();
  }
  tell(answered_.front());
  let_go_of_first(answered_);
}

/// What comes from the server where it should answer is kept as that answer's rest.
HttpBody* HttpParser::lost_answer(Side from) {
  if (from == Side::client || unanswered_.empty()) return nullptr;
  if (!lost_answer_) {
    HttpContent content{.from = from, .name = unanswered_.front().name()};
    lost_answer_ = std::make_unique<HttpBody>(session_, outputs_, limits_, std::move(content));
  }
  return lost_answer_.get();
}

void HttpParser::on_lost(Side from, Bytes bytes) {
  if (HttpBody* const rest = lost_answer(from)) rest->write(bytes);
}

void HttpParser::on_lost_gap(Side from, std::uint64_t length, Cause cause) {
  if (HttpBody* const rest = lost_answer(from)) rest->write_gap(length, cause);
}

/// The answer that begins is the next one's, if more than one request waits.
void HttpParser::end_lost_answer() {
  lost_answer_.reset();
  if (unanswered_.size() < 2) return;
  tell(unanswered_.front());
  let_go_of_first(unanswered_);
}

/// Its exchange may have been told already, where the server did not wait for all of the request.
void HttpParser::end_request_body(const HttpBody& body) {
  const auto note = [&](HttpExchange& exchange) {
    if (exchange.number != receiving_) return;
    exchange.request_end = streams_[index(Side::client)].offset();
    if (!body.failure().empty()) exchange.undecoded[index(Side::client)] = body.failure();
  };
  if (!answered_.empty()) note(answered_.front());
  if (!unanswered_.empty()) note(unanswered_.back());
}

// ---- what is told

void HttpParser::tell(const HttpExchange& exchange) { outputs_.emit(session_, http_event(exchange)); }

void HttpParser::tell_unanswered() {
  lost_answer_.reset();
  for (const HttpExchange& exchange : unanswered_) tell(exchange);
  unanswered_.clear();
}

void HttpParser::tell_all() {
  if (!answered_.empty()) tell(answered_.front());
  answered_.clear();
  tell_unanswered();
}

/// The session is followed no more.
void HttpParser::tell_endless_head() {
  for (HttpStream& stream : streams_) stream.finish(false);
  tell_all();
  over_ = true;
  outputs_.limit_reached("http.header_bytes");
  Event event{.type = "anomaly", .app_proto = "http", .time = session_.last, .members = {}};
  JsonWriter json{event.members};
  json.key("anomaly").begin_object().member("app_proto", "http").member("type", "applayer");
  json.member("event", "head_too_long").member("layer", "proto_parser").end_object();
  outputs_.emit(session_, event);
}

}  // namespace unspool
