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

}  // namespace unspool
