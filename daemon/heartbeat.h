// Tells systemd that the daemon is alive, as long as every thread that has work gets on with it.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/asio.h"
#include "pipeline/pipeline.h"

namespace unspool {

/// Finds the thread that has work and does none of it. One without work is fine.
class PulseWatch {
 public:
  using Clock = std::chrono::steady_clock;
  /// A thread may take `patience` for a piece of work.
  explicit PulseWatch(Clock::duration patience) : patience_{patience} {}

  /// The first of `pulses` that is stuck at `now`. They are the same threads each time, in the same order.
  std::optional<std::size_t> stuck(std::span<const Pulse> pulses, Clock::time_point now);

 private:
  struct Seen {
    std::uint64_t done = 0;
    Clock::time_point moved;
  };
  Clock::duration patience_;
  std::vector<Seen> seen_;
};

/// Lives on the loop, whose turning is a sign of life of its own. Does nothing where systemd did not start the process.
class Heartbeat {
 public:
  /// `pulses` and `status`, a line for `systemctl status`, are asked on the loop, every few seconds.
  Heartbeat(boost::asio::io_context& io, std::function<std::vector<Pulse>()> pulses,
            std::function<std::string()> status);

  void start();

 private:
  void beat();
  bool all_move();

  boost::asio::steady_timer timer_;
  std::function<std::vector<Pulse>()> pulses_;
  std::function<std::string()> status_;
  std::optional<std::chrono::microseconds> watchdog_;
  PulseWatch watch_;
  std::chrono::microseconds every_;
  bool told_ = false;
};

}  // namespace unspool
