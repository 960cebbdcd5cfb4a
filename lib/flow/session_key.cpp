#include "flow/session_key.h"

#define XXH_INLINE_ALL
#include <sys/random.h>
#include <xxhash.h>

#include <cstring>
#include <stdexcept>

namespace unspool {

HashSecret HashSecret::draw() {
  HashSecret secret;
  if (::getrandom(secret.bytes_.data(), kSize, 0) != static_cast<ssize_t>(kSize)) {
    throw std::runtime_error("getrandom(2) gave no random bytes");  // up to 256 bytes it cannot fail (getrandom(2))
  }
  return secret;
}

/// splitmix64.
HashSecret HashSecret::from_seed(std::uint64_t seed) {
  HashSecret secret;
  for (std::size_t i = 0; i < kSize; i += sizeof seed) {
    std::uint64_t z = seed += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    z ^= z >> 31U;
    std::memcpy(secret.bytes_.data() + i, &z, sizeof z);
  }
  return secret;
}

SessionHash hash(const SessionKey& key, const HashSecret& secret) {
  std::array<std::uint8_t, 32> addresses;
  std::memcpy(addresses.data(), key.low().address.octets.data(), 16);
  std::memcpy(addresses.data() + 16, key.high().address.octets.data(), 16);
  // Addresses order as their endpoints do, except where they are equal: so the order is the same for all their
  // sessions.
  const std::uint64_t hosts =
      XXH3_64bits_withSecret(addresses.data(), addresses.size(), secret.data(), HashSecret::kSize);
  const std::array<std::uint64_t, 4> rest{
      hosts, key.vlans().bits(), key.tunnels().bits(),
      std::uint64_t{key.low().port} << 32U | std::uint64_t{key.high().port} << 16U | key.protocol()};
  const std::uint64_t session = XXH3_64bits_withSecret(rest.data(), sizeof rest, secret.data(), HashSecret::kSize);
  return {.hosts = static_cast<std::uint32_t>(hosts >> 32U), .session = static_cast<std::uint32_t>(session >> 32U)};
}

}  // namespace unspool
