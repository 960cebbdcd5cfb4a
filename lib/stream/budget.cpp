#include "stream/budget.h"

#include <algorithm>

namespace unspool {

std::string_view setting_of(Bound bound) {
  static constexpr std::array<std::string_view, kBounds> kNames{"held_segments", "held_bytes", "held_bytes_host",
                                                                "held_bytes_run"};
  return kNames[static_cast<std::size_t>(bound)];
}

std::size_t HeldBudget::HashAddress::operator()(const IpAddress& address) const {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(address.octets.data()), address.octets.size()});
}

HeldBudget::Host& HeldBudget::open(const IpAddress& address) {
  if (!spare_.empty() && !hosts_.contains(address)) {
    spare_.back().key() = address;
    spare_.back().mapped() = {};
    hosts_.insert(std::move(spare_.back()));
    spare_.pop_back();
  }
  Host& host = hosts_[address];
  ++host.users;
  return host;
}

void HeldBudget::release(const IpAddress& address) {
  const auto found = hosts_.find(address);
  if (found == hosts_.end() || --found->second.users > 0) return;
  Accounts::node_type closed = hosts_.extract(found);
  if (spare_.size() < kSpare) spare_.push_back(std::move(closed));
}

bool HeldBudget::allows(const Host& host, std::uint64_t bytes) {
  if (host.bytes + bytes > host_limit_) {
    refuse(Bound::host);
  } else if (held_ + bytes > run_limit_) {
    refuse(Bound::run);
  } else {
    return true;
  }
  return false;
}

void HeldBudget::take(Host& host, std::uint64_t bytes) {
  host.bytes += bytes;
  held_ += bytes;
  peak_ = std::max(peak_, held_);
}

void HeldBudget::give_back(Host& host, std::uint64_t bytes) {
  host.bytes -= bytes;
  held_ -= bytes;
}

}  // namespace unspool
