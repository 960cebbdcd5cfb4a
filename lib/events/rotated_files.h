// Names of event files that were rotated: events-20261125T035832.123456Z.json. In their order they sort.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.h"

namespace unspool {

/// Microseconds count; what is finer is cut off.
std::string rotated_name(Timestamp when);
/// What such a name says. None for any other name.
std::optional<Timestamp> rotated_time(std::string_view name);

/// Those in a directory, oldest first. None when it cannot be read.
std::vector<std::string> rotated_files(int directory);
/// Removes all but the last `keep`; how many there were. One that cannot be removed stays.
std::uint64_t remove_rotated_files(int directory, std::size_t keep);

}  // namespace unspool
