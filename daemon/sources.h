// What a run reads: captures, merged by time; interfaces; or a spool.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "capture/block.h"
#include "capture/live_source.h"
#include "capture/spool_source.h"
#include "daemon/command_line.h"
#include "events/source_names.h"
#include "transfer/transfer_store.h"

namespace unspool {

struct Sources {
  std::unique_ptr<Source> merged;                // all as one; of interfaces, the part of the main capture loop
  std::vector<std::unique_ptr<Source>> further;  // of interfaces, the parts of further loops
  std::vector<SourceName> names;                 // by Packet::source
  std::vector<const LiveSource*> live;           // by loop, what these are, when they are
  SpoolSource* spool = nullptr;                  // what `merged` is, when it is one
  bool follows = false;                          // captures that may still grow

  bool is_live() const { return !live.empty(); }
  unsigned loops() const { return 1 + static_cast<unsigned>(further.size()); }
  Feed feed() const { return is_live() ? Feed::live : spool != nullptr ? Feed::arriving : Feed::files; }
  /// It ends when somebody stops it.
  bool is_endless() const { return is_live() || spool != nullptr || follows; }
};

/// Adds the interfaces as the next loop captures them.
void add_live(Sources& sources, std::unique_ptr<LiveSource> live);

/// The captures that `line` names. `pool` outlives them.
Result<Sources> open_captures(const CommandLine& line, BlockPool& pool);

/// Where a run goes that names no output: beside where the user stands, named after the first capture.
std::string output_beside(const std::string& capture);

}  // namespace unspool
