// A session in its shard's table: who, its TCP, and what it has to show.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/digest.h"
#include "pipeline/follower.h"
#include "plugin/session.h"
#include "plugin/sink.h"
#include "stream/history.h"
#include "stream/listener.h"
#include "stream/tcp_session.h"

namespace unspool {

/// What only some sessions need: made at the first gap, oddity, digest or parser.
struct SessionDetails {
  std::optional<Follower> follower;               // first, for it is asked for with each chunk
  std::array<GapList, 2> gaps;                    // by Side
  std::array<std::uint64_t, 2> taken_out{};       // urgent bytes, which are no part of the stream
  std::array<std::uint64_t, 2> datagram_bytes{};  // of UDP, given to parsers
  std::array<std::optional<Sha256>, 2> digests;
  std::array<History, 2> histories;
  std::array<std::uint32_t, kOddities> oddities{};
};

/// In the order in which it is smallest: hash stands in what TCP leaves over at its end.
struct TrackedSession : Session {
  bool begun : 1 = false;       // its first chunk was given out
  bool claimed : 1 = false;     // a protocol owns it, or owned it
  bool ended : 1 = false;       // its parsers were told its end
  bool shed : 1 = false;        // followed no more under overload: its packets are counted, and it ends as `evicted`
  bool leaving : 1 = false;     // `shed`, and its FIN or RST came
  bool unanswered : 1 = false;  // among the shard's open handshakes
  std::array<std::uint32_t, 2> packets{};      // by side of the key: 0 low, 1 high
  std::array<std::uint64_t, 2> frame_bytes{};  // likewise
  Timestamp clock;                             // of the run, at its last packet: timers count from it
  [[no_unique_address]] TcpSession tcp;
  std::uint32_t hash = 0;  // of the key, for the table
  std::unique_ptr<SessionDetails> details;

  TrackedSession(const Session& session, std::uint32_t hash_of_key, Timestamp now,
                 std::optional<unsigned> server_by_port)
      : Session{session}, clock{now}, tcp{server_by_port}, hash{hash_of_key} {}

  /// Which side of the key `side` is: 0 low, 1 high.
  unsigned of_key(Side side) const { return (side == Side::client) == client_is_low ? 0 : 1; }
  SessionDetails& with_details() {
    if (!details) details = std::make_unique<SessionDetails>();
    return *details;
  }
};
static_assert(sizeof(TrackedSession) <= 224);  // a million of them may be open at once

}  // namespace unspool
