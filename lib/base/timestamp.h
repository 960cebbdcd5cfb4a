// When a packet was seen.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace unspool {

using Duration = std::chrono::nanoseconds;
using Timestamp = std::chrono::sys_time<Duration>;

/// A timestamp of `ns` nanoseconds since 1970-01-01T00:00:00Z.
constexpr Timestamp timestamp_from_ns(std::int64_t ns) { return Timestamp{Duration{ns}}; }

/// "2006-11-02T18:15:00.123456+0000": as EVE writes it, microseconds cut. Any value, without overflow.
std::string eve_time(Timestamp t);

/// "20061102T181500.123456Z": as names of transfers begin.
std::string name_time(Timestamp t);

}  // namespace unspool
