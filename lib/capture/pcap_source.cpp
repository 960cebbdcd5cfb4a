#include "capture/pcap_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace unspool {
namespace {

constexpr std::size_t kFileHeader = 24;
constexpr std::size_t kRecordHeader = 16;

/// Writers do not always keep to the snapshot length that they wrote down, so none below libpcap's usual one is
/// believed.
constexpr std::uint32_t kUsualSnaplen = 262'144;
constexpr std::uint32_t kLongestRecord = 16U << 20U;

/// How many records in a row convince us that one begins at an offset.
constexpr int kConvincing = 8;

}  // namespace

Result<void> PcapSource::open(std::uint64_t offset) {
  if (auto header = read_file_header(); !header) return header;
  if (offset != 0 && !go_to(offset)) return refused(fmt::format("no record begins at byte {}", offset));
  opened(offset);
  return {};
}

Result<void> PcapSource::read_file_header() {
  if (!in_.need(kFileHeader)) return refused("ends inside its header");
  const auto magic = Cursor{in_.rest()}.get<std::uint32_t>();
  if (magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1) order_ = ByteOrder::little;
  nanoseconds_ = magic == 0xa1b23c4d || magic == 0x4d3cb2a1 ? 1 : 1000;

  Fields header{in_.rest().first(kFileHeader), order_};
  header.skip(4);
  const auto major = header.u16();
  const auto minor = header.u16();
  if (major != 2) return refused(fmt::format("is a pcap file of version {}.{}: only 2 is understood", major, minor));
  is_old_ = minor < 4;
  header.skip(8);  // time zone and accuracy, which nobody sets
  const auto snaplen = header.u32();
  longest_ = std::clamp(snaplen, kUsualSnaplen, kLongestRecord);
  link_type_ = static_cast<std::uint16_t>(header.u32());  // the upper half tells of the frame check sequence
  in_.skip(kFileHeader);
  return {};
}

inline PcapSource::Header PcapSource::read_header(Bytes at) const {
  const Fixed<kRecordHeader> fixed{at};
  const auto ordered = [swap = order_ !=
                               (std::endian::native == std::endian::little ? ByteOrder::little : ByteOrder::big)](
                           std::uint32_t number) { return swap ? byte_swapped(number) : number; };
  Header header{.seconds = ordered(fixed.load<std::uint32_t, 0>()),
                .fraction = ordered(fixed.load<std::uint32_t, 4>()),
                .captured = ordered(fixed.load<std::uint32_t, 8>()),
                .wire = ordered(fixed.load<std::uint32_t, 12>())};
  if (is_old_ && header.captured > header.wire) std::swap(header.captured, header.wire);
  return header;
}

/// The record is there, all of it.
inline Source::State PcapSource::take(const Header& header, Packet& packet) {
  begin_record();
  packet = {.time = timestamp_from_ns(std::int64_t{header.seconds} * 1'000'000'000 + header.fraction * nanoseconds_),
            .bytes = in_.rest().subspan(kRecordHeader, header.captured),
            .wire_length = std::max(header.wire, header.captured),
            .link_type = link_type_,
            .source = index_,
            .record = record_,
            .dropped = 0,
            .block = in_.block()};
  in_.skip(kRecordHeader + header.captured);
  return State::packet;
}

Source::State PcapSource::next(Packet& packet) {
  const Bytes rest = in_.rest();
  if (rest.size() < kRecordHeader) return read_on(packet);
  const Header header = read_header(rest);
  if (header.captured > longest_ || rest.size() - kRecordHeader < header.captured) return read_on(packet);
  return take(header, packet);
}

/// At the end of what was read, and where there is a record that cannot be.
[[gnu::noinline]] Source::State PcapSource::read_on(Packet& packet) {
  if (!in_.need(kRecordHeader)) return stopped();
  begin_record();
  const Header header = read_header(in_.rest());
  if (header.captured > longest_) {
    corrupt(fmt::format("claims {} captured bytes, and {} are the most in this file", header.captured, longest_));
    return stopped();
  }
  if (!in_.need(kRecordHeader + header.captured)) return stopped();
  return take(header, packet);
}

/// Straight to where records seem to lie; where they do not, as in front of a corrupt one, by all records before it.
bool PcapSource::go_to(std::uint64_t offset) {
  if (records_lie_at(offset)) return in_.seek(offset);
  while (in_.offset() < offset && in_.need(kRecordHeader)) {
    const std::uint32_t captured = read_header(in_.rest()).captured;
    if (captured > longest_ || !in_.need(kRecordHeader + captured)) return false;
    in_.skip(kRecordHeader + captured);
  }
  return in_.offset() == offset && in_.need(kRecordHeader);
}

bool PcapSource::records_lie_at(std::uint64_t offset) const {
  std::vector<std::byte> bytes(BlockPool::kBlockSize);
  const std::size_t there = offset < kFileHeader ? 0 : in_.peek(offset, bytes);
  Bytes rest = Bytes{bytes}.first(there);
  int records = 0;
  for (; records < kConvincing && rest.size() >= kRecordHeader; ++records) {
    const Header header = read_header(rest);
    const std::size_t length = kRecordHeader + header.captured;
    if (!is_plausible(header) || length > rest.size()) return false;
    rest = rest.subspan(length);
  }
  return records == kConvincing || (records > 0 && rest.empty() && there < bytes.size());
}

/// Stricter than next() is: it answers for bytes that may not be a header at all, such as zeros.
bool PcapSource::is_plausible(const Header& header) const {
  return header.fraction * nanoseconds_ < 1'000'000'000 && header.captured <= header.wire && header.wire <= longest_ &&
         header.wire > 0;
}

}  // namespace unspool
