#include "protocols/http_head.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace unspool {
namespace {

constexpr std::size_t kLongestMethod = 32;
constexpr std::string_view kBlank = " \t\r";

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c; }

/// RFC 9110, 5.6.2
constexpr bool is_token_char(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || is_digit(c) ||
         std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

/// "HTTP/1.1", and what else speaks HTTP/1.
constexpr bool is_version(std::string_view text) {
  return text.size() == 8 && text.starts_with("HTTP/") && (text[5] == '0' || text[5] == '1') && text[6] == '.' &&
         is_digit(text[7]);
}

/// Those that a request is known by in the midst of other bytes, or where the rest of its line is wrong.
constexpr std::array<std::string_view, 20> kMethods{
    "GET",  "POST", "HEAD", "PUT",    "DELETE",   "OPTIONS",   "TRACE",  "CONNECT", "PATCH", "MKCOL",
    "COPY", "MOVE", "LOCK", "UNLOCK", "PROPFIND", "PROPPATCH", "SEARCH", "REPORT",  "MERGE", "CCM_POST"};

/// RFC 9112, 6.3: digits; a list of equal ones is one (RFC 9110, 8.6). Longer than any stream is as good as endless.
std::optional<std::uint64_t> number(std::string_view digits) {
  constexpr std::uint64_t kEndless = std::uint64_t{1} << 62U;
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  std::uint64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return read.ec == std::errc{} ? std::min(value, kEndless) : kEndless;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

// ---- start lines

std::optional<RequestLine> request_line(std::string_view line) {
  line = line.substr(0, line.find_last_not_of(kBlank) + 1);
  const std::size_t space = line.find(' ');
  if (space == line.npos || space == 0 || space > kLongestMethod) return std::nullopt;
  RequestLine request{.method = line.substr(0, space)};
  if (!std::all_of(request.method.begin(), request.method.end(), is_token_char)) return std::nullopt;
  request.target = trimmed(line.substr(space));
  const std::string_view last = request.target.substr(request.target.rfind(' ') + 1);
  if (!is_version(last) || last.size() == request.target.size()) return std::nullopt;
  request.version = last;
  request.target = trimmed(request.target.substr(0, request.target.size() - last.size()));
  return request;
}

std::optional<RequestLine> broken_request_line(std::string_view line) {
  line = trimmed(line);
  RequestLine request{.method = line.substr(0, line.find(' ')), .target = {}, .version = {}};
  if (std::find(kMethods.begin(), kMethods.end(), request.method) == kMethods.end()) return std::nullopt;
  request.target = trimmed(line.substr(request.method.size()));
  const std::size_t space = request.target.rfind(' ');
  if (space == line.npos || !request.target.substr(space + 1).starts_with("HTTP/")) return request;
  request.version = request.target.substr(space + 1);
  request.target = trimmed(request.target.substr(0, space));
  return request;
}

std::optional<StatusLine> status_line(std::string_view line) {
  if (!is_version(line.substr(0, 8))) return std::nullopt;
  const std::size_t at = line.find_first_not_of(' ', 8);
  if (at == line.npos || at == 8) return std::nullopt;
  const std::string_view code = line.substr(at, 3);
  if (code.size() < 3 || !std::all_of(code.begin(), code.end(), is_digit) || code[0] == '0') return std::nullopt;
  if (line.size() > at + 3 && is_token_char(line[at + 3])) return std::nullopt;
  return StatusLine{.version = line.substr(0, 8), .status = static_cast<unsigned>(*number(code))};
}

bool begins_request_line(std::string_view bytes) {
  const std::string_view method = bytes.substr(0, bytes.find(' '));
  return method.size() <= kLongestMethod && std::all_of(method.begin(), method.end(), is_token_char);
}

bool begins_status_line(std::string_view bytes) {
  constexpr std::string_view kVersion = "HTTP/1.0";
  const std::string_view version = bytes.substr(0, kVersion.size());
  if (!is_version(std::string{version}.append(kVersion.substr(version.size())))) return false;
  const std::string_view rest = bytes.substr(version.size());
  if (!rest.empty() && rest[0] != ' ') return false;
  const std::size_t at = rest.find_first_not_of(' ');
  if (at == rest.npos) return true;
  const std::string_view code = rest.substr(at, 3);
  if (code[0] == '0' || !std::all_of(code.begin(), code.end(), is_digit)) return false;
  return rest.size() <= at + 3 || !is_token_char(rest[at + 3]);
}

std::size_t find_request_line(std::string_view line) {
  if (const auto whole = request_line(line); whole) return 0;
  const std::size_t version = line.rfind(" HTTP/1.");
  if (version == line.npos || version == 0) return line.npos;
  std::size_t found = line.npos;
  for (const std::string_view method : kMethods) {
    const std::size_t at = line.rfind(std::string{method} + " /", version);
    if (at == line.npos || (found != line.npos && at < found)) continue;
    if (const auto request = request_line(line.substr(at)); request) found = at;
  }
  return found;
}

std::size_t find_status_line(std::string_view line) {
  for (std::size_t at = line.find("HTTP/1."); at != line.npos; at = line.find("HTTP/1.", at + 1)) {
    if (status_line(line.substr(at))) return at;
  }
  return line.npos;
}

// ---- fields

void HttpFields::parse(std::string& block, std::size_t begin) {
  fields_.clear();
  for (std::size_t lf = block.find('\n', begin); lf != block.npos && lf + 1 < block.size();
       lf = block.find('\n', lf + 1)) {
    if (block[lf + 1] == ' ' || block[lf + 1] == '\t') block[lf] = ' ';  // obs-fold
  }
  std::string_view rest = std::string_view{block}.substr(std::min(begin, block.size()));
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    fields_.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
}

std::string_view HttpFields::first(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return {};
}

HttpLength http_length(const HttpFields& fields) {
  HttpLength answer;
  std::string_view coding;  // the last one
  fields.each_of("transfer-encoding", [&](std::string_view name) { coding = name; });
  answer.chunked = equal_ignoring_case(coding, "chunked");
  answer.coded = !coding.empty() && !answer.chunked && !equal_ignoring_case(coding, "identity");
  fields.each_of("content-length", [&](std::string_view text) {
    const auto length = number(text);
    answer.conflict |= !length || (answer.length && *answer.length != *length);
    if (!answer.length) answer.length = length;
  });
  answer.conflict |= answer.length && !coding.empty();
  return answer;
}

std::optional<std::string> parameter(std::string_view value, std::string_view name) {
  std::size_t at = value.find(';');
  while (at < value.size()) {
    const std::size_t equals = value.find('=', at + 1);
    if (equals == value.npos) return std::nullopt;
    const std::size_t semicolon = value.find(';', at + 1);
    if (semicolon < equals) {
      at = semicolon;
      continue;
    }
    const bool wanted = equal_ignoring_case(trimmed(value.substr(at + 1, equals - at - 1)), name);
    std::string text;
    at = value.find_first_not_of(kBlank, equals + 1);
    if (at != value.npos && value[at] == '"') {
      // Browsers send backslashes of paths as they are: only a quote is escaped.
      for (++at; at < value.size() && value[at] != '"'; ++at) {
        if (value.substr(at, 2) == "\\\"") ++at;
        text += value[at];
      }
    } else if (at != value.npos) {
      text = trimmed(value.substr(at, value.find(';', at) - at));
    }
    if (wanted) return text;
    at = value.find(';', std::min(at, value.size()));
  }
  return std::nullopt;
}

}  // namespace unspool
