// Drains a source on the loop, a budget at a time, so that signals and timers get their turn.
#pragma once

#include <cstdint>
#include <functional>

#include "capture/filter.h"
#include "capture/source.h"
#include "daemon/asio.h"
#include "pipeline/dispatcher.h"

namespace unspool {

class CaptureLoop {
 public:
  /// All are borrowed for the loop's lifetime. `ended` is called once, on the loop, when the source has ended or stop()
  /// was heard.
  CaptureLoop(boost::asio::io_context& io, Source& source, Filter& filter, Dispatcher& dispatcher,
              std::function<void()> ended);
  ~CaptureLoop();

  void start();
  /// Reads no more than a live source has already; `ended` is called soon.
  void stop();
  /// Packets that the filter let through, of all that were read.
  std::uint64_t matched() const { return matched_; }
  std::uint64_t read() const { return read_; }

 private:
  void run();
  void wait();
  void wake(std::uint64_t wait);
  void let_go();

  boost::asio::io_context& io_;
  boost::asio::posix::stream_descriptor readable_;
  boost::asio::steady_timer alarm_;
  Source& source_;
  Filter& filter_;
  Dispatcher& dispatcher_;
  std::function<void()> ended_;
  std::uint64_t waits_ = 0;  // each is woken from once, by whatever comes first
  std::uint64_t read_ = 0, matched_ = 0;
  bool stopped_ = false;
};

}  // namespace unspool
