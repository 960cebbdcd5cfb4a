// The waist: all that the author of a protocol reads. Below it packets become streams; above it are protocols and
// outputs.
//
// A Protocol is made once for each shard; it makes a Parser for each session that it follows. Both live on one thread:
// no locks anywhere.
#pragma once

#include <memory>
#include <string_view>

#include "plugin/session.h"
#include "stream/chunk.h"

namespace unspool {

/// A file that leaves the system: a growing one below `partial/`, then linked under both hosts.
class Transfer {
 public:
  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  /// Without close(): the end was not seen. What there is is kept, as TRUNCATED.
  virtual ~Transfer() = default;

  virtual void write(Bytes bytes) = 0;
  /// `length` bytes are missing here: a hole in the file, never filler.
  virtual void write_gap(std::uint64_t length, Cause cause) = 0;
  /// The transfer is whole but for its gaps. Nothing is written after it.
  virtual void close() = 0;
  /// It was nothing worth keeping: leaves no file and no event.
  virtual void discard() = 0;
};

/// Where a parser's results go.
class Outputs {
 public:
  Outputs() = default;
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;
  virtual ~Outputs() = default;

  /// Opens a transfer of this session. `name` is the full original name (a path, as on the wire: any bytes); `from` the
  /// side that sent the content; `app_proto` stands in its event. Never null: one that cannot be stored takes its
  /// bytes, counts them, and says so in its event.
  virtual std::unique_ptr<Transfer> open_transfer(const Session& session, Side from, std::string_view name,
                                                  std::string_view app_proto) = 0;
};

enum class Appetite : std::uint8_t { more, enough };

/// One protocol following one session. Destroyed after on_end(), or when it answered `enough`.
class Parser {
 public:
  Parser() = default;
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  virtual ~Parser() = default;

  /// The next bytes or gap, in the order in which the conversation happened. `enough`: it wants no more of the session.
  virtual Appetite on_chunk(const Chunk& chunk) = 0;
  /// That side closed its stream: nothing more will come from it.
  virtual void on_fin(Side side) { static_cast<void>(side); }
  virtual void on_end(Ending ending) = 0;
};

class Protocol {
 public:
  Protocol() = default;
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;
  virtual ~Protocol() = default;

  virtual std::string_view name() const = 0;
  /// A parser for this session, or null when it does not want it. `session` and `outputs` outlive the parser.
  virtual std::unique_ptr<Parser> follow(const Session& session, Outputs& outputs) = 0;
};

}  // namespace unspool
