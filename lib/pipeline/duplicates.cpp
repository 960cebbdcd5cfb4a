#include "pipeline/duplicates.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace unspool {

using wire::Kind;
using wire::TcpFlags;

namespace {

std::uint32_t identification(const wire::Datagram& datagram) {
  const bool has_one = datagram.kind == Kind::fragment || !datagram.ip_header.empty();
  return has_one ? datagram.fragment.id : 0;
}

bool takes_up_sequence_numbers(const wire::Segment& segment) {
  return segment.length() > 0 || segment.has(TcpFlags::syn | TcpFlags::fin);
}

}  // namespace

Duplicates::Duplicates(std::chrono::milliseconds window)
    : window_{
          static_cast<std::uint32_t>(std::min<std::int64_t>(std::chrono::microseconds(window).count(), INT32_MAX))} {
  if (window_ > 0) seen_.resize(kRemembered);
}

/// What tells the datagrams of one moment apart, whoever sends them: the upper half spread evenly, the lower one
/// different for each place in a stream or datagram.
std::uint64_t Duplicates::fingerprint(const wire::Datagram& datagram) const {
  if (window_ == 0) return 0;
  const std::uint32_t place = datagram.kind == Kind::tcp ? datagram.tcp.seq : datagram.fragment.offset;
  const std::uint64_t sender = datagram.kind == Kind::fragment ? 0 : datagram.source_port;
  const std::uint64_t others = (sender + datagram.transport.size()) << 48U;
  const std::uint64_t print = (others ^ std::uint64_t{identification(datagram)} << 32U ^ place) * 0x9e3779b97f4a7c15U;
  __builtin_prefetch(&seen_[print >> kShift]);
  return print;
}

bool Duplicates::has_seen(const wire::Datagram& datagram, std::uint64_t print, std::uint32_t hash,
                          const Packet& packet) {
  if (window_ == 0 || packet.block == nullptr) return false;
  const bool tcp = datagram.kind == Kind::tcp;
  const std::uint32_t id = identification(datagram);
  if (id == 0 && !(tcp && takes_up_sequence_numbers(datagram.tcp))) return false;
  const Bytes bytes = datagram.kind == Kind::fragment ? datagram.payload : datagram.transport;
  if (bytes.empty()) return false;

  if (blocks_[0].get() != packet.block) hold(packet.block);
  const auto micros = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(packet.time.time_since_epoch()).count());
  const std::uint32_t tag =
      hash ^ static_cast<std::uint32_t>(print) ^ id * 0x85ebca6bU ^ static_cast<std::uint32_t>(bytes.size());
  Seen& seen = seen_[print >> kShift];
  if (seen.tag == tag && is_same(seen, micros, bytes)) return true;
  seen = {.tag = tag, .micros = micros, .bytes = bytes.data()};
  return false;
}

/// Not in has_seen(), and neither is hold(): both are rare.
[[gnu::noinline]] bool Duplicates::is_same(const Seen& seen, std::uint32_t micros, Bytes bytes) const {
  const std::uint32_t apart = std::min(micros - seen.micros, seen.micros - micros);
  return apart <= window_ && holds({seen.bytes, bytes.size()}) &&
         std::memcmp(seen.bytes, bytes.data(), bytes.size()) == 0;
}

/// Another block than the last one.
[[gnu::noinline]] void Duplicates::hold(Block* block) {
  std::swap(blocks_[0], blocks_[1]);
  if (blocks_[0].get() != block) blocks_[0] = BlockRef{block};
}

bool Duplicates::holds(Bytes bytes) const {
  return std::any_of(blocks_.begin(), blocks_.end(), [&](const BlockRef& block) {
    if (!block) return false;
    const std::span<std::byte> space = block->space();
    return bytes.data() >= space.data() && bytes.data() + bytes.size() <= space.data() + space.size();
  });
}

}  // namespace unspool
