// The input is a capture file: whatever it says, its reading ends, and packets lie inside their blocks.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/file.h"
#include "capture/file_source.h"
#include "capture/unpacker.h"

namespace unspool {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void check_packet(const Packet& packet, std::uint64_t size) {
  const auto space = packet.block->space();
  check(packet.bytes.data() >= space.data());
  check(packet.bytes.data() + packet.bytes.size() <= space.data() + space.size());
  check(packet.wire_length >= packet.bytes.size());
  check(packet.record + packet.bytes.size() <= size);
  check(packet.time >= Timestamp{});
  std::uint64_t sum = 0;  // so that sanitizers look at every byte
  for (const std::byte b : packet.bytes) sum += std::to_integer<std::uint64_t>(b);
  check(sum <= 255 * packet.bytes.size());
}

/// Reads all from `offset` on; the offset of the last packet's record.
std::uint64_t read_all(const std::string& path, std::uint64_t offset, std::uint64_t size) {
  BlockPool pool;
  auto source = open_capture_file({.path = path, .offset = offset}, 0, pool);
  if (!source) return 0;
  Packet packet;
  BlockRef held;
  std::uint64_t last = 0, packets = 0;
  while ((*source)->next(packet) == Source::State::packet) {
    check_packet(packet, size);
    check(packets == 0 || packet.record > last);
    check(++packets <= size);
    last = packet.record;
    if (packets % 3 == 0) held = BlockRef{packet.block};
  }
  check((*source)->next(packet) == Source::State::ended);
  check(((*source)->end().how == SourceEnd::How::whole) == (*source)->end().what.empty());
  return last;
}

}  // namespace
}  // namespace unspool

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace unspool;
  const Fd file{::memfd_create("capture", MFD_CLOEXEC)};
  check(file && write_all(file.get(), std::as_bytes(std::span{data, size})) == 0);
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  // What is packed may be much longer: a byte of gzip makes up to 1,032, a block of zstd 128 KiB.
  const bool packed = compression_of(std::as_bytes(std::span{data, size})) != Compression::none;
  const std::uint64_t most = packed ? size << 17U : size;
  const std::uint64_t last = read_all(path, 0, most);
  read_all(path, last, most);
  if (size > 0) read_all(path, data[size - 1], most);
  return 0;
}
