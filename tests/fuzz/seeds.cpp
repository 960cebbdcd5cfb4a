// Compares the seeds in fuzz/corpus with those that are made here; --write writes them. What is named found-... stays:
// the fuzzer found it, or it is what some day's settings were dumped as.
#include "fuzz/seeds.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "base/bytes.h"
#include "fuzz/link_types.h"
#include "wire/datagram.h"

namespace unspool::test {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// How many are wrong, each told.
int compare(const fs::path& folder, const Seeds& seeds) {
  int wrong = 0;
  for (const auto& [name, bytes] : seeds) {
    if (content(folder / name) == bytes) continue;
    fmt::print("{} is not what is made here: run fuzz_seeds --write\n", (folder / name).string());
    ++wrong;
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("found-") || seeds.contains(name)) continue;
    fmt::print("{} is made by nobody\n", entry.path().string());
    ++wrong;
  }
  return wrong;
}

void write(const fs::path& folder, const Seeds& seeds) {
  fs::create_directories(folder);
  for (const auto& [name, bytes] : seeds) std::ofstream(folder / name, std::ios::binary) << bytes;
}

/// Whether every link type and every tunnel leads to a session, or to what it carries, in a seed.
int check_decoder(const Seeds& seeds) {
  std::set<std::uint16_t> links;
  std::set<std::string_view> tunnels;
  for (const auto& [name, bytes] : seeds) {
    const std::uint16_t link_type = kLinkTypes[static_cast<unsigned char>(bytes[0]) % kLinkTypes.size()];
    const Bytes frame = as_bytes(bytes).subspan(2);
    wire::Datagram datagram;
    wire::decode(link_type, frame, static_cast<std::uint32_t>(frame.size()), datagram);
    if (datagram.kind != wire::Kind::tcp) continue;
    links.insert(link_type);
    for (unsigned i = 0; i < datagram.tunnels.size(); ++i) tunnels.insert(unspool::name(datagram.tunnels[i]));
  }
  constexpr std::size_t kTunnels = static_cast<std::size_t>(Tunnel::mpls) + 1;
  if (links.size() == kLinkTypes.size() && tunnels.size() == kTunnels) return 0;
  fmt::print("seeds hold {} of {} link types, {} of {} tunnels\n", links.size(), kLinkTypes.size(), tunnels.size(),
             kTunnels);
  return 1;
}

int run(const fs::path& corpus, bool writes) {
  const std::map<std::string, Seeds> all{{"conversation", conversation_seeds()}, {"decoder", decoder_seeds()},
                                         {"fragments", fragments_seeds()},       {"http", http_seeds()},
                                         {"http_bodies", http_bodies_seeds()},   {"pipeline", pipeline_seeds()},
                                         {"settings", settings_seeds()},         {"transcript", transcript_seeds()}};
  int wrong = check_decoder(all.at("decoder"));
  std::size_t count = 0;
  for (const auto& [target, seeds] : all) {
    if (writes) write(corpus / target, seeds);
    wrong += compare(corpus / target, seeds);
    count += seeds.size();
  }
  fmt::print("{} seeds, {} wrong\n", count, wrong);
  return wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace unspool::test

int main(int count, char** words) {
  const bool writes = count == 3 && std::string_view{words[1]} == "--write";
  if (count != 2 && !writes) {
    fmt::print(stderr, "fuzz_seeds [--write] CORPUS\n");
    return 2;
  }
  return unspool::test::run(words[count - 1], writes);
}
