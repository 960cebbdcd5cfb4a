#include "wire/tcp.h"

#include <algorithm>

#include "base/cursor.h"

namespace unspool::wire {
namespace {

/// The value of the first option of this kind that has this length.
std::optional<Bytes> find_option(Bytes options, std::uint8_t wanted, std::size_t length_of_value) {
  constexpr std::uint8_t kEnd = 0, kNothing = 1;
  Cursor in{options};
  while (in.left() > 0) {
    const auto kind = in.get<std::uint8_t>();
    if (kind == kEnd) break;
    if (kind == kNothing) continue;
    const auto length = in.get<std::uint8_t>();
    if (length < 2) break;
    const Bytes value = in.take(length - 2U);
    if (!in.ok()) break;
    if (kind == wanted && value.size() == length_of_value) return value;
  }
  return std::nullopt;
}

}  // namespace

bool read_tcp(Bytes bytes, std::uint32_t missing, TcpPorts& ports, Segment& segment) {
  constexpr std::size_t kHeader = 20;
  const Fixed<kHeader> fixed{bytes};
  if (!fixed) return false;
  ports.source = fixed.u16<0>();
  ports.destination = fixed.u16<2>();
  segment.seq = fixed.u32<4>();
  segment.ack = fixed.u32<8>();
  segment.flags = fixed.u8<13>() & 0x3fU;
  segment.window = fixed.u16<14>();
  segment.urgent = fixed.u16<18>();
  const std::size_t header = (fixed.u8<12>() >> 4U) * std::size_t{4};
  if (header < kHeader || header > bytes.size()) return false;
  segment.options = bytes.subspan(kHeader, header - kHeader);
  segment.payload = bytes.subspan(header);
  segment.missing = missing;
  return true;
}

std::optional<std::uint8_t> window_scale(Bytes options) {
  constexpr std::uint8_t kWindowScale = 3, kLargest = 14;
  const auto value = find_option(options, kWindowScale, 1);
  if (!value) return std::nullopt;
  return std::min(std::to_integer<std::uint8_t>((*value)[0]), kLargest);
}

std::optional<std::uint32_t> timestamp(Bytes options) {
  constexpr std::uint8_t kTimestamps = 8;
  const auto value = find_option(options, kTimestamps, 8);
  if (!value) return std::nullopt;
  return Cursor{*value}.get<std::uint32_t>();
}

}  // namespace unspool::wire
