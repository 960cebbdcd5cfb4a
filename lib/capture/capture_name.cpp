#include "capture/capture_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "capture/file_source.h"

namespace unspool {
namespace {

namespace fs = std::filesystem;

Result<std::vector<CaptureName>> captures_in(const std::string& directory) {
  std::vector<CaptureName> found;
  std::error_code error;
  for (fs::directory_iterator at{directory, error}, end; !error && at != end; at.increment(error)) {
    std::error_code unknown;  // a dangling link is no regular file
    if (!at->is_regular_file(unknown)) continue;
    const auto capture = is_capture_file(at->path().string());
    if (!capture) return tl::unexpected(capture.error());
    if (*capture) found.push_back({.path = at->path().string()});
  }
  if (error) return fail(fmt::format("{}: cannot be read: {}", directory, os_error(error.value())));
  if (found.empty()) return fail(fmt::format("{}: no pcap or pcapng file is in this directory", directory));
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return found;
}

}  // namespace

Result<CaptureName> CaptureName::parse(const std::string& word) {
  constexpr std::string_view kMark = ":::";
  CaptureName name{.path = word};
  if (const auto mark = word.rfind(kMark); mark != std::string::npos) {
    const std::string number = word.substr(mark + kMark.size());
    const char* end = number.data() + number.size();
    const auto [stop, error] = std::from_chars(number.data(), end, name.offset);
    if (error != std::errc{} || stop != end) {
      return fail(fmt::format("{}: '{}' is no byte offset: write FILE:::OFFSET, with a record's offset in decimal",
                              word, number));
    }
    name.path.resize(mark);
  }
  if (name.path.empty()) return fail(fmt::format("'{}' names no capture file", word));
  return name;
}

Result<std::vector<CaptureName>> expand_captures(const std::vector<std::string>& words) {
  std::vector<CaptureName> all;
  bool standard_input = false;
  for (const std::string& word : words) {
    auto name = CaptureName::parse(word);
    if (!name) return tl::unexpected(name.error());
    if (name->path == "-") {
      if (standard_input) return fail("-: standard input can be read only once");
      standard_input = true;
      all.push_back(std::move(*name));
      continue;
    }
    std::error_code error;
    const auto status = fs::status(name->path, error);
    if (!fs::exists(status)) return fail(fmt::format("{}: cannot be opened: {}", name->path, os_error(error.value())));
    if (!fs::is_directory(status)) {
      all.push_back(std::move(*name));
      continue;
    }
    if (name->offset != 0) return fail(fmt::format("{}: is a directory: an offset needs a file", name->path));
    auto found = captures_in(name->path);
    if (!found) return found;
    all.insert(all.end(), found->begin(), found->end());
  }
  return all;
}

}  // namespace unspool
