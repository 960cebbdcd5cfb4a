// One side of an HTTP/1 session, cut into messages: heads, and the bytes of bodies (RFC 9112).
//
// Fed as bytes come, not a conversation: what follows a lost message must be looked for inside lines, which a read that
// takes or leaves whole lines cannot. It is ours, not libhtp's, since that takes gaps only inside bodies of known
// length, undoes codings out of our bounds, and does not say at which byte of each side a CONNECT or an Upgrade begins.
#pragma once

#include <string>

#include "protocols/http_head.h"
#include "protocols/http_limits.h"
#include "stream/chunk.h"

namespace unspool {

/// Texts are valid until the call that they are given to returns.
struct HttpHead {
  Side from = Side::client;
  RequestLine request;  // of the client's
  StatusLine status;    // of the server's
  HttpFields fields;
  Timestamp began;         // when its first byte was seen
  std::uint64_t lost = 0;  // bytes, gaps counted, that were passed over before it since no message was known to begin
};

class HttpStream {
 public:
  /// How far a body goes. tunnel: what follows is HTTP no more.
  enum class Body : std::uint8_t { none, length, chunked, until_close, tunnel };
  struct Framing {
    Body body = Body::none;
    std::uint64_t length = 0;
  };

  /// Who takes the messages of both sides.
  class Reader {
   public:
    virtual ~Reader() = default;
    /// Says what follows.
    virtual Framing on_head(const HttpHead& head) = 0;
    /// The server does not send a head: whether that is the answer to a request of HTTP/0.9, which ends with the
    /// stream.
    virtual bool on_bare_answer(Timestamp began) = 0;
    /// The next bytes of a body, transfer coding undone, or what is missing of it.
    virtual void on_body(Side from, Bytes bytes) = 0;
    virtual void on_body_gap(Side from, std::uint64_t length, Cause cause) = 0;
    /// `whole`: its end was seen. Not called for a message that ends with its head.
    virtual void on_message_end(Side from, bool whole) = 0;
    /// What is passed over since no message is known to begin.
    virtual void on_lost(Side from, Bytes bytes) = 0;
    virtual void on_lost_gap(Side from, std::uint64_t length, Cause cause) = 0;
  };

  HttpStream(Side side, Reader& reader, const HttpLimits& limits) : reader_{reader}, limits_{limits} {
    head_.from = side;
  }

  void feed(const Chunk& chunk);
  /// The server sends something: a request of HTTP/0.9 has no fields, and nothing that ends its head.
  void answer_begins();
  /// What this side has begun to send, and is no message so far, belongs to none that begins from now on.
  void part_from_before();
  /// The side is over. `closed`: since it said so.
  void finish(bool closed);

  /// Offset in the stream behind what was taken; after a tunnel began: where it did.
  std::uint64_t offset() const { return offset_; }
  /// Looks for the next message, since something is missing or is no HTTP.
  bool is_lost() const { return state_ == State::lost; }
  /// Goes on no more: a tunnel, a head without end, or never a message.
  bool stopped() const { return state_ == State::stopped; }
  bool head_was_endless() const { return endless_; }

 private:
  enum class State : std::uint8_t { head, body, chunk_line, chunk, chunk_end, trailer, until_close, lost, stopped };

  std::size_t take(Bytes bytes);
  void pass_gap(std::uint64_t length, Cause cause);
  std::size_t take_body(Bytes bytes);
  std::size_t take_line(std::string_view bytes);
  void line_done();
  void head_line_done(std::string_view line);
  void head_done();
  bool start_line(std::string_view line);
  void begin_body();
  void chunk_line_done(std::string_view line);
  void lost_line_done(std::string_view line);
  std::size_t begin_bare_answer(std::string_view bytes);
  void line_too_long();
  void end_message(bool whole);
  void lose();
  void pass_over(std::size_t n);
  void lose_line(std::string_view line);

  // What each packet of a body is about stands first.
  Reader& reader_;
  State state_ = State::head;
  bool any_ = false;       // a message was seen
  bool has_body_ = false;  // the message at hand has one
  bool endless_ = false;
  std::size_t line_ = 0;  // where the last line of text_ begins
  std::uint64_t offset_ = 0;
  std::uint64_t left_ = 0;  // of a body or a chunk
  Timestamp seen_;
  HttpHead head_;
  std::string text_;  // a head, or a line, so far
  const HttpLimits& limits_;
};

}  // namespace unspool
