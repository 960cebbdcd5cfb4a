// What reading a configuration says, as text.
#pragma once

#include <string>
#include <string_view>

#include "settings/yaml.h"

namespace unspool::test {

/// The protocols that tests may name.
std::vector<std::string> protocols();

/// The lines of dump_settings() that differ from the defaults, each with its whole path; "defaults" when none does.
std::string changes(const Settings& settings);

/// What `text` as the file "f" changes, or all its errors, a line each.
std::string told(std::string_view text);

/// The same of --set, on top of the defaults.
std::string told_set(const std::string& assignment);

}  // namespace unspool::test
