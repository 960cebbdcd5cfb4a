#include "pipeline/duplicates.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace unspool {

using wire::Kind;
using wire::TcpFlags;

namespace {

bool takes_up_sequence_numbers(const wire::Segment& segment) {
  return segment.length() > 0 || segment.has(TcpFlags::syn | TcpFlags::fin);
}

}  // namespace

Duplicates::Duplicates(std::chrono::milliseconds window)
    : window_{
          static_cast<std::uint32_t>(std::min<std::int64_t>(std::chrono::microseconds(window).count(), INT32_MAX))} {
  if (window_ > 0) seen_.resize(kRemembered);
}

bool Duplicates::has_seen(const wire::Datagram& datagram, std::uint64_t print, std::uint32_t hash,
                          const Packet& packet) {
  if (window_ == 0 || packet.block == nullptr) return false;
  const bool tcp = datagram.kind == Kind::tcp;
  const std::uint32_t id = identification(datagram);
  if (id == 0 && !(tcp && takes_up_sequence_numbers(datagram.tcp))) return false;
  const Bytes bytes = datagram.kind == Kind::fragment ? datagram.payload : datagram.transport;
  if (bytes.empty()) return false;

  const auto micros = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(packet.time.time_since_epoch()).count());
  const std::uint32_t tag =
      hash ^ static_cast<std::uint32_t>(print) ^ id * 0x85ebca6bU ^ static_cast<std::uint32_t>(bytes.size());
  Seen& seen = seen_[print >> kShift];
  const Seen now{.tag = tag, .micros = micros, .bytes = bytes.data()};
  if (seen.tag == tag) return is_again(seen, now, bytes.size(), packet.block);
  seen = now;
  if (blocks_[0].get() != packet.block) hold(packet.block);
  return false;
}

/// Of two with one tag. Not in has_seen(), and neither is hold(): both are rare.
[[gnu::noinline]] bool Duplicates::is_again(Seen& seen, const Seen& now, std::size_t size, Block* block) {
  if (blocks_[0].get() != block) hold(block);
  const std::uint32_t apart = std::min(now.micros - seen.micros, seen.micros - now.micros);
  if (apart <= window_ && holds({seen.bytes, size}) && std::memcmp(seen.bytes, now.bytes, size) == 0) return true;
  seen = now;
  return false;
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
