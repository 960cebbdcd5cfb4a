// Several sources as one, in the order of their packets' time stamps.
#pragma once

#include <memory>
#include <vector>

#include "capture/source.h"

namespace unspool {

/// Equal times: the lower source first, then the order within it. Each source's own order is kept, even where its
/// time stamps go back. At least one source; a single one is given back as it is.
///
/// One packet of each source is looked ahead. Idle while a source that has not ended has none: what it brings may be
/// the earliest. readable_fd() is then that source's: of several pipes it is not always the same.
std::unique_ptr<Source> merge_by_time(std::vector<std::unique_ptr<Source>> sources);

}  // namespace unspool
