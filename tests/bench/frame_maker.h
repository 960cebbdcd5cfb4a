// Segments as frames of Ethernet, with right checksums, quickly: tests/support/frame.h says more, and takes longer.
#pragma once

#include <string>
#include <string_view>

#include "bench/made_flow.h"

namespace unspool::bench {

class FrameMaker {
 public:
  /// Valid until the next call. Padded with zeros to 60 bytes, as on a wire.
  std::string_view make(const Plan& plan, const MadeSegment& segment);

 private:
  std::string frame_;
};

}  // namespace unspool::bench
