#include "daemon/service.h"

#include <systemd/sd-daemon.h>

#include <cstdlib>

namespace unspool {

void notify_ready() { ::sd_notify(0, "READY=1"); }

void notify_stopping() { ::sd_notify(0, "STOPPING=1\nSTATUS=Stopping: open sessions are brought to their end"); }

void notify_status(const std::string& line) { ::sd_notify(0, ("STATUS=" + line).c_str()); }

void notify_alive() { ::sd_notify(0, "WATCHDOG=1"); }

bool is_service() { return std::getenv("NOTIFY_SOCKET") != nullptr; }

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t interval = 0;
  if (::sd_watchdog_enabled(0, &interval) <= 0) return std::nullopt;
  return std::chrono::microseconds{interval};
}

}  // namespace unspool
