// What a run over captures tells at its end, to somebody in front of a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugin/sink.h"
#include "transfer/transfer_store.h"

namespace unspool {

/// A few lines: what was read, what was found, what is missing and why, where to look. `counts` as Pipeline::counts()
/// names them.
std::string summary(const Counts& counts, const TransferTotals& transfers, const std::string& output);

/// The count of this name; 0 where there is none.
std::uint64_t count_of(const Counts& counts, std::string_view name);

}  // namespace unspool
