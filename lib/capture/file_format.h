// Which capture format a file is in, by its first bytes.
#pragma once

#include <string>

#include "base/bytes.h"

namespace unspool {

enum class FileFormat : std::uint8_t { pcap, pcapng, other };

/// Four bytes tell, fewer are `other`.
FileFormat format_of(Bytes first);

/// For an `other` file: what it is and what to do about it, to be put behind its name. Eight bytes tell all that are
/// known.
std::string why_unreadable(Bytes first);

}  // namespace unspool
