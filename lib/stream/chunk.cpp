#include "stream/chunk.h"

namespace unspool {

std::string_view name(Cause cause) {
  switch (cause) {
    case Cause::capture_drop: return "capture_drop";
    case Cause::snaplen: return "snaplen";
    case Cause::not_captured: return "not_captured";
    case Cause::limit: return "limit";
    case Cause::one_sided: return "one_sided";
    case Cause::before_capture: return "before_capture";
    case Cause::end: return "end";
  }
  return "";
}

std::string_view name(Ending ending) {
  switch (ending) {
    case Ending::closed: return "closed";
    case Ending::reset: return "reset";
    case Ending::rejected: return "rejected";
    case Ending::reused: return "reused";
    case Ending::idle: return "idle";
    case Ending::evicted: return "evicted";
    case Ending::shutdown: return "shutdown";
    case Ending::capture_end: return "capture_end";
  }
  return "";
}

std::string_view name(Roles roles) {
  switch (roles) {
    case Roles::syn: return "syn";
    case Roles::syn_ack: return "syn_ack";
    case Roles::port: return "port";
    case Roles::first_sender: return "first_sender";
  }
  return "";
}

}  // namespace unspool
