// A further capture loop, on a thread of its own: beside the main one, which also does all the rest.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "capture/filter.h"
#include "capture/source.h"
#include "daemon/asio.h"
#include "daemon/capture_loop.h"
#include "pipeline/pipeline.h"

namespace unspool {

class CaptureThread {
 public:
  /// `number`: which of the run's loops; the main one is 0. Both sides are borrowed until join().
  CaptureThread(unsigned number, Source& source, Dispatcher& dispatcher);
  CaptureThread(const CaptureThread&) = delete;
  CaptureThread& operator=(const CaptureThread&) = delete;
  ~CaptureThread();

  void start();
  /// As of CaptureLoop; then the thread ends. Any thread.
  void stop();
  void join();
  /// As of Dispatcher, soon. Any thread.
  void report();
  /// What report() asked for is its work. Any thread.
  Pulse pulse() const;

 private:
  unsigned number_;
  Dispatcher& dispatcher_;
  boost::asio::io_context io_{1};
  Filter filter_;  // lets all through: the kernel has filtered
  CaptureLoop loop_;
  std::atomic<std::uint64_t> asked_{0}, reported_{0};
  std::thread thread_;
};

}  // namespace unspool
