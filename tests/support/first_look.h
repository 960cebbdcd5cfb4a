// The capture that a newcomer's first run reads: packaging/first-look.pcap.
#pragma once

#include "support/dialog.h"

namespace unspool::test {

/// A web page whose packets came in the wrong order, a picture of which one packet was lost, and people who talk.
Stamped first_look();

}  // namespace unspool::test
