// Lets a protocol follow a session that is told in words, and keeps what it makes of it as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/plugin.h"

namespace unspool::test {

/// What both sides say, piece by piece:
///
///   Script().client("GET / HTTP/1.1\r\n\r\n").server("HTTP/1.1 200 OK\r\n\r\nabc").server_gap(5).server_fin()
class Script {
 public:
  Script& client(std::string_view text) { return bytes(Side::client, text); }
  Script& server(std::string_view text) { return bytes(Side::server, text); }
  Script& client_gap(std::uint64_t length) { return add({.from = Side::client, .missing = length}); }
  Script& server_gap(std::uint64_t length) { return add({.from = Side::server, .missing = length}); }
  Script& client_fin() { return add({.from = Side::client, .fin = true}); }
  Script& server_fin() { return add({.from = Side::server, .fin = true}); }

  struct Line {
    Side from = Side::client;
    std::string bytes;
    std::uint64_t missing = 0;  // else a gap of so many
    bool fin = false;
  };
  const std::vector<Line>& lines() const { return lines_; }
  /// The same in pieces of at most `most` bytes; neighbours of one side are joined before.
  Script cut(std::size_t most) const;
  /// The same with piece `i` lost on its way: a gap instead of its bytes.
  Script without(std::size_t i) const;

 private:
  Script& bytes(Side from, std::string_view text) { return add({.from = from, .bytes = std::string{text}}); }
  Script& add(Line line) { return lines_.push_back(std::move(line)), *this; }
  std::vector<Line> lines_;
};

/// A session of 10.0.0.1:49152 with 10.0.0.2 at this port.
Session session_at(std::uint16_t port, bool midstream = false);

/// One line for each transfer and event, in the order in which they ended:
///
///   server /cat.png: GIF<3 not_captured>89          content; a long one is told by length and hash; "..." when not
///   closed http tx_id:0,http:{url:/cat.png,status:200}     an event: its type and members, without quotes hand over 40
///   63                                 offsets of client and server failed: no such opcode what the parser threw
///
/// The pieces are as they are; piece i is seen i milliseconds after kTestTime, and events have their time before them
/// where `timed`.
std::string told_once(Protocol& protocol, const Script& script, const Session& session, bool timed = false);

/// The same for an HTTP port. Adds a failure when it is told otherwise once all is cut into single bytes, or into a
/// few, or what one side says in a row comes as one piece.
std::string told(Protocol& protocol, const Script& script);

}  // namespace unspool::test
