#include "plugin/session.h"

namespace unspool {
namespace {

/// FNV-1a, 64 bits: unkeyed, so that runs compare.
class Fnv {
 public:
  void add(std::uint64_t value, unsigned octets) {
    for (unsigned i = 0; i < octets; ++i) {
      hash_ ^= (value >> (8 * i)) & 0xffU;
      hash_ *= 0x100000001b3U;
    }
  }
  void add(const Endpoint& endpoint) {
    for (const std::uint8_t octet : endpoint.address.octets) add(octet, 1);
    add(endpoint.port, 2);
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

}  // namespace

std::uint64_t flow_id(const Session& session) {
  Fnv fnv;
  fnv.add(session.key.low());
  fnv.add(session.key.high());
  fnv.add(session.key.protocol(), 1);
  fnv.add(session.key.vlans().bits(), 8);
  if (session.key.tunnels().size() > 0) fnv.add(session.key.tunnels().bits(), 8);
  fnv.add(static_cast<std::uint64_t>(session.start.time_since_epoch().count()), 8);
  fnv.add(session.ordinal, 1);
  return (fnv.value() ^ (fnv.value() >> 53U)) & ((std::uint64_t{1} << 53U) - 1);
}

}  // namespace unspool
