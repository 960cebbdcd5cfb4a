// Every key of the configuration, once: what it is called, what it takes, which member of the settings it is.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "settings/complaints.h"
#include "settings/settings.h"
#include "settings/yaml_tree.h"

namespace unspool {

/// Either a value, with both functions, or a mapping of further keys.
struct SettingsKey {
  std::string_view name;
  std::function<void(const YamlNode& node, const std::string& path, Complaints& complaints)> read;
  std::function<std::string()> written;  // as YAML, behind the key; further lines are indented
  std::vector<SettingsKey> keys;

  bool is_mapping() const { return !keys.empty(); }
};

/// The keys in the order in which they are written. They read into `settings` and write from it; it and
/// `protocol_names`, the protocols that may be named, outlive them.
std::vector<SettingsKey> schema(Settings& settings, std::span<const std::string> protocol_names);

/// The same of an entry of `protocols:`: those that the protocol of this name takes.
std::vector<SettingsKey> protocol_keys(ProtocolSettings& settings);

}  // namespace unspool
