#include "protocols/http.h"

#include <algorithm>
#include <array>

#include "protocols/http_head.h"
#include "protocols/http_parser.h"

namespace unspool {
namespace {

/// Where "GET /x" is HTTP/0.9, and the answer to what is no request may be HTTP all the same.
constexpr std::array<std::uint16_t, 7> kPorts{80, 81, 3128, 8000, 8008, 8080, 8888};

std::string_view without_blank_lines(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of("\r\n"), text.size()));
}

Claim claim_request(std::string_view first, bool at_known_port, bool last_chance) {
  const std::string_view text = without_blank_lines(first);
  if (!begins_request_line(text)) return Claim::no;
  const std::size_t lf = text.find('\n');
  if (lf != text.npos) {
    const std::string_view line = text.substr(0, lf);
    if (request_line(line)) return Claim::yes;
    const auto simple = broken_request_line(line);
    return at_known_port && simple && simple->method == "GET" && simple->target.starts_with('/') ? Claim::yes
                                                                                                 : Claim::no;
  }
  // A target longer than what is shown: of a method that is known, that is enough.
  const bool is_long = last_chance && text.size() > Opening::kMostBytes / 2 && broken_request_line(text);
  return is_long ? Claim::yes : Claim::unsure;
}

Claim claim_response(std::string_view first, bool last_chance) {
  constexpr std::size_t kVersion = 8, kNumber = 3;
  const std::string_view text = without_blank_lines(first);
  const std::size_t lf = text.find('\n');
  const std::string_view line = text.substr(0, lf);
  const auto may_go_on = [&] { return lf == text.npos && trimmed(line.substr(kVersion)).size() == kNumber; };
  if (status_line(line) && (last_chance || !may_go_on())) return Claim::yes;
  return lf == text.npos && begins_status_line(line) ? Claim::unsure : Claim::no;
}

}  // namespace

Claim Http::claim(const Session& session, const Opening& opening) const {
  if (!session.is_tcp()) return Claim::no;
  const std::string_view client = as_text(opening.first[0]), server = as_text(opening.first[1]);
  const bool at_known_port = std::find(kPorts.begin(), kPorts.end(), session.server().port) != kPorts.end();
  const Claim request = client.empty() ? Claim::unsure : claim_request(client, at_known_port, opening.last_chance);
  const Claim response = server.empty() ? Claim::unsure : claim_response(server, opening.last_chance);
  if (request == Claim::yes || response == Claim::yes) return Claim::yes;
  // The client's first bytes may be the rest of a request whose beginning is missing, or one that the server refuses.
  if (request == Claim::no && response == Claim::unsure && (session.midstream || at_known_port)) return Claim::unsure;
  return request == Claim::no || response == Claim::no ? Claim::no : Claim::unsure;
}

std::unique_ptr<Parser> Http::follow(const Session& session, Outputs& outputs) {
  if (!session.is_tcp()) return nullptr;
  return std::make_unique<HttpParser>(session, outputs, limits_);
}

}  // namespace unspool
