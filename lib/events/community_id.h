// Community ID flow hashing, version 1: one name for a session across tools.
#pragma once

#include <cstdint>
#include <string>

#include "base/digest.h"
#include "flow/session_key.h"

namespace unspool {

/// "1:" and the base64 of a SHA-1 over seed, addresses, protocol and ports, the smaller endpoint first (the Community
/// ID specification, github.com/corelight/community-id-spec).
std::string community_id(const SessionKey& key, Sha1& sha1, std::uint16_t seed = 0);

}  // namespace unspool
