// What a run over captures tells at its end, to somebody in front of a terminal.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "pipeline/counters.h"
#include "plugin/sink.h"
#include "transfer/transfer_store.h"

namespace unspool {

struct Findings {
  Counts counts;  // as Pipeline::counts() names them
  TransferTotals transfers;
  std::map<std::uint16_t, ShardCounters::Unclaimed> unclaimed;
  std::string output;
};

/// A few lines: what was read, what was found, what nobody recognised, what is missing and why, where to look; and the
/// one reason when there is nothing.
std::string summary(const Findings& found);

/// The count of this name; 0 where there is none.
std::uint64_t count_of(const Counts& counts, std::string_view name);

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number);

}  // namespace unspool
