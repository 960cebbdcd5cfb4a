// Listens to every session of a run: what protocols are given, piece by piece, with its origin.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "capture/packet.h"
#include "plugin/plugin.h"
#include "plugin/sink.h"
#include "settings/settings.h"
#include "stream/listener.h"

namespace unspool::test {

/// A chunk that has its own bytes.
struct Piece {
  Side from = Side::client;
  Cause cause = Cause::end;
  std::uint64_t offset = 0, missing = 0;
  std::string bytes;
  Timestamp seen;
  Origin origin;

  std::uint64_t end() const { return offset + bytes.size() + missing; }
};

struct HeardSession {
  FlowRecord flow;
  std::vector<Piece> pieces;

  const Endpoint& sender(Side side) const {
    return side == Side::client ? flow.session.client() : flow.session.server();
  }
  std::uint64_t count(Oddity oddity) const;
};

struct Hearing {
  std::vector<HeardSession> sessions;  // in the order in which they ended
  Counts counts;

  std::uint64_t count(std::string_view name) const;
};

/// How the listener comes to its chunks: as they are given out; or, behind a protocol that cannot make up its mind,
/// from what is kept until then.
enum class Listens : std::uint8_t { at_once, behind_a_probe };

/// One shard, on this thread. `next`: as Source::next(), false at the end.
Hearing hear(const std::function<bool(Packet&)>& next, const Settings& settings = {},
             Listens listens = Listens::at_once);

}  // namespace unspool::test
