#include "daemon/capture_thread.h"

#include <fmt/format.h>
#include <pthread.h>

namespace unspool {

namespace asio = boost::asio;

CaptureThread::CaptureThread(unsigned number, Source& source, Dispatcher& dispatcher)
    : number_{number},
      dispatcher_{dispatcher},
      filter_{Filter::compile({}).value()},
      loop_{io_, source, filter_, dispatcher, [this] { io_.stop(); }} {}

CaptureThread::~CaptureThread() {
  stop();
  join();
}

void CaptureThread::start() {
  loop_.start();
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), fmt::format("capture {}", number_).c_str());
    io_.run();
  });
}

void CaptureThread::stop() {
  asio::post(io_, [this] { loop_.stop(); });
}

void CaptureThread::join() {
  if (thread_.joinable()) thread_.join();
}

void CaptureThread::report() {
  asked_.fetch_add(1, std::memory_order_relaxed);
  asio::post(io_, [this] {
    dispatcher_.report();
    reported_.fetch_add(1, std::memory_order_relaxed);
  });
}

Pulse CaptureThread::pulse() const {
  const std::uint64_t done = reported_.load(std::memory_order_relaxed);  // first: it moves on meanwhile
  return {
      .given = asked_.load(std::memory_order_relaxed), .done = done, .who = fmt::format("capture loop {}", number_)};
}

}  // namespace unspool
