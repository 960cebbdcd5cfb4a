#include "wire/tcp.h"

#include <algorithm>

#include "base/cursor.h"

namespace unspool::wire {

bool read_tcp(Bytes bytes, std::uint32_t missing, TcpPorts& ports, Segment& segment) {
  Cursor in{bytes};
  ports.source = in.get<std::uint16_t>();
  ports.destination = in.get<std::uint16_t>();
  segment.seq = in.get<std::uint32_t>();
  segment.ack = in.get<std::uint32_t>();
  const auto offset_and_flags = in.get<std::uint16_t>();
  segment.flags = offset_and_flags & 0x3fU;
  segment.window = in.get<std::uint16_t>();
  in.skip(2);
  segment.urgent = in.get<std::uint16_t>();
  const std::size_t words = offset_and_flags >> 12U;
  if (!in.ok() || words < 5) return false;
  segment.options = in.take((words - 5) * 4);
  if (!in.ok()) return false;
  segment.payload = in.rest();
  segment.missing = missing;
  return true;
}

std::optional<std::uint8_t> window_scale(Bytes options) {
  constexpr std::uint8_t kEnd = 0, kNothing = 1, kWindowScale = 3, kLargest = 14;
  Cursor in{options};
  while (in.left() > 0) {
    const auto kind = in.get<std::uint8_t>();
    if (kind == kEnd) break;
    if (kind == kNothing) continue;
    const auto length = in.get<std::uint8_t>();
    if (length < 2) break;
    const Bytes value = in.take(length - 2U);
    if (!in.ok()) break;
    if (kind == kWindowScale && value.size() == 1) return std::min(std::to_integer<std::uint8_t>(value[0]), kLargest);
  }
  return std::nullopt;
}

}  // namespace unspool::wire
