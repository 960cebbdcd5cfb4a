// What systemd is told of the daemon (sd_notify(3)). Nothing happens where systemd did not start it.
#pragma once

namespace unspool {

/// All sources are open: READY=1.
void notify_ready();
/// No more packets are read; what there is is brought to its end: STOPPING=1.
void notify_stopping();

}  // namespace unspool
