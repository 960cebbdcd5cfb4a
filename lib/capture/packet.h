// A packet, as it was captured.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/timestamp.h"
#include "capture/block.h"

namespace unspool {

struct Packet {
  Timestamp time{};               // its own time stamp
  Bytes bytes{};                  // what was captured; they stay while `block` is held
  std::uint32_t wire_length = 0;  // bytes on the wire, at least bytes.size()
  std::uint16_t link_type = 0;    // LINKTYPE_ number
  std::uint16_t source = 0;       // which source of the run, from 0
  std::uint64_t record = 0;       // offset of the record's header in its file, or a number from 1 on, live
  std::uint64_t dropped = 0;      // packets that the source says it lost before this one, since it was opened
  bool amid_loss = false;         // live: stamped within a time in which its source lost packets, or just behind it
  Block* block = nullptr;         // where `bytes` are; take a BlockRef to keep them past the next packet
};

}  // namespace unspool
