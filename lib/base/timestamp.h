// When a packet was seen.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace unspool {

using Duration = std::chrono::nanoseconds;
using Timestamp = std::chrono::sys_time<Duration>;

/// A timestamp of `ns` nanoseconds since 1970-01-01T00:00:00Z.
constexpr Timestamp timestamp_from_ns(std::int64_t ns) { return Timestamp{Duration{ns}}; }

/// "2006-11-02T18:15:00.123456+0000": as EVE writes it, microseconds cut. Any value, without overflow; no allocation.
class EveTime {
 public:
  explicit EveTime(Timestamp t);
  operator std::string_view() const { return {text_.data(), text_.size() - 1}; }

 private:
  std::array<char, 32> text_{"YYYY-MM-DDThh:mm:ss.uuuuuu+0000"};
};
inline std::string eve_time(Timestamp t) { return std::string{EveTime{t}}; }

/// "20061102T181500.123456Z": as names of transfers begin.
std::string name_time(Timestamp t);

}  // namespace unspool
