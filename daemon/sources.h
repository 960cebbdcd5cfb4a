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

namespace unspool {

/// All of them as one.
struct Sources {
  std::unique_ptr<Source> merged;
  std::vector<SourceName> names;
  const LiveSource* live = nullptr;  // what `merged` is, when it is one
  SpoolSource* spool = nullptr;      // likewise
  bool follows = false;              // captures that may still grow

  /// It ends when somebody stops it.
  bool is_endless() const { return live != nullptr || spool != nullptr || follows; }
};

/// The captures that `line` names. `pool` outlives them.
Result<Sources> open_captures(const CommandLine& line, BlockPool& pool);

/// Where a run goes that names no output: beside where the user stands, named after the first capture.
std::string output_beside(const std::string& capture);

}  // namespace unspool
