#include "events/community_id.h"

#include <vector>

#include "base/digest.h"

namespace unspool {

std::string community_id(const SessionKey& key, std::uint16_t seed) {
  std::vector<std::byte> input;
  const auto add = [&](Bytes bytes) { input.insert(input.end(), bytes.begin(), bytes.end()); };
  const auto add_number = [&](std::uint16_t number) {
    input.push_back(static_cast<std::byte>(number >> 8U));
    input.push_back(static_cast<std::byte>(number & 0xffU));
  };
  add_number(seed);
  // A key's endpoints are in the order that the specification asks for: by address, then port, in network order.
  add(key.low().address.network_bytes());
  add(key.high().address.network_bytes());
  input.push_back(static_cast<std::byte>(key.protocol()));
  input.push_back(std::byte{0});
  add_number(key.low().port);
  add_number(key.high().port);
  return "1:" + base64(sha1(input));
}

}  // namespace unspool
