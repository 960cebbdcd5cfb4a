#include "capture/pcapng_source.h"

#include <fmt/format.h>

#include <algorithm>

namespace unspool {
namespace {

enum RecordType : std::uint32_t {
  kInterface = 1,
  kObsoletePacket = 2,
  kSimplePacket = 3,
  kEnhancedPacket = 6,
  kSection = 0x0a0d0d0a,  // the same in both byte orders
};
enum OptionCode : std::uint16_t { kEndOfOptions = 0, kDropCount = 4, kTimeResolution = 9, kTimeOffset = 14 };

constexpr std::size_t kSmallestRecord = 12;  // type, length and the length again; in a section, the byte order is third
constexpr std::uint32_t kLargestRecord = 16U << 20U;
constexpr std::size_t kMostInterfaces = 65'536;
constexpr std::uint16_t kUnknownDrops = 0xffff;

/// What a section's header says of its byte order.
std::optional<ByteOrder> order_of(Bytes magic) {
  switch (Cursor{magic}.get<std::uint32_t>()) {
    case 0x1a2b3c4d: return ByteOrder::big;
    case 0x4d3c2b1a: return ByteOrder::little;
  }
  return std::nullopt;
}

/// Calls `see(code, value)` for each option, up to the first that is not whole.
template <class See>
void each_option(Fields options, ByteOrder order, See see) {
  while (options.left() > 0) {
    const auto code = options.u16();
    const auto length = options.u16();
    const Bytes value = options.take(length);
    if (!options.ok() || code == kEndOfOptions) return;
    see(code, Fields{value, order});
    options.skip((4U - length % 4U) % 4U);
  }
}

}  // namespace

Result<void> PcapngSource::open(std::uint64_t offset) {
  Record record;
  Packet passed;
  if (!read_record(record)) return refused("ends inside its header");
  read_packet(record, passed);
  while (in_.offset() < offset && read_record(record)) read_packet(record, passed);
  if (end().how != SourceEnd::How::whole) return refused({});
  const bool is_there = offset == 0 || (in_.offset() == offset && in_.need(kSmallestRecord));
  if (!is_there) return refused(fmt::format("no record begins at byte {}", offset));
  dropped_ = 0;
  opened(offset);
  return {};
}

Source::State PcapngSource::next(Packet& packet) {
  Record record;
  while (read_record(record)) {
    if (read_packet(record, packet)) return State::packet;
  }
  return stopped();
}

/// False where need() failed or the file is corrupt: stopped() knows. The body stays until the next need().
bool PcapngSource::read_record(Record& record) {
  if (!in_.need(kSmallestRecord)) return false;
  begin_record();
  const Bytes head = in_.rest().first(kSmallestRecord);
  record.type = Fields{head, order_}.u32();
  if (record.type == kSection) {
    const auto order = order_of(head.subspan(8));
    if (!order) return corrupt("begins a section of unknown byte order");
    order_ = *order;
  }
  const auto length = Fields{head.subspan(4), order_}.u32();
  if (length < kSmallestRecord || length % 4 != 0 || length > kLargestRecord) {
    return corrupt(fmt::format("claims a length of {} bytes: no multiple of 4 from 12 to {}", length, kLargestRecord));
  }
  if (!in_.need(length)) return false;
  const Bytes all = in_.rest().first(length);
  if (const auto again = Fields{all.last(4), order_}.u32(); again != length) {
    return corrupt(fmt::format("begins with a length of {} bytes and ends with one of {}", length, again));
  }
  record.body = all.subspan(8, length - kSmallestRecord);
  in_.skip(length);
  return true;
}

bool PcapngSource::read_packet(const Record& record, Packet& packet) {
  const Fields body{record.body, order_};
  switch (record.type) {
    case kEnhancedPacket: return enhanced(body, packet);
    case kSimplePacket: return simple(body, packet);
    case kObsoletePacket: return obsolete(body, packet);
    case kInterface: return add_interface(body);
    case kSection: return begin_section(body);
  }
  return false;
}

bool PcapngSource::begin_section(Fields body) {
  interfaces_.clear();
  body.skip(4);  // byte order
  const auto major = body.u16();
  const auto minor = body.u16();
  body.skip(8);  // length of the section, which live writers do not know
  if (!body.ok()) return corrupt("is too short for a section's header");
  if (major == 1) return false;
  return corrupt(fmt::format("begins a section of pcapng version {}.{}: only 1 is understood", major, minor));
}

bool PcapngSource::add_interface(Fields body) {
  Interface interface;
  interface.link_type = body.u16();
  body.skip(2);
  interface.snaplen = body.u32();
  if (!body.ok()) return corrupt("is too short for an interface");
  if (interfaces_.size() == kMostInterfaces) {
    return corrupt(fmt::format("is one interface more than {} in a section", kMostInterfaces));
  }
  std::uint8_t resolution = 6;
  std::int64_t offset = 0;
  each_option(body, order_, [&](std::uint16_t code, Fields value) {
    if (code == kTimeResolution && value.left() == 1) resolution = std::to_integer<std::uint8_t>(value.rest()[0]);
    if (code == kTimeOffset && value.left() == 8) offset = static_cast<std::int64_t>(value.u64());
  });
  interface.time = TimeScale{resolution, offset};
  interfaces_.push_back(interface);
  return false;
}

bool PcapngSource::enhanced(Fields body, Packet& packet) {
  Frame frame;
  frame.interface = body.u32();
  const std::uint64_t high = body.u32();
  frame.ticks = high << 32U | body.u32();
  frame.captured = body.u32();
  frame.wire = body.u32();
  if (!give(frame, body, packet)) return false;
  each_option(body, order_, [&](std::uint16_t code, Fields value) {
    if (code == kDropCount && value.left() == 8) add_dropped(value.u64());
  });
  packet.dropped = dropped_;
  return true;
}

bool PcapngSource::obsolete(Fields body, Packet& packet) {
  Frame frame;
  frame.interface = body.u16();
  const auto drops = body.u16();
  const std::uint64_t high = body.u32();
  frame.ticks = high << 32U | body.u32();
  frame.captured = body.u32();
  frame.wire = body.u32();
  if (drops != kUnknownDrops) add_dropped(drops);
  return give(frame, body, packet);
}

bool PcapngSource::simple(Fields body, Packet& packet) {
  Frame frame;
  frame.wire = body.u32();
  const std::uint32_t snaplen = interfaces_.empty() ? 0 : interfaces_.front().snaplen;
  frame.captured = snaplen == 0 ? frame.wire : std::min(frame.wire, snaplen);
  return give(frame, body, packet);
}

/// `rest` begins with the frame's bytes, and is left at its options.
bool PcapngSource::give(const Frame& frame, Fields& rest, Packet& packet) {
  if (!rest.ok()) return corrupt("is too short for a packet");
  if (frame.interface >= interfaces_.size()) {
    return corrupt(fmt::format("is a packet of interface {}, which the section has not described", frame.interface));
  }
  if (frame.captured > rest.left()) {
    return corrupt(fmt::format("claims {} captured bytes, and has room for {}", frame.captured, rest.left()));
  }
  const Interface& interface = interfaces_[frame.interface];
  if (frame.ticks) last_ = interface.time.at(*frame.ticks);
  packet = {.time = last_,
            .bytes = rest.take(frame.captured),
            .wire_length = std::max(frame.wire, frame.captured),
            .link_type = interface.link_type,
            .source = index_,
            .record = record_,
            .dropped = dropped_,
            .block = in_.block()};
  rest.skip((4U - frame.captured % 4U) % 4U);
  return true;
}

/// Adds up to the largest number, and never goes back.
void PcapngSource::add_dropped(std::uint64_t packets) { dropped_ += std::min(packets, UINT64_MAX - dropped_); }

}  // namespace unspool
