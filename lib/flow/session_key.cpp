#include "flow/session_key.h"

#include <sys/random.h>

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

namespace {

__extension__ using Product = unsigned __int128;

/// The round of wyhash and XXH3: both numbers made unguessable, and multiplied; each half of the product goes into the
/// answer, so each bit depends on all bits.
std::uint64_t mixed(std::uint64_t a, std::uint64_t b, const HashSecret& secret, std::size_t round) {
  const auto word = [at = secret.data()](std::size_t i) {
    std::uint64_t number;
    std::memcpy(&number, at + i * sizeof number, sizeof number);
    return number;
  };
  const Product product = Product{a ^ word(2 * round)} * (b ^ word(2 * round + 1));
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

}  // namespace

SessionHash hash(const SessionKey& key, const HashSecret& secret) {
  // Addresses order as their endpoints do, except where they are equal: so the order is the same for all their
  // sessions.
  const IpAddress &low = key.low().address, &high = key.high().address;
  const std::uint64_t hosts = mixed(mixed(low.half(0), low.half(8), secret, 0) ^ high.half(0), high.half(8), secret, 1);
  const std::uint64_t ports =
      std::uint64_t{key.low().port} << 32U | std::uint64_t{key.high().port} << 16U | key.protocol();
  std::uint64_t session = mixed(hosts, ports, secret, 2);
  if ((key.vlans().bits() | key.tunnels().bits()) != 0) {
    session = mixed(session ^ key.vlans().bits(), key.tunnels().bits(), secret, 3);
  }
  return {.hosts = static_cast<std::uint32_t>(hosts >> 32U), .session = static_cast<std::uint32_t>(session >> 32U)};
}

}  // namespace unspool
