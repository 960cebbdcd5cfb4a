// One packet socket on a network interface, through libpcap: its packets, copied once out of the kernel's buffer.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "capture/block.h"
#include "capture/fanout_group.h"
#include "capture/losses.h"
#include "capture/packet.h"
#include "settings/settings.h"

struct pcap;
struct pcap_pkthdr;

namespace unspool {

/// Why a socket could not be opened, or broke.
struct LiveFailure {
  enum class Why : std::uint8_t { missing, down, not_permitted, filter, other } why = Why::other;
  std::string what;  // for the operator, with the interface and what to do
};

/// Is opened and closed as its interface comes and goes; records and losses count on.
class LiveSocket {
 public:
  using Clock = std::chrono::steady_clock;
  /// `source` becomes Packet::source; the socket joins `group`. All but the name outlive it.
  LiveSocket(std::string interface, std::uint16_t source, const CaptureSettings& settings, BlockPool& pool,
             FanoutGroup& group)
      : interface_{std::move(interface)}, source_{source}, settings_{settings}, pool_{pool}, group_{group} {}

  tl::expected<void, LiveFailure> open();
  /// What waits in the kernel is lost.
  void close();
  bool is_open() const { return pcap_ != nullptr; }
  int fd() const;

  /// Takes the next packets, a budget of them at most, when none are left. Those taken before are valid no more.
  enum class Fill : std::uint8_t { packets, nothing, broken };
  Fill fill();
  /// Why fill() is broken.
  const std::string& broken() const { return broken_; }
  /// libpcap suspects that the interface went down or away, and wants to be asked again soon.
  bool is_suspect() const;

  bool has_packet() const { return at_ < packets_.size(); }
  /// The first of those taken; until pop() that is. Valid until the next fill().
  const Packet& head() const { return packets_[at_]; }
  void pop() { ++at_; }
  /// When the last packets were taken.
  Clock::time_point filled() const { return filled_; }

  /// The interface lost packets at some time from `from` to `until`: holes of that time are its doing.
  void suspect(Timestamp from, Timestamp until) { losses_.suspect(from, until); }

  std::uint16_t source() const { return source_; }
  // As of the last fill(). Any thread.
  std::uint64_t records() const { return told_records_.load(std::memory_order_relaxed); }
  /// Packets that the kernel dropped because its buffer was full.
  std::uint64_t dropped() const { return told_dropped_.load(std::memory_order_relaxed); }

 private:
  struct Close {
    void operator()(pcap* handle) const;
  };
  using Handle = std::unique_ptr<pcap, Close>;

  tl::expected<Handle, LiveFailure> activate() const;
  tl::expected<void, LiveFailure> set_filter(pcap* handle) const;
  LiveFailure failure(int status, const std::string& reason) const;
  void take(const pcap_pkthdr& header, const unsigned char* bytes);
  void count_losses();

  std::string interface_;
  std::uint16_t source_;
  const CaptureSettings& settings_;
  BlockPool& pool_;
  FanoutGroup& group_;
  FanoutGroup::Member member_;  // while it is open
  Handle pcap_;
  std::uint16_t link_type_ = 0;
  Timestamp began_;  // earlier packets are some other socket's
  std::vector<Packet> packets_;
  std::size_t at_ = 0;          // in packets_
  std::vector<BlockRef> full_;  // that packets_ point into, before block_
  BlockRef block_;
  std::size_t used_ = 0;  // of block_
  Clock::time_point filled_{}, counted_{};
  Timestamp counted_at_;  // when losses were counted last
  Losses losses_;
  std::uint64_t record_ = 0;
  std::atomic<std::uint64_t> told_records_{0}, told_dropped_{0};
  std::string broken_;
};

}  // namespace unspool
