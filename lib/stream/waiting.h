// All of a TCP session that waits: bytes behind a hole or for the other side, and the timers that end the waiting.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "stream/tcp_session.h"

namespace unspool {

/// Part of a segment that cannot be given out yet: a copy of its bytes, or the length that the capture cut off.
struct Held {
  std::vector<std::byte> bytes;
  std::uint64_t missing = 0;  // snaplen
  Position needs;             // of the other side, given out before this
  std::uint64_t order = 0;    // of arrival, in the session
  Timestamp seen;
  Origin origin;
  bool after_rst = false;
  bool after_drop = false;  // the capture lost packets just before it: a hole in front of it is their doing

  std::uint64_t length() const { return bytes.size() + missing; }
};

using HeldMap = std::map<Position, Held>;

/// The hole at the front of one side.
struct Hole {
  bool open = false;
  bool acked = false;       // `passed` and `upto` count
  bool after_drop = false;  // the capture lost packets just before it showed
  Position at;              // where it begins
  Position upto;            // what the acknowledgement that started the grace said
  Timestamp opened;
  Timestamp passed;  // when an acknowledgement first went past it
};

/// All of one session.
class Waiting {
 public:
  /// Urgent bytes that are remembered of a side, so that they are out when they come again, too.
  static constexpr std::size_t kUrgent = 256;

  struct Lane {
    HeldMap held;
    std::uint64_t bytes = 0;
    Hole hole;
    HeldBudget::Host* account = nullptr;
    IpAddress host;
    Position fin_needs;                       // of an end that waits
    std::uint64_t fin_order = 0;              // of its arrival
    bool syn_data_open = false;               // holds data of a SYN that nobody has acknowledged yet
    std::optional<Timestamp> start_deadline;  // while its beginning is not known, or older bytes showed that it is not
    Position answered;                        // what was given out of the other side acknowledges all before it
    HeldMap far;  // data out of window, until its acknowledgement confirms the jump, or the window comes
    std::optional<Position> far_ack;         // an acknowledgement out of window, until data confirms it
    std::optional<Position> far_seq;         // a sequence number out of window, until its acknowledgement confirms it
    std::optional<Position> far_fin;         // an end out of window, until the bytes before it are not
    std::optional<Timestamp> far_deadline;   // of any of them
    std::optional<std::uint32_t> other_isn;  // of a second SYN-ACK
    std::vector<Position> urgent;            // bytes that are taken out of the stream, in order; at most kUrgent
  };

  std::array<Lane, 2> lanes;
  std::uint64_t next_order = 0;
  std::optional<TcpSession::RememberedSyn> syn;
  Timestamp syn_deadline = Timestamp::max();
  unsigned reset_from = 0;
  Position reset_at;
  Timestamp reset_deadline = Timestamp::max();
  Timestamp deadline = Timestamp::max();  // of the first timer; kept by tend_holes()

  std::size_t segments() const {
    return lanes[0].held.size() + lanes[1].held.size() + lanes[0].far.size() + lanes[1].far.size();
  }
  std::uint64_t bytes() const { return lanes[0].bytes + lanes[1].bytes; }
  /// Nothing is left to wait for.
  bool idle() const;
};

/// Keeps the memory of what waits no more, for what waits next: losses come in bursts, over and over. One for each
/// shard.
class WaitingPool {
 public:
  std::unique_ptr<Waiting> take();
  /// Of `waiting` nothing is held any more.
  void give_back(std::unique_ptr<Waiting> waiting);

  /// A part at a place where `map` has none, as new but for the memory of its bytes.
  Held& add(HeldMap& map, Position at);
  void remove(HeldMap& map, HeldMap::iterator held);

 private:
  static constexpr std::size_t kWaiting = 256, kHeld = 4096, kBytes = 2048;  // at most, and of each Held

  std::vector<std::unique_ptr<Waiting>> waiting_;
  std::vector<HeldMap::node_type> held_;
};

}  // namespace unspool
