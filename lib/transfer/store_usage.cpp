#include "transfer/store_usage.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "transfer/transfer_name.h"

namespace unspool {
namespace {

std::uint64_t hash_of(std::string_view host) { return std::hash<std::string_view>{}(host); }

std::uint64_t at_least_0(std::int64_t number) { return static_cast<std::uint64_t>(std::max<std::int64_t>(number, 0)); }

}  // namespace

void StoreUsage::added(std::string_view name, std::uint64_t bytes) {
  const auto hosts = hosts_of(name);
  const std::lock_guard lock{mutex_};
  for (Counts* counts : {&counts_, &walked_}) {
    if (counts == &walked_ && !walking_) break;
    counts->files += 1;
    counts->bytes += static_cast<std::int64_t>(bytes);
    count(*counts, hosts[0], 1);
    if (hosts[1] != hosts[0]) count(*counts, hosts[1], 1);
  }
  for (const std::string_view host : hosts) note_if_crowded(host);
}

void StoreUsage::removed(std::string_view name, std::uint64_t bytes) {
  const auto hosts = hosts_of(name);
  const std::lock_guard lock{mutex_};
  counts_.files -= 1;
  counts_.bytes -= static_cast<std::int64_t>(bytes);
  count(counts_, hosts[0], -1);
  if (hosts[1] != hosts[0]) count(counts_, hosts[1], -1);
}

void StoreUsage::count(Counts& counts, std::string_view host, std::int64_t files) {
  if (most_files_host_ == 0) return;
  const auto place = counts.hosts.try_emplace(hash_of(host), 0).first;
  place->second += files;
  if (place->second <= 0) counts.hosts.erase(place);
}

void StoreUsage::note_if_crowded(std::string_view host) {
  if (most_files_host_ == 0) return;
  const auto place = counts_.hosts.find(hash_of(host));
  if (place == counts_.hosts.end() || at_least_0(place->second) <= most_files_host_) return;
  if (std::find(crowded_.begin(), crowded_.end(), host) == crowded_.end()) crowded_.emplace_back(host);
}

void StoreUsage::begin_census() {
  const std::lock_guard lock{mutex_};
  walking_ = true;
  walked_ = {};
}

void StoreUsage::count_host(std::string_view host, std::uint64_t files) {
  const std::lock_guard lock{mutex_};
  count(walked_, host, static_cast<std::int64_t>(files));
  if (most_files_host_ > 0 && files > most_files_host_) crowded_.emplace_back(host);
}

void StoreUsage::end_census(std::uint64_t files, std::uint64_t bytes) {
  const std::lock_guard lock{mutex_};
  walking_ = false;
  walked_.files += static_cast<std::int64_t>(files);
  walked_.bytes += static_cast<std::int64_t>(bytes);
  counts_ = std::exchange(walked_, {});
}

StoreUsage::Total StoreUsage::total() const {
  const std::lock_guard lock{mutex_};
  return {.files = at_least_0(counts_.files), .bytes = at_least_0(counts_.bytes)};
}

std::uint64_t StoreUsage::files_of(std::string_view host) const {
  const std::lock_guard lock{mutex_};
  const auto place = counts_.hosts.find(hash_of(host));
  return place == counts_.hosts.end() ? 0 : at_least_0(place->second);
}

std::vector<std::string> StoreUsage::take_crowded() {
  const std::lock_guard lock{mutex_};
  return std::exchange(crowded_, {});
}

}  // namespace unspool
