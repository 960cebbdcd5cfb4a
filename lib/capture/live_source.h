// Network interfaces as one source: near the order in which packets came, and patient with those that go away.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "capture/fanout_group.h"
#include "capture/link_losses.h"
#include "capture/live_socket.h"
#include "capture/network_interfaces.h"
#include "capture/quiet_clock.h"
#include "capture/source.h"
#include "settings/settings.h"

namespace unspool {

/// By interface, in the order of the settings: of all capture loops together.
using FanoutGroups = std::deque<FanoutGroup>;
FanoutGroups fanout_groups(const CaptureSettings& settings);

/// What became of an interface.
struct InterfaceChange {
  enum class State : std::uint8_t { up, down, missing, failed } state = State::up;
  std::string interface;
  std::uint16_t source = 0;  // the first of its sockets
  std::string what;          // for the operator
};

/// Ends only when it is told to finish(). A packet waits, up to twice `timeout`, until no other socket can still hold
/// an earlier one: taps show each direction on an interface of its own. An interface that goes down, or away, is waited
/// for while the others go on.
class LiveSource : public Source {
 public:
  struct Refusal {
    LiveFailure::Why why = LiveFailure::Why::other;
    std::string what;
  };
  using Changed = std::function<void(const InterfaceChange&)>;
  /// Opens `settings.interfaces` for one capture loop of the run, of which each gets its part of the packets. An error,
  /// and nothing is begun, when one cannot be listened on; but one that is down is waited for, and one that is not
  /// there too, where the settings say so. `changed` is called from here and from next(). `settings`, `pool`, the
  /// loop's own, and `groups`, the run's, outlive the source.
  static tl::expected<std::unique_ptr<LiveSource>, Refusal> open(const CaptureSettings& settings, unsigned loop,
                                                                 BlockPool& pool, FanoutGroups& groups,
                                                                 Changed changed);

  State next(Packet& packet) override;
  int readable_fd() const override;
  std::optional<std::chrono::milliseconds> ask_again() const override;
  std::optional<Timestamp> quiet_until() override;
  bool finish() override;
  SourceEnd end() const override { return {}; }

  /// By Packet::source, as far as they are this loop's, the interface. Several sockets of one interface are several
  /// sources.
  std::vector<std::string> names() const;
  struct Totals {
    std::string interface;
    std::uint64_t packets = 0;
    std::uint64_t dropped = 0;  // by the kernel, because its buffer was full
    std::uint64_t missed = 0;   // by the interface: received, but nobody could take them
  };
  /// So far, of each interface, what came on this loop; what an interface missed, it missed of all. Any thread.
  std::vector<Totals> totals() const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  struct Interface {
    std::string name;
    std::vector<std::unique_ptr<LiveSocket>> sockets;
    InterfaceChange::State state = InterfaceChange::State::up;
    unsigned index = 0;  // of the kernel; 0 where it lists no such interface ("any")
    std::uint64_t missed_before = 0;
    std::atomic<std::uint64_t> missed{0};
    SteadyTime broken_since{};  // not yet closed: the kernel may still hand over what it has
    SteadyTime retry_at{};      // while it is closed
    std::chrono::milliseconds backoff{};
    std::string last_reason;
    bool is_open() const { return sockets.front()->is_open(); }
  };

  LiveSource(const CaptureSettings& settings, unsigned loop, BlockPool& pool, FanoutGroups& groups, Changed changed);

  State idle();
  bool is_finishing() const { return finishing_since_ != SteadyTime{}; }
  /// For so long the kernel may hold a packet back, or the machine keep us from seeing it.
  std::chrono::milliseconds longest_hold() const { return 2 * settings_.timeout; }
  void round();
  LiveSocket* earliest() const;
  bool is_ripe(const LiveSocket& socket) const;
  void fill(Interface& interface, LiveSocket& socket);
  void count_missed(SteadyTime now);
  void tend(SteadyTime now);
  void tend(Interface& interface, const NetworkInterface* known, SteadyTime now);
  void reopen(Interface& interface, SteadyTime now);
  void give_up(Interface& interface, bool gone, SteadyTime now);
  tl::expected<void, LiveFailure> open(Interface& interface);
  void close(Interface& interface);
  void retry_later(Interface& interface, SteadyTime now);
  void tell(Interface& interface, InterfaceChange::State state, std::string what);

  const CaptureSettings& settings_;
  Changed changed_;
  Fd ready_;  // an epoll of all sockets
  std::deque<Interface> interfaces_;
  std::vector<LiveSocket*> open_;     // all that are
  bool asked_all_ = false;            // since a socket ran out of packets
  bool has_quiet_ = false;            // at the last round, some socket had nothing
  std::chrono::milliseconds hold_{};  // idle, but with packets that wait so long for others
  SteadyTime round_at_{}, tend_at_{}, count_missed_at_{};
  LinkLosses link_losses_;
  Timestamp missed_until_;  // when it was asked last what interfaces missed
  Timestamp ripe_until_{};  // while some socket has nothing
  SteadyTime finishing_since_{};
  Timestamp last_;  // while it finishes: later packets are not wanted
  QuietClock quiet_;
};

}  // namespace unspool
