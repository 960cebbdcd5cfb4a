// Reads capture files a second time, without the project's own reader: where records are, and what was captured.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace unspool::test {

struct IndexedRecord {
  std::string_view bytes;  // of the image
  std::uint32_t wire_length = 0;
  std::uint16_t link_type = 0;
};

/// The packets of a pcap or pcapng file, by the offset of their records' headers. Up to the first that is not whole.
/// `image` outlives what is given back.
std::map<std::uint64_t, IndexedRecord> index_records(std::string_view image);

}  // namespace unspool::test
