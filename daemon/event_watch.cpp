#include "daemon/event_watch.h"

#include <fcntl.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include "base/file.h"

namespace unspool {

Hangup meaning_of_hangup() {
  struct sigaction action {};
  if (::sigaction(SIGHUP, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) return Hangup::nothing;
  const Fd terminal{::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)};
  return terminal ? Hangup::stop : Hangup::reopen;
}

EventWatch::EventWatch(boost::asio::io_context& io, EventFile& file) : second_{io}, hangup_{io}, file_{file} {
  if (meaning_of_hangup() == Hangup::reopen) hangup_.add(SIGHUP);
}

void EventWatch::start() {
  wait_for_second();
  wait_for_hangup();
}

void EventWatch::wait_for_second() {
  second_.expires_after(std::chrono::seconds(1));
  second_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    file_.tick();
    look();
    wait_for_second();
  });
}

void EventWatch::wait_for_hangup() {
  hangup_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    if (auto opened = file_.reopen(); opened) {
      spdlog::info("SIGHUP: events.json is opened anew");
    } else {
      spdlog::error("SIGHUP: {}; events go on where they went", opened.error().what);
    }
    wait_for_hangup();
  });
}

void EventWatch::look() {
  const auto trouble = file_.trouble();
  const std::string what = trouble ? trouble->what : "";
  if (what == told_) return;
  if (trouble) {
    spdlog::error(what);
  } else if (const std::uint64_t lost = file_.totals().lost; lost > lost_) {
    spdlog::warn("events are written again; {} lines are missing", lost - lost_);
    lost_ = lost;
  } else {
    spdlog::info("events.json is rotated again");
  }
  told_ = what;
}

}  // namespace unspool
