// The configuration as YAML: read from a file or from --set, and written.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/error.h"
#include "settings/settings.h"

namespace unspool {

/// All that is wrong with a text, in its order, each as "origin:line:column: key.path: what".
using Errors = std::vector<Error>;

/// The defaults with what `text` sets; empty text sets nothing. `protocol_names`: those that `protocols:` may name.
/// Reading is strict: unknown and duplicate keys, merge keys, anchors, numbers that look octal, values without a unit,
/// are errors.
tl::expected<Settings, Errors> parse_settings(std::string_view text, const std::string& origin,
                                              std::span<const std::string> protocol_names);

/// The same, of a file of at most 1 MiB, which is also the origin.
tl::expected<Settings, Errors> read_settings(const std::string& path, std::span<const std::string> protocol_names);

/// `assignment`: "key.path=YAML", as after --set. On errors, which name it as their origin, `settings` stay as they
/// were.
tl::expected<void, Errors> apply_setting(Settings& settings, const std::string& assignment,
                                         std::span<const std::string> protocol_names);

/// Every key with its value, in the order of the documentation. Read again, it gives the same settings, unless the
/// output's path is no text.
std::string dump_settings(const Settings& settings);

}  // namespace unspool
