#include "daemon/stop_signals.h"

#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "daemon/event_watch.h"
#include "daemon/exit_code.h"

namespace unspool {

StopSignals::StopSignals(std::function<std::string()> unfinished) : unfinished_{std::move(unfinished)} {
  for (const int number : {SIGINT, SIGTERM}) signals_.add(number);
  if (meaning_of_hangup() == Hangup::stop) signals_.add(SIGHUP);
  wait();
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "signals");
    io_.run();
  });
}

StopSignals::~StopSignals() {
  io_.stop();
  thread_.join();
}

void StopSignals::begin(std::function<void()> stop) {
  const std::lock_guard lock{mutex_};
  stop_ = std::move(stop);
  if (heard_) stop_();
}

void StopSignals::finishing() {
  const std::lock_guard lock{mutex_};
  stop_ = nullptr;
  finishing_ = true;
}

void StopSignals::wait() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    if (heard_) second();
    first();
    wait();
  });
}

void StopSignals::first() {
  const std::lock_guard lock{mutex_};
  heard_ = true;
  if (stop_) stop_();
  if (finishing_) spdlog::info("the run is being brought to its end; a second signal cuts that off");
}

void StopSignals::second() {
  signals_.clear();  // a third one needs nobody's help: the log may be what is stuck
  spdlog::error("ended at once by a second signal, {}", unfinished_());
  ::_exit(kFailedOnTheWay);
}

}  // namespace unspool
