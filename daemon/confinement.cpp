#include "daemon/confinement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace unspool {
namespace {

// What headers of Debian 12 do not know yet: <linux/landlock.h> of Linux 6.12.
constexpr std::uint64_t kTruncate = 1U << 14U, kIoctlDevice = 1U << 15U;
constexpr std::uint64_t kBindTcp = 1U << 0U, kConnectTcp = 1U << 1U;
constexpr std::uint64_t kScopeSignal = 1U << 1U;
struct Ruleset {
  std::uint64_t files, net, scoped;
};

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                   LANDLOCK_ACCESS_FS_READ_FILE | kTruncate | kIoctlDevice;

/// What libc, libpcap (names in filter expressions, interfaces), libmagic and the loader read when they like to.
/// Missing ones are none of ours.
constexpr const char* kLibraries[] = {"/usr/lib",
                                      "/usr/share",
                                      "/lib",
                                      "/lib64",
                                      "/etc/localtime",
                                      "/etc/magic",
                                      "/etc/protocols",
                                      "/etc/services",
                                      "/etc/ethers",
                                      "/etc/hosts",
                                      "/etc/nsswitch.conf",
                                      "/etc/host.conf",
                                      "/etc/gai.conf",
                                      "/etc/resolv.conf",
                                      "/etc/ld.so.cache",
                                      "/etc/ssl/openssl.cnf",
                                      "/proc/self",
                                      "/sys/class/net",
                                      "/sys/devices",
                                      "/dev/urandom",
                                      "/dev/null"};

int landlock_abi() {
  return static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
}

std::string why_none(int error) {
  const bool is_there = error != ENOSYS && error != EOPNOTSUPP;
  return fmt::format("{}: {}",
                     is_there ? "Landlock may not be used here, as containers and SystemCallFilter= of units may say"
                              : "this kernel has no Landlock, or it is not enabled",
                     os_error(error));
}

Result<void> grant(const Fd& ruleset, const std::string& path, std::uint64_t rights) {
  const Fd place{::open(path.c_str(), O_PATH | O_CLOEXEC)};
  if (!place) return {};
  struct stat status {};
  if (::fstat(place.get(), &status) != 0 || !S_ISDIR(status.st_mode)) rights &= kOfFiles;
  const landlock_path_beneath_attr rule{.allowed_access = rights, .parent_fd = place.get()};
  if (::syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0) return {};
  return fail(fmt::format("{}: Landlock takes no rule for it: {}", path, os_error(errno)));
}

}  // namespace

LandlockRights landlock_rights(int abi) {
  LandlockRights rights;
  if (abi < 2) return rights;
  const std::uint64_t makes = LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                              LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REFER;
  const std::uint64_t never = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                              LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                              LANDLOCK_ACCESS_FS_MAKE_SYM;
  rights.read = kRead;
  rights.write = kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | makes | (abi >= 3 ? kTruncate : 0);
  rights.files = rights.write | never | (abi >= 5 ? kIoctlDevice : 0);
  if (abi >= 4) rights.net = kBindTcp | kConnectTcp;
  if (abi >= 6) rights.scoped = kScopeSignal;
  return rights;
}

Result<Confinement> confine(const Reach& reach) {
  const int abi = landlock_abi();
  if (abi < 0) return Confinement{.why = why_none(errno)};
  const LandlockRights rights = landlock_rights(abi);
  if (rights.files == 0)
    return Confinement{.why =
                           "this kernel's Landlock (ABI 1) would forbid links from one host's directory to another's"};
  const Ruleset handled{.files = rights.files, .net = rights.net, .scoped = rights.scoped};
  const std::size_t size = abi >= 6 ? sizeof handled : abi >= 4 ? 16 : 8;  // what the kernel of this ABI knows of it
  const Fd ruleset{static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, size, 0))};
  if (!ruleset) return fail(fmt::format("Landlock makes no rules: {}", os_error(errno)));
  for (const std::string& path : reach.write) {
    if (auto granted = grant(ruleset, path, rights.write); !granted) return tl::unexpected(granted.error());
  }
  for (const std::string& path : reach.read) {
    if (auto granted = grant(ruleset, path, rights.read); !granted) return tl::unexpected(granted.error());
  }
  for (const char* path : kLibraries) {
    if (auto granted = grant(ruleset, path, rights.read); !granted) return tl::unexpected(granted.error());
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
    return fail(fmt::format("Landlock does not take effect: {}", os_error(errno)));
  return Confinement{.abi = abi};
}

}  // namespace unspool
