// Classic pcap files (draft-ietf-opsawg-pcap).
#pragma once

#include "capture/fields.h"
#include "capture/record_file.h"

namespace unspool {

class PcapSource : public RecordFile {
 public:
  PcapSource(std::string name, std::uint16_t index, BlockReader in)
      : RecordFile{std::move(name), index, std::move(in)} {}

  /// Reads the file's header and goes on to the record at `offset`, 0 for the first one.
  Result<void> open(std::uint64_t offset);
  State next(Packet& packet) override;

 private:
  struct Header {
    std::uint32_t seconds = 0, fraction = 0, captured = 0, wire = 0;
  };
  Result<void> read_file_header();
  Header read_header(Bytes at) const;
  State read_on(Packet& packet);
  State take(const Header& header, Packet& packet);
  bool is_plausible(const Header& header) const;
  bool go_to(std::uint64_t offset);
  bool records_lie_at(std::uint64_t offset) const;

  ByteOrder order_ = ByteOrder::big;
  std::int64_t nanoseconds_ = 1000;  // in a unit of Header::fraction
  bool is_old_ = false;              // before 2.4: either length may come first
  std::uint16_t link_type_ = 0;
  std::uint32_t longest_ = 0;  // record believed
};

}  // namespace unspool
