// How much may wait: for each sending host, and in the whole run.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "wire/address.h"

namespace unspool {

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
  void take(Host& host, std::uint64_t bytes);
  void give_back(Host& host, std::uint64_t bytes);

  std::uint64_t held() const { return held_; }
  std::uint64_t peak() const { return peak_; }
  /// How often a limit bit.
  std::uint64_t refused() const { return refused_; }
  std::size_t hosts() const { return hosts_.size(); }

 private:
  struct HashAddress {
    std::size_t operator()(const IpAddress& address) const;
  };
  std::uint64_t host_limit_, run_limit_;
  std::uint64_t held_ = 0, peak_ = 0, refused_ = 0;
  std::unordered_map<IpAddress, Host, HashAddress> hosts_;
};

}  // namespace unspool
