// Capture files: an own reader for pcap and pcapng, straight into blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "capture/capture_name.h"
#include "capture/source.h"

namespace unspool {

/// Opens a capture file and reads its header: pcap of either byte order in microseconds or nanoseconds
/// (draft-ietf-opsawg-pcap), or pcapng (draft-ietf-opsawg-pcapng). `index` becomes Packet::source. Errors name the
/// path; files compressed otherwise and other capture formats are named as what they are. `pool` outlives the source.
///
/// Files compressed with gzip or zstd are unpacked on the way: offsets, those of origins too, count in what is packed.
///
/// A file is never idle, unless it is followed: then it is while there is no more in it, as a pipe or socket is while
/// nothing is in it, and only this call waits for the header. A followed file ends when it was renamed or deleted and
/// its writer has closed it.
///
/// A record is believed up to 16 MiB (pcap: up to its snapshot length, at least 256 KiB); times of pcapng from 1970 to
/// 2106. A record's bytes are never copied, but for those that a block's end cuts: into the next block.
Result<std::unique_ptr<Source>> open_capture_file(const CaptureName& name, std::uint16_t index, BlockPool& pool);

/// The time stamp of the first packet of a file that is open; nothing where it has none, or is no capture. Reads as
/// little as tells.
std::optional<Timestamp> first_packet_time(Fd file, BlockPool& pool);

/// Whether a regular file begins as pcap or pcapng files do, compressed or not. An error when it cannot be read.
Result<bool> is_capture_file(const std::string& path);

}  // namespace unspool
