// A request with its response, and the `http` event that tells of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugin/plugin.h"
#include "protocols/http_limits.h"
#include "protocols/http_stream.h"

namespace unspool {

/// Values as they stood in the heads, cut off at HttpLimits::field_bytes; empty where there were none.
struct HttpExchange {
  std::uint64_t number = 0;  // of the session's, from 0
  Timestamp began;           // its request, or, where that is not known, its response
  bool has_request = false;
  std::string method, target, version, host, user_agent, referer;
  std::uint64_t request_end = 0;  // offset in the client's stream behind the request, so far

  std::optional<unsigned> status;
  std::string response_version, content_type, location, content_range;
  std::uint64_t length = 0;         // of the response's body, as it came, transfer coding undone
  std::vector<std::string> ranges;  // of a response in several
  std::array<std::string_view, 2>
      undecoded{};                // by Side: why the body's codings were not undone; of HttpBody, or "unknown"
  bool ambiguous_length = false;  // others may see messages end elsewhere
  std::uint64_t lost = 0;         // bytes passed over before its messages

  /// As if it were new; its texts keep their room.
  void begin_again();
  std::size_t room() const;

  /// What its bodies are called: the path of the target, with its query.
  std::string name() const;
};

void take_request(HttpExchange& exchange, const HttpHead& head, const HttpLimits& limits);
void take_response(HttpExchange& exchange, const HttpHead& head, const HttpLimits& limits);

/// `http` as Suricata writes it. What EVE has no place for is under `unspool`: `lost_bytes` (and `resynchronised`),
/// what was passed over before this was found, after a gap or what is no HTTP; `decode` and `request_decode`, why a
/// body's codings were not undone to the end; `ranges`; `ambiguous_length`.
Event http_event(const HttpExchange& exchange);

}  // namespace unspool
