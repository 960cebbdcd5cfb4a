#include "daemon/service.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string_view>

#include "base/file.h"

namespace unspool {
namespace {

/// As sd_notify(3) does, which waits while nobody reads there; and everything else here with it.
void notify_without_waiting(std::string_view message) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return;
  const std::string_view name = path;
  sockaddr_un to{.sun_family = AF_UNIX, .sun_path = {}};
  const bool is_path = name.starts_with('/'), is_abstract = name.starts_with('@');
  if ((!is_path && !is_abstract) || name.size() >= sizeof to.sun_path) return;
  std::copy(name.begin(), name.end(), to.sun_path);
  if (is_abstract) to.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (is_path ? 1 : 0));
  const Fd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  ::sendto(socket.get(), message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), size);
}

}  // namespace

void notify_ready() { ::sd_notify(0, "READY=1"); }

void notify_stopping() {
  notify_without_waiting("STOPPING=1\nSTATUS=Stopping: open sessions are brought to their end");
}

void notify_status(const std::string& line) { notify_without_waiting("STATUS=" + line); }

void notify_alive() { notify_without_waiting("WATCHDOG=1"); }

bool is_service() { return std::getenv("NOTIFY_SOCKET") != nullptr; }

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t interval = 0;
  if (::sd_watchdog_enabled(0, &interval) <= 0) return std::nullopt;
  return std::chrono::microseconds{interval};
}

}  // namespace unspool
