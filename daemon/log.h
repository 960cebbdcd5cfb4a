// What is said to the operator, on standard error: start, end, drops, errors; never a line a packet.
#pragma once

namespace unspool {

/// Sets spdlog's default logger up. `quiet`: errors only; `verbose`: debug too.
void set_up_log(bool quiet, bool verbose);

}  // namespace unspool
