// The waist: all that the author of a protocol reads. Below it packets become streams; above it are protocols and
// outputs.
//
// A Protocol is made once for each shard; it makes a Parser for each session that it follows. Both live on one thread:
// no locks anywhere.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
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
  /// It is stored even while bodies are left out because more comes than can be followed: it goes by another name in
  /// `overload.shed`.
  virtual void keep_under_load() {}
};

/// One line of events.json: what a protocol recognised.
struct Event {
  std::string_view type;  // event_type, as in EVE: "http"
  std::string_view app_proto;
  Timestamp time;
  std::string members;  // JSON members behind those of the session, as base/json.h writes them: "http":{...}
};

class Parser;
class Outputs;

/// A session that another one announced, and who will follow it.
struct Expectation {
  std::optional<IpAddress> from;  // who opens it; empty: anybody
  Endpoint to;
  std::uint8_t transport = 6;
  Duration lifetime = std::chrono::minutes(1);
  std::function<std::unique_ptr<Parser>(const Session&, Outputs&)> follow;
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
  virtual void emit(const Session& session, const Event& event) = 0;
  /// From these offsets (by Side) on the session is something else: it is offered to all protocols again, and the
  /// caller gets no more of it. Only from on_chunk(), whose chunk may be parted. Of what came before that chunk, only
  /// what keep_from() named is given out again; the rest is a gap `limit`.
  virtual void hand_over(const std::array<std::uint64_t, 2>& at) = 0;
  /// What this side sends from that offset on, the chunk at hand included, may come to be handed over: a client need
  /// not wait for its proxy's answer. It is kept, up to kMostAhead bytes of both sides, until hand_over() or
  /// keep_no_more(). Only from on_chunk(). A side that is kept already stays so from where it was.
  virtual void keep_from(Side side, std::uint64_t at) { static_cast<void>(side), static_cast<void>(at); }
  virtual void keep_no_more() {}
  static constexpr std::size_t kMostAhead = 64U << 10U;
  static constexpr std::size_t kMostChunksAhead = 256;
  virtual void expect(Expectation expectation) = 0;
  /// Something was left out because of a limit among the protocol's settings ("transcript.sessions"): counted, and told
  /// as an event by and by.
  virtual void limit_reached(std::string_view setting) = 0;
  /// Live, whether so much comes that transcripts are left out (`overload.shed`): who only retells a session then ends
  /// what it has begun, with a mark, and begins nothing. Each yes counts as one that is left out.
  virtual bool sheds_transcripts() { return false; }
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

/// How a session begins, or goes on after hand_over(): what protocols recognise it by.
struct Opening {
  static constexpr std::size_t kMostBytes = 4096;  // of a side
  static constexpr std::size_t kMostChunks = 16;   // of both

  std::array<Bytes, 2> first;  // by Side: what came first, without a gap before or in it
  bool last_chance = false;    // there will be no more: the bound is reached, or the session is over
};

enum class Claim : std::uint8_t { no, unsure, yes };

class Protocol {
 public:
  /// owner: has the session for itself once it has claimed it. observer: follows every session that its `when:` names,
  /// whoever owns it. rest: follows what no owner claimed.
  enum class Stance : std::uint8_t { owner, observer, rest };

  Protocol() = default;
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;
  virtual ~Protocol() = default;

  virtual std::string_view name() const = 0;
  virtual Stance stance() const { return Stance::owner; }
  /// Of owners, with each chunk until one says yes: whether it knows this. Content counts before ports. `unsure` at the
  /// last chance is no.
  virtual Claim claim(const Session& session, const Opening& opening) const {
    static_cast<void>(session), static_cast<void>(opening);
    return Claim::no;
  }
  /// A parser for this session, or null when it does not want it. It is given all chunks from the first one on.
  /// `session` and `outputs` outlive the parser.
  virtual std::unique_ptr<Parser> follow(const Session& session, Outputs& outputs) = 0;
};

}  // namespace unspool
