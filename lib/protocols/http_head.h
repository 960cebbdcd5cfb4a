// The head of an HTTP/1 message: its start line and its fields (RFC 9110, RFC 9112), read as servers and browsers read
// them: leniently.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace unspool {

struct RequestLine {
  std::string_view method, target;
  std::string_view version;  // empty: HTTP/0.9
};
struct StatusLine {
  std::string_view version;
  unsigned status = 0;  // 100 to 999
};

/// A line without its end, as one of these.
std::optional<RequestLine> request_line(std::string_view line);
/// A line that begins with a method that is known, whatever follows: HTTP/0.9, and what servers refuse.
std::optional<RequestLine> broken_request_line(std::string_view line);
std::optional<StatusLine> status_line(std::string_view line);

/// Whether these bytes may be the beginning of such a line.
bool begins_request_line(std::string_view bytes);
bool begins_status_line(std::string_view bytes);

/// Where a start line begins in a line whose front may be anything, such as the last bytes of a body; npos: nowhere.
std::size_t find_request_line(std::string_view line);
std::size_t find_status_line(std::string_view line);

bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string_view trimmed(std::string_view text);

/// Fields as they stand in a head. Values are views into it.
class HttpFields {
 public:
  /// Reads the lines of `block`, up to its end. Folded lines are joined in place. Lines that are no fields are passed
  /// over.
  void parse(std::string& block, std::size_t begin);
  void clear() { fields_.clear(); }

  /// The first of that name; empty when there is none.
  std::string_view first(std::string_view name) const;
  /// Calls call(element) for the elements of all of that name, which are lists with commas.
  template <class Call>
  void each_of(std::string_view name, const Call& call) const;

 private:
  std::vector<std::pair<std::string_view, std::string_view>> fields_;
};

template <class Call>
void HttpFields::each_of(std::string_view name, const Call& call) const {
  for (const auto& [key, value] : fields_) {
    if (!equal_ignoring_case(key, name)) continue;
    for (std::size_t at = 0; at <= value.size();) {
      const std::size_t comma = std::min(value.find(',', at), value.size());
      if (const auto element = trimmed(value.substr(at, comma - at)); !element.empty()) call(element);
      at = comma + 1;
    }
  }
}

/// What the fields say about the length of a body (RFC 9112, 6).
struct HttpLength {
  bool chunked = false;                 // the last transfer coding
  bool coded = false;                   // some other transfer coding is
  std::optional<std::uint64_t> length;  // Content-Length; the first, where they differ
  bool conflict = false;                // more than one of these, so that others may read it otherwise
};
HttpLength http_length(const HttpFields& fields);

/// A parameter of a field's value, as `boundary` in `multipart/mixed; boundary="x"`, without its quotes.
std::optional<std::string> parameter(std::string_view value, std::string_view name);

}  // namespace unspool
