#include "daemon/heartbeat.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "daemon/service.h"

namespace unspool {
namespace {

constexpr std::chrono::microseconds kStatusEvery = std::chrono::seconds(5);
constexpr int kBeatsPerInterval = 4;  // so that a late one does no harm

}  // namespace

std::optional<std::size_t> PulseWatch::stuck(std::span<const Pulse> pulses, Clock::time_point now) {
  seen_.resize(pulses.size(), {.done = 0, .moved = now});
  for (std::size_t i = 0; i < pulses.size(); ++i) {
    const Pulse& pulse = pulses[i];
    if (pulse.done == pulse.given || pulse.done != seen_[i].done) seen_[i] = {.done = pulse.done, .moved = now};
  }
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    if (now - seen_[i].moved > patience_) return i;
  }
  return std::nullopt;
}

Heartbeat::Heartbeat(boost::asio::io_context& io, std::function<std::vector<Pulse>()> pulses,
                     std::function<std::string()> status)
    : timer_{io},
      pulses_{std::move(pulses)},
      status_{std::move(status)},
      watchdog_{watchdog_interval()},
      watch_{watchdog_.value_or(std::chrono::microseconds::zero())},
      every_{watchdog_ ? std::min(kStatusEvery, *watchdog_ / kBeatsPerInterval) : kStatusEvery} {}

void Heartbeat::start() {
  if (is_service()) beat();
}

void Heartbeat::beat() {
  notify_status(status_());
  if (watchdog_ && all_move()) notify_alive();
  timer_.expires_after(every_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) beat();
  });
}

bool Heartbeat::all_move() {
  const std::vector<Pulse> pulses = pulses_();
  const auto stuck = watch_.stuck(pulses, PulseWatch::Clock::now());
  if (stuck && !told_) {
    spdlog::error("{} has work, and has done none of it for {:.1f} s: the watchdog of systemd will end this process",
                  pulses[*stuck].who, std::chrono::duration<double>(*watchdog_).count());
  }
  if (!stuck && told_) spdlog::info("all threads get on with their work again");
  told_ = stuck.has_value();
  return !stuck;
}

}  // namespace unspool
