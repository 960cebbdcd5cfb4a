#include "events/community_id.h"

#include <algorithm>
#include <array>

namespace unspool {
namespace {

/// What is hashed, one field behind the other.
class HashInput {
 public:
  HashInput& add(Bytes bytes) {
    end_ = std::copy(bytes.begin(), bytes.end(), end_);
    return *this;
  }
  HashInput& add(std::uint8_t number) {
    *end_++ = std::byte{number};
    return *this;
  }
  /// In network order.
  HashInput& add(std::uint16_t number) {
    return add(static_cast<std::uint8_t>(number >> 8U)).add(static_cast<std::uint8_t>(number & 0xffU));
  }
  Bytes bytes() const { return {bytes_.begin(), end_}; }

 private:
  std::array<std::byte, 40> bytes_;  // with two IPv6 addresses it is full
  decltype(bytes_)::iterator end_ = bytes_.begin();
};

}  // namespace

std::string community_id(const SessionKey& key, Sha1& sha1, std::uint16_t seed) {
  // A key's endpoints are in the order that the specification asks for: by address, then port, in network order.
  const Endpoint &low = key.low(), &high = key.high();
  HashInput input;
  input.add(seed).add(low.address.network_bytes()).add(high.address.network_bytes());
  input.add(key.protocol()).add(std::uint8_t{0}).add(low.port).add(high.port);
  return "1:" + base64(sha1.of(input.bytes()));
}

}  // namespace unspool
