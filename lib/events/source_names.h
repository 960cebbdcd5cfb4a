// How events name where packets came from. Files may be added for as long as a run lasts.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/timestamp.h"

namespace unspool {

/// How events name the source that packets came from.
struct SourceName {
  std::string name;
  bool is_file = true;  // pcap_filename; else in_iface
};

/// By number. May be changed by one thread while others look.
class SourceNames {
 public:
  explicit SourceNames(std::vector<SourceName> names);

  /// Packets of this number come from there from now on, the first of them at `since`. Sessions that began before came
  /// from a source that had the number earlier, if one had: its name is forgotten.
  void set(std::uint16_t source, SourceName name, Timestamp since);

 private:
  struct Named {
    SourceName name;
    Timestamp since = Timestamp::min();
    std::uint64_t version = 0;  // of all names, when this was looked up; 0: never
  };

 public:
  /// For one thread, which asks for what has changed only then.
  class View {
   public:
    explicit View(const SourceNames& names) : names_{names} {}
    /// Of a session that began at `start`; null when it is not known. Valid until the next call.
    const SourceName* of(std::uint16_t source, Timestamp start);

   private:
    const SourceNames& names_;
    std::vector<Named> seen_;
  };

 private:
  Named look_up(std::uint16_t source) const;

  mutable std::mutex mutex_;  // of named_
  std::vector<Named> named_;
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace unspool
