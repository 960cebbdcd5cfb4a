// A YAML text as a small tree that knows where each value stands, read strictly and within bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "settings/complaints.h"

namespace unspool {

struct YamlNode {
  enum class Kind : std::uint8_t { unreadable, null, scalar, list, mapping };
  Kind kind = Kind::unreadable;  // of what is unreadable an error was told: nothing more needs to be said
  bool quoted = false;           // a scalar that is text whatever it looks like
  std::size_t offset = 0;        // where it begins in the text; a null, where its key does
  std::string text;              // of a scalar
  std::vector<YamlNode> items;   // of a list; of a mapping, its keys and their values in turn
};

/// More than this is refused as early as it is met, whatever it says.
struct YamlBounds {
  static constexpr std::size_t kBytes = 1U << 20U;
  static constexpr std::size_t kLineBytes = 16U << 10U;  // yaml-cpp looks ahead as far as the line goes
  static constexpr std::size_t kDepth = 32;
  static constexpr std::size_t kNodes = 65'536;
};

/// The one document of `text`; null when it is empty. Complains of what is no YAML, and of what a configuration has no
/// use for: anchors and aliases, tags, directives, further documents. Then the tree holds what came before.
YamlNode read_yaml(std::string_view text, Complaints& complaints);

}  // namespace unspool
