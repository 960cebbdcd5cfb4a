// What the process may do once everything that needs more is open: who it is, and which capabilities it has.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/error.h"
#include "settings/settings.h"

namespace unspool {

/// Whom the process becomes.
struct Identity {
  uid_t user = 0;
  gid_t group = 0;
  std::string name;  // of the user
};

/// Looks `settings` up. None where they name nobody, or who the process is already. An error where there is no such
/// user or group, or where only root could become it.
Result<std::optional<Identity>> identity_of(const ProcessSettings& settings);

/// Makes a directory for files of that identity, with what leads to it; does nothing to one that is there.
Result<void> make_directory_for(const Identity& identity, const std::string& path);

/// What a run needs later on.
enum class Keep : std::uint8_t {
  nothing,
  net_raw,  // interfaces are opened again when they come back
};

/// For good, and for threads that are started later; before there are any. The process becomes `identity`, and every
/// capability but what `keep` names goes, also root's. The answer is empty, or says which could not be let go of and
/// why.
Result<std::string> drop_privileges(const std::optional<Identity>& identity, Keep keep);

}  // namespace unspool
