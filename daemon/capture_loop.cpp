#include "daemon/capture_loop.h"

namespace unspool {

namespace asio = boost::asio;

namespace {
constexpr int kBudget = 8192;  // packets between two looks at signals
}

CaptureLoop::CaptureLoop(asio::io_context& io, Source& source, Filter& filter, Dispatcher& dispatcher,
                         std::function<void()> ended)
    : io_{io},
      readable_{io},
      alarm_{io},
      source_{source},
      filter_{filter},
      dispatcher_{dispatcher},
      ended_{std::move(ended)} {}

CaptureLoop::~CaptureLoop() { let_go(); }

void CaptureLoop::start() {
  asio::post(io_, [this] { run(); });
}

void CaptureLoop::stop() {
  stopped_ = !source_.finish();
  if (readable_.is_open()) readable_.cancel();
  alarm_.cancel();
}

void CaptureLoop::run() {
  Packet packet;
  for (int i = 0; i < kBudget && !stopped_; ++i) {
    switch (source_.next(packet)) {
      case Source::State::packet: break;
      case Source::State::idle: return wait();
      case Source::State::ended: return ended_();
    }
    ++read_;
    if (!filter_.matches(packet)) continue;
    ++matched_;
    dispatcher_.take(packet);
  }
  if (stopped_) return ended_();
  start();
}

/// For the descriptor, of several pipes not always the same, and for time, whichever the source asks for.
void CaptureLoop::wait() {
  if (const auto time = source_.quiet_until()) {
    dispatcher_.advance(*time);
  } else {
    dispatcher_.flush();
  }
  const std::uint64_t wait = ++waits_;
  if (const auto again = source_.ask_again()) {
    alarm_.expires_after(*again);
    alarm_.async_wait([this, wait](const boost::system::error_code&) { wake(wait); });
  }
  if (source_.readable_fd() < 0) return;
  readable_.assign(source_.readable_fd());
  readable_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [this, wait](const boost::system::error_code&) { wake(wait); });
}

/// What was cancelled is heard too, and late: then it is another wait's turn already.
void CaptureLoop::wake(std::uint64_t wait) {
  if (wait != waits_) return;
  ++waits_;
  let_go();
  alarm_.cancel();
  run();
}

/// The source closes its descriptor.
void CaptureLoop::let_go() {
  if (readable_.is_open()) readable_.release();
}

}  // namespace unspool
