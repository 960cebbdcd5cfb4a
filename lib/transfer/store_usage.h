// How much is in the store: kept up to date while files come and go, corrected by each walk through it.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace unspool {

/// Any thread.
class StoreUsage {
 public:
  /// `files_host`: so many files a host may have; 0: any number.
  explicit StoreUsage(std::uint64_t files_host) : most_files_host_{files_host} {}

  /// A file came, or went, under the hosts of its name.
  void added(std::string_view name, std::uint64_t bytes);
  void removed(std::string_view name, std::uint64_t bytes);

  /// Around a walk: what comes in between counts beside what the walk counts.
  void begin_census();
  void count_host(std::string_view host, std::uint64_t files);
  void end_census(std::uint64_t files, std::uint64_t bytes);

  struct Total {
    std::uint64_t files = 0, bytes = 0;
  };
  Total total() const;
  std::uint64_t files_of(std::string_view host) const;
  /// Hosts that came to have too many files since this was called last.
  std::vector<std::string> take_crowded();

 private:
  struct Counts {
    std::int64_t files = 0, bytes = 0;
    std::unordered_map<std::uint64_t, std::int64_t> hosts;  // files, by the hash of the host; without those with none
  };
  void count(Counts& counts, std::string_view host, std::int64_t files);
  void note_if_crowded(std::string_view host);

  const std::uint64_t most_files_host_;
  mutable std::mutex mutex_;
  Counts counts_;
  Counts walked_;  // by the walk that goes on
  bool walking_ = false;
  std::vector<std::string> crowded_;
};

}  // namespace unspool
