// BPF filter expressions (pcap-filter(7)), compiled by libpcap once for each link type that packets turn up with.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "capture/packet.h"

namespace unspool {

class Filter {
 public:
  /// An error with libpcap's reason when `expression` is no filter on Ethernet; the empty expression matches
  /// everything.
  static Result<Filter> compile(const std::string& expression);

  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;
  ~Filter();

  /// Whether the packet's captured bytes match. A link type for which the expression cannot be compiled never matches
  /// and is counted; so are link types past the first 64.
  bool matches(const Packet& packet) { return programs_ == nullptr || judge(packet); }
  /// Packets that could not be judged, because the expression makes no sense for their link type.
  std::uint64_t unjudged() const;

 private:
  struct Programs;
  explicit Filter(std::unique_ptr<Programs> programs);
  bool judge(const Packet& packet);
  std::unique_ptr<Programs> programs_;  // null for the empty expression
};

}  // namespace unspool
