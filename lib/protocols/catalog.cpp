#include "protocols/catalog.h"

#include <algorithm>
#include <array>

#include "protocols/http.h"
#include "protocols/raw.h"
#include "protocols/socks.h"
#include "protocols/transcript.h"

namespace unspool {

std::span<const CatalogEntry> catalog() {
  static constexpr std::array kEntries{
      CatalogEntry{"http", "bodies as files, transactions as events",
                   [](const ProtocolSettings& settings) -> std::unique_ptr<Protocol> {
                     return std::make_unique<Http>(HttpLimits{.header_bytes = settings.http.header_bytes,
                                                              .decoded_bytes = settings.http.decoded_bytes,
                                                              .decoded_ratio = settings.http.decoded_ratio});
                   }},
      CatalogEntry{"socks", "who asks a proxy for what, as events; then whatever goes through it",
                   [](const ProtocolSettings&) -> std::unique_ptr<Protocol> { return std::make_unique<Socks>(); }},
      CatalogEntry{"transcript", "the conversation as a page to read",
                   [](const ProtocolSettings& settings) -> std::unique_ptr<Protocol> {
                     return std::make_unique<Transcript>(settings.transcript);
                   }},
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

std::vector<ConfiguredProtocol> make_protocols(const std::vector<ProtocolSettings>& settings) {
  std::vector<ConfiguredProtocol> protocols;
  for (const CatalogEntry& entry : catalog()) {
    const auto wanted =
        std::find_if(settings.begin(), settings.end(), [&](const auto& s) { return s.name == entry.name; });
    if (wanted != settings.end()) protocols.push_back({.protocol = entry.make(*wanted), .when = wanted->when});
  }
  return protocols;
}

}  // namespace unspool
