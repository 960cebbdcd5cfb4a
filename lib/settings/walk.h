// Reads a mapping by the keys that it may hold, and complains of all the others.
#pragma once

#include <string>
#include <vector>

#include "settings/complaints.h"
#include "settings/schema.h"
#include "settings/yaml_tree.h"

namespace unspool {

/// `node` is a mapping, and stands at `path`; empty: it is the document. Of an unknown key it names the one that may
/// have been meant, of those in `keys`.
void read_keys(const YamlNode& node, const std::vector<SettingsKey>& keys, const std::string& path,
               Complaints& complaints);

}  // namespace unspool
