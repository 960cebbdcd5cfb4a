// Looks after events.json while packets are read: rotates it in time, opens it anew on SIGHUP, says what is wrong with
// it.
#pragma once

#include "daemon/asio.h"
#include "events/event_file.h"

namespace unspool {

/// Lives on the loop. What is wrong is told once, and once more when it is over.
class EventWatch {
 public:
  /// Both are borrowed for its lifetime. Opens the file anew on SIGHUP where meaning_of_hangup() says so.
  EventWatch(boost::asio::io_context& io, EventFile& file);

  void start();

 private:
  void wait_for_second();
  void wait_for_hangup();
  void look();

  boost::asio::steady_timer second_;
  boost::asio::signal_set hangup_;
  EventFile& file_;
  std::string told_;        // what is wrong, as it was told
  std::uint64_t lost_ = 0;  // lines whose loss was told
};

/// What SIGHUP asks of this process. Where a terminal controls it, that terminal was closed; nohup(1) has it ignored.
enum class Hangup : std::uint8_t { nothing, stop, reopen };
Hangup meaning_of_hangup();

}  // namespace unspool
