#include "flow/ports.h"

#include <algorithm>
#include <array>

namespace unspool {
namespace {

bool names_service(std::uint16_t port) {
  static constexpr std::array<std::uint16_t, 38> kServices{
      1080, 1194, 1433, 1521, 1723, 1883, 1900,  2049,  2375,  2404,  3128,  3268, 3306,
      3389, 3478, 4840, 5060, 5061, 5222, 5353,  5432,  5672,  5900,  6379,  6667, 8000,
      8008, 8080, 8443, 8883, 8888, 9200, 11211, 20000, 25565, 27017, 44818, 47808};
  static_assert(std::is_sorted(kServices.begin(), kServices.end()));
  return port < 1024 || std::binary_search(kServices.begin(), kServices.end(), port);
}

}  // namespace

std::optional<unsigned> service_port(std::uint16_t port0, std::uint16_t port1) {
  const bool first = names_service(port0), second = names_service(port1);
  if (first == second) return std::nullopt;
  return first ? 0U : 1U;
}

}  // namespace unspool
