#include "daemon/sources.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "capture/capture_name.h"
#include "capture/file_source.h"
#include "capture/merge.h"

namespace unspool {

std::string output_beside(const std::string& capture) {
  const auto name = CaptureName::parse(capture);
  if (!name || name->path == "-") return "stdin.unspool";
  std::filesystem::path path = std::filesystem::path{name->path}.lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  const std::string last = path.filename().string();
  return (last.empty() || last == "." || last == ".." ? "capture" : last) + ".unspool";
}

void add_live(Sources& sources, std::unique_ptr<LiveSource> live) {
  for (const std::string& name : live->names()) sources.names.push_back({.name = name, .is_file = false});
  sources.live.push_back(live.get());
  if (sources.merged == nullptr) {
    sources.merged = std::move(live);
  } else {
    sources.further.push_back(std::move(live));
  }
}

Result<Sources> open_captures(const CommandLine& line, BlockPool& pool) {
  auto names = expand_captures(line.captures);
  if (!names) return tl::unexpected(names.error());
  if (names->size() > UINT16_MAX)
    return fail(fmt::format("{} captures are more than the {} that one run can read", names->size(), UINT16_MAX));
  Sources sources;
  std::vector<std::unique_ptr<Source>> opened;
  for (CaptureName& name : *names) {
    name.follow = line.follow;
    if (name.path == "-" && ::isatty(STDIN_FILENO) != 0)
      return fail("-: standard input is a terminal: pipe a capture into it");
    auto source = open_capture_file(name, static_cast<std::uint16_t>(opened.size()), pool);
    if (!source) return tl::unexpected(source.error());
    opened.push_back(std::move(*source));
    sources.names.push_back({.name = name.path});
  }
  sources.follows = line.follow;
  sources.merged = merge_by_time(std::move(opened));
  return sources;
}

}  // namespace unspool
