#include "capture/file_format.h"

#include <fmt/format.h>

#include "base/cursor.h"

namespace unspool {
namespace {

using namespace std::string_view_literals;

struct Packing {
  std::string_view magic, name, unpack;
};
/// gzip and zstd are unpacked here, once.
constexpr Packing kPackings[] = {
    {"\x1f\x8b"sv, "gzip", "zcat"}, {"\x28\xb5\x2f\xfd"sv, "zstd", "zstdcat"}, {"\xfd\x37zXZ\0"sv, "xz", "xzcat"},
    {"BZh"sv, "bzip2", "bzcat"},    {"\x04\x22\x4d\x18"sv, "lz4", "lz4cat"},
};

struct Foreign {
  std::string_view magic, name;
};
constexpr Foreign kForeign[] = {
    {"snoop\0\0\0"sv, "a snoop capture (RFC 1761)"},
    {"GMBU"sv, "a Microsoft Network Monitor 2 capture"},
    {"RTSS"sv, "a Microsoft Network Monitor 1 capture"},
    {"\xa1\xb2\xcd\x34"sv, "a pcap file with Kuznetzov's larger record headers"},
    {"\x34\xcd\xb2\xa1"sv, "a pcap file with Kuznetzov's larger record headers"},
};

}  // namespace

FileFormat format_of(Bytes first) {
  switch (Cursor{first}.get<std::uint32_t>()) {
    case 0xa1b2c3d4:
    case 0xd4c3b2a1:
    case 0xa1b23c4d:
    case 0x4d3cb2a1: return FileFormat::pcap;
    case 0x0a0d0d0a: return FileFormat::pcapng;
  }
  return FileFormat::other;
}

std::string why_unreadable(Bytes first) {
  const std::string_view text = as_text(first);
  for (const auto& c : kPackings) {
    if (!text.starts_with(c.magic)) continue;
    return fmt::format("is compressed with {}: unpack it first, e.g. {} FILE | unspool -r -", c.name, c.unpack);
  }
  for (const auto& f : kForeign) {
    if (!text.starts_with(f.magic)) continue;
    return fmt::format("is {}: convert it first, e.g. editcap -F pcapng FILE NEW", f.name);
  }
  return "is no pcap or pcapng file";
}

}  // namespace unspool
