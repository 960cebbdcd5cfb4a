// Follows an HTTP/1 session: pairs requests with responses, and makes transfers of bodies and events of both.
#pragma once

#include <array>
#include <list>
#include <memory>

#include "plugin/plugin.h"
#include "protocols/http_body.h"
#include "protocols/http_exchange.h"
#include "protocols/http_stream.h"

namespace unspool {

class HttpParser final : public Parser, private HttpStream::Reader {
 public:
  /// All outlive the parser.
  HttpParser(const Session& session, Outputs& outputs, const HttpLimits& limits);

  Appetite on_chunk(const Chunk& chunk) override;
  void on_fin(Side side) override;
  void on_end(Ending ending) override;

 private:
  HttpStream::Framing on_head(const HttpHead& head) override;
  bool on_bare_answer(Timestamp began) override;
  void on_body(Side from, Bytes bytes) override;
  void on_body_gap(Side from, std::uint64_t length, Cause cause) override;
  void on_message_end(Side from, bool whole) override;
  void on_lost(Side from, Bytes bytes) override;
  void on_lost_gap(Side from, std::uint64_t length, Cause cause) override;

  HttpStream::Framing on_request(const HttpHead& head);
  HttpStream::Framing on_response(const HttpHead& head);
  void connect_refused();
  HttpStream::Framing hand_over(std::uint64_t client_offset);
  HttpExchange& begin_exchange(std::list<HttpExchange>& exchanges);
  void let_go_of_first(std::list<HttpExchange>& exchanges);
  void begin_answer(Timestamp began);
  void begin_body(HttpExchange& exchange, const HttpHead& head);
  HttpBody* lost_answer(Side from);
  void end_lost_answer();
  void end_request_body(const HttpBody& body);
  void tell(const HttpExchange& exchange);
  void tell_unanswered();
  void tell_all();
  void tell_endless_head();

  std::array<std::unique_ptr<HttpBody>, 2> bodies_;  // by Side, of the messages at hand
  bool closing_ = false;                             // a side ends: nothing of it is left to hand over
  bool over_ = false;
  std::array<HttpStream, 2> streams_;  // by Side
  const Session& session_;
  Outputs& outputs_;
  const HttpLimits& limits_;
  std::unique_ptr<HttpBody> lost_answer_;  // what is left of an answer whose head is not there
  std::list<HttpExchange> unanswered_;     // in the order of their requests
  std::list<HttpExchange> answered_;       // whose response is at hand: one, or none
  std::list<HttpExchange> spare_;          // one that is used again, or none
  std::uint64_t exchanges_ = 0;
  std::uint64_t given_up_ = 0;   // responses that belong to requests that were told already
  std::uint64_t receiving_ = 0;  // number of the exchange whose request is at hand
};

}  // namespace unspool
