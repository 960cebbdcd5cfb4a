// Exit codes, as documented in unspool(1).
#pragma once

namespace unspool {

enum ExitCode : int {
  kFine = 0,            // also when a capture ends inside a record, which live writers do
  kFailedOnTheWay = 1,  // a corrupt record ended a capture early, or a disk failed; all before it is kept; or a
                        // second signal cut the end of the run off
  kUsageError = 2,
  kConfigurationError = 3,
  kCannotRead = 4,  // a capture that cannot be opened, or of a format or link type that is not known
};

}  // namespace unspool
