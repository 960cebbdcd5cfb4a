// How much may wait: for each sending host, and in the whole run.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "wire/address.h"

namespace unspool {

/// What bounds what waits: of a session its number of segments and its bytes, of a sending host and of the run its
/// bytes.
enum class Bound : std::uint8_t { segments, bytes, host, run };
inline constexpr std::size_t kBounds = 4;
/// The key of its setting, in `streams:`.
std::string_view setting_of(Bound bound);
/// How often each of them bit.
using Refusals = std::array<std::uint64_t, kBounds>;

/// Counts the bytes that streams hold because they cannot be given out yet. One for each shard.
class HeldBudget {
 public:
  /// What one held segment costs beside its bytes.
  static constexpr std::uint64_t kOverhead = 160;

  HeldBudget(std::uint64_t host_limit, std::uint64_t run_limit) : host_limit_{host_limit}, run_limit_{run_limit} {}

  struct Host {
    std::uint64_t bytes = 0;
    std::uint32_t users = 0;
  };
  /// The account of a sending host; stays where it is until as many release() as open() were called.
  Host& open(const IpAddress& address);
  void release(const IpAddress& address);

  /// Whether so much more may be held; counts a refusal.
  bool allows(const Host& host, std::uint64_t bytes);
  /// A session has no room of its own.
  void refuse(Bound bound) { ++refused_[static_cast<std::size_t>(bound)]; }
  void take(Host& host, std::uint64_t bytes);
  void give_back(Host& host, std::uint64_t bytes);

  std::uint64_t held() const { return held_; }
  std::uint64_t peak() const { return peak_; }
  /// How often each bound bit, by Bound.
  const Refusals& refused() const { return refused_; }
  std::size_t hosts() const { return hosts_.size(); }

 private:
  struct HashAddress {
    std::size_t operator()(const IpAddress& address) const;
  };
  std::uint64_t host_limit_, run_limit_;
  std::uint64_t held_ = 0, peak_ = 0;
  Refusals refused_{};
  using Accounts = std::unordered_map<IpAddress, Host, HashAddress>;
  static constexpr std::size_t kSpare = 256;

  Accounts hosts_;
  std::vector<Accounts::node_type> spare_;  // closed ones, whose memory is used again
};

}  // namespace unspool
