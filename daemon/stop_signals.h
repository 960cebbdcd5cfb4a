// The signals that end a run: the first brings it to its end, a second one cuts that off.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "daemon/asio.h"

namespace unspool {

/// Hears them on a thread of its own, whatever all others are stuck in.
class StopSignals {
 public:
  /// `unfinished` tells the operator what a second signal cut off; it is called on that thread.
  explicit StopSignals(std::function<std::string()> unfinished);
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  /// `stop` is called on that thread at the first signal, or now if that came already.
  void begin(std::function<void()> stop);
  /// The run is at its end: `stop` is called no more when this has returned.
  void finishing();

 private:
  void wait();
  void first();
  [[noreturn]] void second();

  std::function<std::string()> unfinished_;
  std::mutex mutex_;
  std::function<void()> stop_;
  bool heard_ = false, finishing_ = false;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_};
  std::thread thread_;
};

}  // namespace unspool
