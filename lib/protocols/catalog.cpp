#include "protocols/catalog.h"

#include <algorithm>
#include <array>

#include "protocols/raw.h"

namespace unspool {

std::span<const CatalogEntry> catalog() {
  static constexpr std::array kEntries{
      CatalogEntry{"raw", "every TCP stream as a file of its own",
                   [](const ProtocolSettings&) -> std::unique_ptr<Protocol> { return std::make_unique<Raw>(); }},
  };
  return kEntries;
}

std::vector<std::string> protocol_names() {
  std::vector<std::string> names;
  for (const CatalogEntry& entry : catalog()) names.emplace_back(entry.name);
  return names;
}

std::vector<std::unique_ptr<Protocol>> make_protocols(const std::vector<ProtocolSettings>& settings) {
  std::vector<std::unique_ptr<Protocol>> protocols;
  for (const ProtocolSettings& wanted : settings) {
    const auto entries = catalog();
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.name == wanted.name; });
    if (found != entries.end()) protocols.push_back(found->make(wanted));
  }
  return protocols;
}

}  // namespace unspool
