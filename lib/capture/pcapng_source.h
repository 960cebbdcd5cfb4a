// pcapng files (draft-ietf-opsawg-pcapng): sections of either byte order, each with interfaces of its own.
#pragma once

#include <optional>
#include <vector>

#include "capture/fields.h"
#include "capture/record_file.h"
#include "capture/time_scale.h"

namespace unspool {

/// What the format calls a block is a record here: blocks are memory.
class PcapngSource : public RecordFile {
 public:
  PcapngSource(std::string name, std::uint16_t index, BlockReader in)
      : RecordFile{std::move(name), index, std::move(in)} {}

  /// Reads the first section's header and goes on to the record at `offset`, 0 for the first one: through all before
  /// it, which say what interfaces there are.
  Result<void> open(std::uint64_t offset);
  State next(Packet& packet) override;

 private:
  struct Record {
    std::uint32_t type = 0;
    Bytes body;
  };
  struct Interface {
    std::uint16_t link_type = 0;
    std::uint32_t snaplen = 0;  // 0: none
    TimeScale time;
  };
  struct Frame {
    std::uint32_t interface = 0, captured = 0, wire = 0;
    std::optional<std::uint64_t> ticks;
  };

  bool read_record(Record& record);
  /// This and those below: true when the record is a packet, false when it is none or is corrupt.
  bool read_packet(const Record& record, Packet& packet);
  bool begin_section(Fields body);
  bool add_interface(Fields body);
  bool enhanced(Fields body, Packet& packet);
  bool obsolete(Fields body, Packet& packet);
  bool simple(Fields body, Packet& packet);
  bool give(const Frame& frame, Fields& rest, Packet& packet);
  void add_dropped(std::uint64_t packets);

  ByteOrder order_ = ByteOrder::big;
  std::vector<Interface> interfaces_;  // of the section
  Timestamp last_{};                   // what a packet without a time is given
  std::uint64_t dropped_ = 0;
};

}  // namespace unspool
