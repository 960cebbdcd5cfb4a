// One conversation between two endpoints, as everything above the streams sees it.
#pragma once

#include <cstdint>

#include "base/timestamp.h"
#include "flow/session_key.h"
#include "stream/chunk.h"

namespace unspool {

/// Who, since when, and how sure. Lives until the session's end has been told; what outlives that takes a copy.
struct Session {
  SessionKey key;
  Timestamp start;            // time stamp of its first packet
  Timestamp last;             // of its last packet so far
  std::uint16_t source = 0;   // which source of the run its first packet came from
  std::uint8_t ordinal = 0;   // tells sessions of equal key and start apart
  bool client_is_low = true;  // which endpoint of the key is the client; settled before the first chunk is given out
  Roles roles = Roles::first_sender;
  bool midstream = false;  // the beginning was not captured

  const Endpoint& client() const { return client_is_low ? key.low() : key.high(); }
  const Endpoint& server() const { return client_is_low ? key.high() : key.low(); }
  bool is_tcp() const { return key.protocol() == 6; }
};

/// A number for this session of at most 53 bits (so that JSON tools keep it), the same in every run over the same
/// packets.
std::uint64_t flow_id(const Session& session);

}  // namespace unspool
