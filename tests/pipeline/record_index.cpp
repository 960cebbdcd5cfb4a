#include "record_index.h"

#include <algorithm>
#include <vector>

namespace unspool::test {
namespace {

std::uint32_t number(std::string_view image, std::uint64_t at, unsigned size, bool big) {
  std::uint32_t n = 0;
  for (unsigned i = 0; i < size; ++i) {
    n = n << 8U | static_cast<unsigned char>(image[at + (big ? i : size - 1 - i)]);
  }
  return n;
}

std::map<std::uint64_t, IndexedRecord> index_pcap(std::string_view image) {
  std::map<std::uint64_t, IndexedRecord> records;
  const bool big = image[0] == '\xa1';
  const bool old = number(image, 6, 2, big) < 4;
  const auto link_type = static_cast<std::uint16_t>(number(image, 20, 4, big));
  for (std::uint64_t at = 24; at + 16 <= image.size();) {
    std::uint32_t captured = number(image, at + 8, 4, big), wire = number(image, at + 12, 4, big);
    if (old && captured > wire) std::swap(captured, wire);
    if (captured > image.size() - at - 16) break;
    records[at] = {image.substr(at + 16, captured), std::max(captured, wire), link_type};
    at += 16 + captured;
  }
  return records;
}

std::map<std::uint64_t, IndexedRecord> index_pcapng(std::string_view image) {
  struct Interface {
    std::uint16_t link_type;
    std::uint32_t snaplen;
  };
  std::map<std::uint64_t, IndexedRecord> records;
  std::vector<Interface> interfaces;
  bool big = false;
  for (std::uint64_t at = 0; at + 12 <= image.size();) {
    if (number(image, at, 4, true) == 0x0a0d0d0a) {
      big = number(image, at + 8, 4, true) == 0x1a2b3c4d;
      interfaces.clear();
    }
    const std::uint32_t type = number(image, at, 4, big), length = number(image, at + 4, 4, big);
    if (length < 12 || length > image.size() - at) break;
    const auto packet = [&](std::uint32_t interface, std::uint64_t bytes, std::uint32_t captured, std::uint32_t wire) {
      if (interface >= interfaces.size() || captured > at + length - 4 - bytes) return;
      records[at] = {image.substr(bytes, captured), std::max(captured, wire), interfaces[interface].link_type};
    };
    const auto word = [&](std::uint64_t behind) { return number(image, at + behind, 4, big); };
    if (type == 1) interfaces.push_back({static_cast<std::uint16_t>(number(image, at + 8, 2, big)), word(12)});
    if (type == 2) packet(number(image, at + 8, 2, big), at + 28, word(20), word(24));
    if (type == 6) packet(word(8), at + 28, word(20), word(24));
    if (type == 3 && !interfaces.empty()) {
      const std::uint32_t snaplen = interfaces[0].snaplen;
      packet(0, at + 12, snaplen == 0 ? word(8) : std::min(word(8), snaplen), word(8));
    }
    at += length;
  }
  return records;
}

}  // namespace

std::map<std::uint64_t, IndexedRecord> index_records(std::string_view image) {
  if (image.size() < 24) return {};
  return number(image, 0, 4, true) == 0x0a0d0d0a ? index_pcapng(image) : index_pcap(image);
}

}  // namespace unspool::test
