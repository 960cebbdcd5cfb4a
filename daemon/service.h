// What systemd is told of the daemon (sd_notify(3)). Nothing happens where systemd did not start it. Only READY waits
// while nobody listens; the rest is left out then.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace unspool {

/// Every source is open, or is waited for: READY=1.
void notify_ready();
/// No more packets are read; what there is is brought to its end: STOPPING=1.
void notify_stopping();
/// One line for `systemctl status`: STATUS=.
void notify_status(const std::string& line);
/// All is well: WATCHDOG=1. Without it for so long as watchdog_interval() says, systemd ends the daemon.
void notify_alive();

bool is_service();
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace unspool
