// Numbers of link types: those in files (LINKTYPE_), and libpcap's own (DLT_).
#pragma once

#include <cstdint>
#include <string>

namespace unspool {

/// libpcap's number for a LINKTYPE_ number (tcpdump.org/linktypes.html); they differ for a few.
int dlt_of(std::uint16_t link_type);

/// The other way round.
std::uint16_t link_type_of(int dlt);

/// "147 (USER0, Reserved for Private Use)", for the operator; the number alone where libpcap has no name for it.
std::string link_type_name(std::uint16_t link_type);

}  // namespace unspool
