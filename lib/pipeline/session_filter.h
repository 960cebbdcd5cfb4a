// Filter expressions over sessions: `when:` of a protocol.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "capture/filter.h"
#include "plugin/session.h"

namespace unspool {

/// Judges a packet from the client to the server, made up of the session's addresses, transport and ports: so an
/// expression may name these, and nothing else.
class SessionFilter {
 public:
  /// The empty expression matches every session. Errors are libpcap's.
  static Result<SessionFilter> compile(const std::string& expression);
  bool matches(const Session& session);

 private:
  explicit SessionFilter(Filter filter) : filter_{std::move(filter)} {}
  Filter filter_;
};

}  // namespace unspool
