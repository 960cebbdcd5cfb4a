// Looks through transfers/, and takes files out of it. Nothing here is quick in a large store; none of it is kept in
// memory by the number of files.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.h"

namespace unspool {

/// A file, as it is called under the hosts of its name. Names begin with the time at which the session began: in their
/// order, the oldest comes first.
struct StoredFile {
  std::string name;
  std::uint64_t bytes = 0;  // that it takes on disk
};

/// What a walk through the store found.
struct Census {
  std::uint64_t files = 0, bytes = 0;
  std::vector<StoredFile> oldest;  // a bounded number of them, the oldest one last
};

/// Walks through all hosts, and calls `on_host` with each and its number of files. `most` of the oldest are listed.
/// Left alone, and not counted, are files that were not made here, and those that came after the walk began. Ends
/// early, with nothing, when `stop` becomes true. `root` is the output directory.
std::optional<Census> take_census(int root, std::size_t most, const std::atomic<bool>& stop,
                                  const std::function<void(std::string_view host, std::uint64_t files)>& on_host);

/// The oldest files of one host, at most so many, the oldest one last.
std::vector<StoredFile> oldest_of(int root, std::string_view host, std::size_t most);

/// What became of a file that was to be removed.
struct Removal {
  enum class How : std::uint8_t { removed, gone, too_young, failed };
  How how = How::gone;
  std::uint64_t bytes = 0;  // that it took on disk
  std::uint64_t freed = 0;  // the same, or 0 when somebody has another link to it
};

/// Takes a file away from under both of its hosts, and directories of hosts that are empty then. A file that was
/// written to after `not_after` stays; without one, none does.
Removal remove_stored(int root, const std::string& name, std::optional<Timestamp> not_after = std::nullopt);

}  // namespace unspool
