// What a network interface itself lost, as the kernel tells of one at a time; cheap enough to be asked often.
#pragma once

#include <cstdint>
#include <optional>

#include "base/file.h"

namespace unspool {

class LinkLosses {
 public:
  LinkLosses();

  /// Packets that the interface with this index of the kernel received and nobody could take, since it exists
  /// (rx_missed_errors and rx_fifo_errors of rtnetlink(7); rx_dropped also counts what nobody wanted). None where it
  /// does not tell. A driver may ask its hardware only each second or two.
  std::optional<std::uint64_t> of(unsigned index);

 private:
  Fd socket_;
  std::uint32_t asked_ = 0;
};

}  // namespace unspool
