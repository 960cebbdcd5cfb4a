// The program: what its command line asks for.
#pragma once

#include "daemon/command_line.h"

namespace unspool {

/// Does what the command line says, and says what there is to say: results on standard output, the rest on standard
/// error. The exit code.
int run(const CommandLine& command_line);

}  // namespace unspool
