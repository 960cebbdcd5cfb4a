// One line on a terminal that says how far a run over captures is.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "capture/source.h"

namespace unspool {

/// What the line tells beside the bytes.
struct SoFar {
  std::uint64_t sessions = 0, transfers = 0, gaps = 0;
};

/// "12%  1.2 of 9.8 GB  812 MB/s  10 s left  12,345 sessions  678 transfers  9 gaps", as far as it is known. `elapsed`
/// since the beginning; nothing is said of the time left in the first second.
std::string progress_line(const Source::Progress& progress, const SoFar& so_far, std::chrono::duration<double> elapsed);

}  // namespace unspool
