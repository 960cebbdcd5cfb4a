#include "protocols/multipart.h"

#include <algorithm>

namespace unspool {

Multipart::Multipart(std::string_view boundary, Reader& reader, const HttpLimits& limits)
    : reader_{reader}, limits_{limits}, delimiter_{"\n--"}, text_{"\n"} {  // the first delimiter may stand at the front
  delimiter_ += boundary;
}

void Multipart::feed(Bytes bytes) {
  constexpr std::size_t kPiece = std::size_t{16} << 10U;  // so that text_ stays small
  while (!bytes.empty() && state_ != State::over) {
    const Bytes piece = bytes.first(std::min(bytes.size(), kPiece));
    bytes = bytes.subspan(piece.size());
    text_ += as_text(piece);
    go_on();
  }
}

void Multipart::go_on() {
  for (bool more = true; more;) {
    switch (state_) {
      case State::preamble:
      case State::content: more = look_for_boundary(); break;
      case State::boundary_line: more = take_boundary_line(); break;
      case State::header: more = take_header(); break;
      case State::over: text_.clear(); return;
    }
  }
}

/// The first `n` bytes of text_ are content, but for its front.
void Multipart::give(std::size_t n) {
  if (state_ != State::content) return;
  if (n > not_content_) reader_.on_part_bytes(as_bytes(std::string_view{text_}.substr(not_content_, n - not_content_)));
  not_content_ -= std::min(not_content_, n);
}

/// Gives out what cannot belong to a delimiter.
bool Multipart::look_for_boundary() {
  const std::size_t at = text_.find(delimiter_);
  if (at != text_.npos) {
    give(at > 0 && text_[at - 1] == '\r' ? at - 1 : at);
    if (in_part_) reader_.on_part_end(true);
    in_part_ = false;
    text_.erase(0, at + delimiter_.size());
    state_ = State::boundary_line;
    return true;
  }
  const std::size_t kept = std::min(text_.size(), delimiter_.size());  // with the CR
  give(text_.size() - kept);
  text_.erase(0, text_.size() - kept);
  return false;
}

/// What follows the boundary: two hyphens behind the last part; else the line's end, whatever comes before it.
bool Multipart::take_boundary_line() {
  if (text_.starts_with("--")) {
    state_ = State::over;
    return true;
  }
  const std::size_t lf = text_.find('\n');
  if (lf == text_.npos && text_.size() < limits_.boundary_bytes) return false;
  const bool too_long = lf >= limits_.boundary_bytes;
  text_.erase(0, too_long ? limits_.boundary_bytes : lf + 1);
  state_ = too_long ? State::preamble : State::header;
  return true;
}

bool Multipart::take_header() {
  std::size_t end = 0;
  for (;;) {
    const std::size_t lf = text_.find('\n', end);
    if (lf == text_.npos) {
      if (text_.size() <= limits_.part_header_bytes) return false;
      state_ = State::preamble;
      return true;
    }
    const bool empty = trimmed(std::string_view{text_}.substr(end, lf - end)).empty();
    end = lf + 1;
    if (empty) break;
  }
  if (end > limits_.part_header_bytes) {
    state_ = State::preamble;
    return true;
  }
  std::string header = text_.substr(0, end);
  HttpFields fields;
  fields.parse(header, 0);
  reader_.on_part(fields);
  in_part_ = true;
  text_.erase(0, end - 1);  // its LF is that of the next delimiter, where the part is empty
  not_content_ = 1;
  state_ = State::content;
  return true;
}

void Multipart::pass_gap() {
  if (state_ == State::over) return;
  if (state_ == State::content) give(text_.size());
  if (in_part_) reader_.on_part_end(false);
  in_part_ = false;
  text_.clear();
  state_ = State::preamble;
}

void Multipart::finish() { pass_gap(); }

}  // namespace unspool
