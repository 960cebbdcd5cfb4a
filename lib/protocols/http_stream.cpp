#include "protocols/http_stream.h"

#include <algorithm>

namespace unspool {

void HttpStream::feed(const Chunk& chunk) {
  seen_ = chunk.seen;
  if (!stopped()) offset_ = chunk.offset;
  if (chunk.is_gap()) return pass_gap(chunk.missing, chunk.cause);
  Bytes bytes = chunk.bytes;
  while (!bytes.empty() && !stopped()) {
    const std::size_t taken = take(bytes);
    bytes = bytes.subspan(taken);
  }
}

/// Takes some of the bytes; how many.
std::size_t HttpStream::take(Bytes bytes) {
  switch (state_) {
    case State::head:
    case State::chunk_line:
    case State::chunk_end:
    case State::trailer:
    case State::lost: return take_line(as_text(bytes));
    case State::body:
    case State::chunk:
    case State::until_close: return take_body(bytes);
    case State::stopped: break;
  }
  return bytes.size();
}

// ---- bodies

std::size_t HttpStream::take_body(Bytes bytes) {
  if (state_ != State::until_close) bytes = bytes.first(std::min<std::uint64_t>(bytes.size(), left_));
  offset_ += bytes.size();
  reader_.on_body(head_.from, bytes);
  if (state_ == State::until_close) return bytes.size();
  left_ -= bytes.size();
  if (left_ == 0 && state_ == State::chunk) {
    state_ = State::chunk_end;
  } else if (left_ == 0) {
    end_message(true);
  }
  return bytes.size();
}

/// Inside a body of known length a gap is only a gap. Elsewhere the message is lost.
void HttpStream::pass_gap(std::uint64_t length, Cause cause) {
  if (state_ == State::stopped) return;
  if (state_ == State::until_close) {
    offset_ += length;
    return reader_.on_body_gap(head_.from, length, cause);
  }
  if (state_ == State::body || state_ == State::chunk) {
    const std::uint64_t inside = std::min(length, left_);
    offset_ += inside;
    left_ -= inside;
    reader_.on_body_gap(head_.from, inside, cause);
    if (left_ == 0 && state_ == State::chunk) state_ = State::chunk_end;
    if (left_ == 0 && state_ == State::body) end_message(true);
    length -= inside;
  }
  if (length == 0) return;
  offset_ += length;
  if (state_ != State::lost) lose();
  pass_over(text_.size());
  head_.lost += length;
  reader_.on_lost_gap(head_.from, length, cause);
}

void HttpStream::pass_over(std::size_t n) {
  head_.lost += n;
  if (n > 0) reader_.on_lost(head_.from, as_bytes(std::string_view{text_}.substr(0, n)));
  text_.erase(0, n);
}

/// The next message is not where it should be, or cannot be told from what is missing.
void HttpStream::lose() {
  if (has_body_) end_message(state_ == State::trailer);
  state_ = State::lost;
  line_ = 0;
}

/// The line at hand is not what should stand here, but perhaps the next message.
void HttpStream::lose_line(std::string_view line) {
  lose();
  lost_line_done(line);
}

void HttpStream::end_message(bool whole) {
  has_body_ = false;
  state_ = State::head;
  line_ = 0;
  reader_.on_message_end(head_.from, whole);
}

void HttpStream::begin_body() {
  const Framing framing = reader_.on_head(head_);
  head_.fields.clear();
  head_.lost = 0;
  any_ = true;
  text_.clear();
  line_ = 0;
  left_ = framing.length;
  has_body_ = framing.body != Body::none && framing.body != Body::tunnel;
  switch (framing.body) {
    case Body::none: state_ = State::head; break;
    case Body::length:
      state_ = State::body;
      if (left_ == 0) end_message(true);
      break;
    case Body::chunked: state_ = State::chunk_line; break;
    case Body::until_close: state_ = State::until_close; break;
    case Body::tunnel: state_ = State::stopped; break;
  }
}

// ---- lines

/// Up to the end of a line, as far as its bound goes. A head is kept until its last line.
std::size_t HttpStream::take_line(std::string_view bytes) {
  if (state_ == State::head && text_.size() < 5 && head_.from == Side::server) {
    if (const std::size_t taken = begin_bare_answer(bytes); taken > 0) return taken;
  }
  if (text_.empty()) head_.began = seen_;
  const bool is_head = state_ == State::head || state_ == State::trailer;
  const std::size_t most = is_head                 ? limits_.header_bytes
                           : state_ == State::lost ? limits_.search_line
                                                   : limits_.chunk_line;
  const std::size_t lf = bytes.find('\n');
  const std::size_t wanted = lf == bytes.npos ? bytes.size() : lf + 1;
  const std::size_t taken = std::min(wanted, most - std::min(most, text_.size()));
  text_.append(bytes.substr(0, taken));
  offset_ += taken;
  if (taken == wanted && lf != bytes.npos) {
    line_done();
  } else if (text_.size() >= most) {
    line_too_long();
  }
  return taken;
}

/// An answer to HTTP/0.9 begins with anything but "HTTP/": it is told by its first byte that differs.
std::size_t HttpStream::begin_bare_answer(std::string_view bytes) {
  constexpr std::string_view kMark = "HTTP/";
  const std::string_view mark = kMark.substr(text_.size(), bytes.size());
  if (bytes.starts_with(mark)) return 0;
  const Timestamp began = text_.empty() ? seen_ : head_.began;
  if (!reader_.on_bare_answer(began)) return 0;
  any_ = has_body_ = true;
  state_ = State::until_close;
  const std::string before = std::move(text_);
  text_.clear();
  if (!before.empty()) reader_.on_body(head_.from, as_bytes(before));
  return take_body(as_bytes(bytes));
}

void HttpStream::line_too_long() {
  switch (state_) {
    case State::head:
      if (line_ == 0) {
        pass_over(text_.size());
        return lose();
      }
      [[fallthrough]];
    case State::trailer:
      endless_ = true;
      if (has_body_) end_message(true);
      state_ = State::stopped;
      text_ = {};
      return;
    case State::lost: {
      pass_over(text_.size() / 2);
      if (!any_ && head_.lost >= limits_.search_bytes) state_ = State::stopped;
      return;
    }
    case State::chunk_line:
    case State::chunk_end: return lose();
    case State::body:
    case State::chunk:
    case State::until_close:
    case State::stopped: return;
  }
}

void HttpStream::line_done() {
  std::string_view line = std::string_view{text_}.substr(line_);
  line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  switch (state_) {
    case State::head: return head_line_done(line);
    case State::trailer:
      line_ = text_.size();
      if (!line.empty()) return;
      text_.clear();
      return end_message(true);
    case State::chunk_line: return chunk_line_done(line);
    case State::chunk_end:
      if (!line.empty()) return lose_line(line);
      text_.clear();
      state_ = State::chunk_line;
      return;
    case State::lost: return lost_line_done(line);
    case State::body:
    case State::chunk:
    case State::until_close:
    case State::stopped: return;
  }
}

void HttpStream::head_line_done(std::string_view line) {
  if (line_ == 0) {
    if (line.empty()) return text_.clear();  // RFC 9112, 2.2
    if (!start_line(line)) return lose_line(line);
    line_ = text_.size();
    return;
  }
  if (line.empty()) return head_done();
  line_ = text_.size();
}

void HttpStream::head_done() {
  const std::size_t fields = text_.find('\n') + 1;
  start_line(trimmed(std::string_view{text_}.substr(0, fields - 1)));  // text_ has moved since it was seen
  head_.fields.parse(text_, fields);
  begin_body();
}

void HttpStream::answer_begins() {
  if (state_ == State::head && line_ > 0 && head_.from == Side::client && head_.request.version.empty()) head_done();
}

void HttpStream::part_from_before() {
  const bool is_junk = state_ == State::head && line_ == 0 && !text_.empty() && !begins_status_line(text_);
  if (is_junk) lose();
  if (is_lost()) pass_over(text_.size());
}

bool HttpStream::start_line(std::string_view line) {
  if (head_.from == Side::server) {
    const auto status = status_line(line);
    if (status) head_.status = *status;
    return status.has_value();
  }
  auto request = request_line(line);
  if (!request) request = broken_request_line(line);
  if (request) head_.request = *request;
  return request.has_value();
}

/// RFC 9112, 7.1
void HttpStream::chunk_line_done(std::string_view line) {
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  const std::string_view digits = trimmed(line.substr(0, line.find(';')));
  constexpr std::size_t kMostDigits = 15;  // more than any stream
  if (digits.empty() || digits.size() > kMostDigits || digits.find_first_not_of(kHex) != digits.npos) {
    return lose_line(line);
  }
  left_ = std::stoull(std::string{digits}, nullptr, 16);
  text_.clear();
  line_ = 0;
  state_ = left_ == 0 ? State::trailer : State::chunk;
}

/// A message is known by its start line, wherever in a line it stands: before it may be the end of a body.
void HttpStream::lost_line_done(std::string_view line) {
  const std::size_t at = head_.from == Side::client ? find_request_line(line) : find_status_line(line);
  pass_over(at == line.npos ? text_.size() : at);
  line_ = text_.size();
  if (at == line.npos) {
    line_ = 0;
    if (!any_ && head_.lost >= limits_.search_bytes) state_ = State::stopped;
    return;
  }
  start_line(trimmed(text_));
  state_ = State::head;
  any_ = true;
}

void HttpStream::finish(bool closed) {
  if (state_ == State::stopped) return;
  if (state_ == State::head && closed && line_ > 0) {  // a head whose last line is missing
    text_ += '\n';
    head_done();
  }
  if (has_body_) end_message((closed && state_ == State::until_close) || state_ == State::trailer);
  state_ = State::stopped;
}

}  // namespace unspool
