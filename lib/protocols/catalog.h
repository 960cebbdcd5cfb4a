// The protocols that are built in, by name.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/plugin.h"
#include "settings/settings.h"

namespace unspool {

struct CatalogEntry {
  std::string_view name;
  std::string_view purpose;  // one line, for --list-protocols
  std::unique_ptr<Protocol> (*make)(const ProtocolSettings& settings);
};

/// In the order in which they are asked.
std::span<const CatalogEntry> catalog();
std::vector<std::string> protocol_names();

/// A protocol, and the filter expression of the sessions that it is offered.
struct ConfiguredProtocol {
  std::unique_ptr<Protocol> protocol;
  std::string when;
};

/// One set for a shard, in the order of the catalog. The names in `settings` are all in it.
std::vector<ConfiguredProtocol> make_protocols(const std::vector<ProtocolSettings>& settings);

}  // namespace unspool
