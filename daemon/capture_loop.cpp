#include "daemon/capture_loop.h"

namespace unspool {

namespace asio = boost::asio;

namespace {
constexpr int kBudget = 8192;  // packets between two looks at signals
}

CaptureLoop::CaptureLoop(asio::io_context& io, Source& source, Filter& filter, Pipeline& pipeline,
                         std::function<void()> ended)
    : io_{io}, readable_{io}, source_{source}, filter_{filter}, pipeline_{pipeline}, ended_{std::move(ended)} {}

CaptureLoop::~CaptureLoop() { let_go(); }

void CaptureLoop::start() {
  asio::post(io_, [this] { run(); });
}

void CaptureLoop::stop() {
  stopped_ = true;
  readable_.cancel();
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
    pipeline_.take(packet);
  }
  if (stopped_) return ended_();
  start();
}

/// Of several pipes it is not always the same that is waited for.
void CaptureLoop::wait() {
  pipeline_.flush();
  readable_.assign(source_.readable_fd());
  readable_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code&) {
    let_go();
    run();
  });
}

/// The source closes its descriptor.
void CaptureLoop::let_go() {
  if (readable_.is_open()) readable_.release();
}

}  // namespace unspool
