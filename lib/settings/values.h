// Numbers, sizes and durations as people write them, each read within its range.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "settings/yaml_tree.h"

namespace unspool {

/// Both ends are in it.
template <class T>
struct Range {
  T least, most;
};

/// "needs a list, not 5": what to say of a node that is something else.
std::string wrong(const YamlNode& node, const std::string& needs);

/// A plain scalar of decimal digits. Leading zeros are an error: YAML 1.1 takes such numbers as octal. `or_else` begins
/// what the error says is needed, where the key takes more than numbers: "auto or ".
Result<std::uint64_t> read_number(const YamlNode& node, Range<std::uint64_t> range, std::string_view or_else = "");
/// true or false, and none of YAML's other words for them.
Result<bool> read_flag(const YamlNode& node);
/// 64KiB, 10MB, or a bare number of bytes.
Result<std::uint64_t> read_size(const YamlNode& node, Range<std::uint64_t> range);
/// 100ms, 30s, 5m, 2h, 1d, or 0. A range that does not begin below 0.
Result<std::chrono::milliseconds> read_duration(const YamlNode& node, Range<std::chrono::milliseconds> range);

/// As the two above read them, in the unit that makes the shortest exact number.
std::string size_text(std::uint64_t bytes);
std::string duration_text(std::chrono::milliseconds duration);

}  // namespace unspool
