#include "daemon/privileges.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace unspool {
namespace {

bool has(capng_type_t set, unsigned capability) { return ::capng_have_capability(set, capability) != 0; }

/// Whether the process has no other capability than it is to keep.
bool has_no_more_than(Keep keep) {
  ::capng_get_caps_process();
  for (unsigned capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    if (keep == Keep::net_raw && capability == CAP_NET_RAW) continue;
    if (has(CAPNG_PERMITTED, capability) || has(CAPNG_EFFECTIVE, capability)) return false;
  }
  return true;
}

void select(Keep keep) {
  ::capng_clear(CAPNG_SELECT_ALL);
  if (keep == Keep::nothing) return;
  ::capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET),
                 CAP_NET_RAW);
}

/// errno, which libcap-ng leaves as the failing call set it, in words; some of its errors set none.
std::string reason() { return errno != 0 ? os_error(errno) : "libcap-ng failed"; }

Result<void> become(const Identity& identity, Keep keep) {
  select(keep);
  errno = 0;
  constexpr auto kFlags = static_cast<capng_flags_t>(CAPNG_INIT_SUPP_GRP | CAPNG_CLEAR_BOUNDING | CAPNG_CLEAR_AMBIENT);
  if (::capng_change_id(static_cast<int>(identity.user), static_cast<int>(identity.group), kFlags) == 0) return {};
  return fail(fmt::format("process.user: this process cannot become {}: {}", identity.name, reason()));
}

}  // namespace

Result<std::optional<Identity>> identity_of(const ProcessSettings& settings) {
  if (settings.user.empty() && settings.group.empty()) return std::nullopt;
  Identity identity{.user = ::geteuid(), .group = ::getegid(), .name = settings.user};
  if (!settings.user.empty()) {
    const passwd* user = ::getpwnam(settings.user.c_str());
    if (user == nullptr) {
      return fail(
          fmt::format("process.user: there is no user {0}; make it (adduser --system --group {0}), or name another",
                      settings.user));
    }
    identity.user = user->pw_uid;
    identity.group = user->pw_gid;
  }
  if (!settings.group.empty()) {
    const struct group* group = ::getgrnam(settings.group.c_str());
    if (group == nullptr) {
      return fail(fmt::format("process.group: there is no group {0}; make it (addgroup --system {0}), or name another",
                              settings.group));
    }
    identity.group = group->gr_gid;
  }
  if (identity.name.empty()) identity.name = fmt::format("group {}", settings.group);
  if (identity.user == ::geteuid() && identity.group == ::getegid()) return std::nullopt;
  if (::geteuid() != 0) {
    return fail(fmt::format("process.user: only root can become {0}; start unspool as root, or as {0}, or leave it out",
                            identity.name));
  }
  return identity;
}

Result<void> make_directory_for(const Identity& identity, const std::string& path) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path{path}.lexically_normal().parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return fail(fmt::format("{}: cannot be made: {}", parent.string(), os_error(error.value())));
  constexpr mode_t kMode = 0750;
  if (::mkdir(path.c_str(), kMode) != 0) {
    if (errno == EEXIST) return {};
    return fail(fmt::format("{}: cannot be made: {}", path, os_error(errno)));
  }
  if (::lchown(path.c_str(), identity.user, identity.group) == 0) return {};
  return fail(fmt::format("{}: cannot be given to {}: {}", path, identity.name, os_error(errno)));
}

Result<std::string> drop_privileges(const std::optional<Identity>& identity, Keep keep) {
  if (identity) {
    if (auto became = become(*identity, keep); !became) return tl::unexpected(became.error());
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail(fmt::format("a promise to gain no privileges is refused: {}", os_error(errno)));
  if (has_no_more_than(keep)) return std::string{};
  const bool bounds = has(CAPNG_EFFECTIVE, CAP_SETPCAP);
  select(keep);
  errno = 0;
  if (::capng_apply(bounds ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) == 0) return std::string{};
  const std::string why = reason();
  if (has_no_more_than(Keep::net_raw))
    return fmt::format("CAP_NET_RAW, which is not needed any more, cannot be let go of: {}", why);
  return fail(fmt::format("capabilities cannot be let go of: {}; start unspool without them", why));
}

}  // namespace unspool
