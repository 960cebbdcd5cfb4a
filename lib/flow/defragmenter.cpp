#include "flow/defragmenter.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>

#include "flow/session_key.h"

namespace unspool {
namespace {

constexpr std::uint32_t kLongest = 65535;         // RFC 791: the total length has 16 bits
constexpr std::uint64_t kDatagramOverhead = 320;  // what a waiting datagram costs beside its bytes
constexpr std::uint64_t kFragmentOverhead = 112;  // and each piece of it

/// What fragments of one datagram have in common (RFC 791, 3.2; RFC 8200, 4.5).
struct FragmentKey {
  IpAddress source, destination;
  VlanStack vlans;
  TunnelStack tunnels;
  std::uint32_t id = 0;
  std::uint8_t protocol = 0;  // IPv4 only: the first fragment alone tells it in IPv6
  bool operator==(const FragmentKey&) const = default;
};

struct HashFragmentKey {
  const HashSecret& secret;
  std::size_t operator()(const FragmentKey& key) const {
    std::array<std::uint8_t, 56> bytes{};
    const std::uint64_t vlans = key.vlans.bits(), tunnels = key.tunnels.bits();
    std::memcpy(bytes.data(), key.source.octets.data(), 16);
    std::memcpy(bytes.data() + 16, key.destination.octets.data(), 16);
    std::memcpy(bytes.data() + 32, &vlans, 8);
    std::memcpy(bytes.data() + 40, &tunnels, 8);
    std::memcpy(bytes.data() + 48, &key.id, 4);
    bytes[52] = key.protocol;
    return XXH3_64bits_withSecret(bytes.data(), bytes.size(), secret.data(), HashSecret::kSize);
  }
};

struct Part {
  std::vector<std::byte> bytes;
  Origin origin;
};

/// A datagram that waits for more of its fragments.
struct Partial {
  FragmentKey key;
  Timestamp started;
  std::map<std::uint32_t, Part> parts;  // by offset; they never overlap
  std::uint32_t covered = 0;            // bytes in `parts`
  std::uint32_t highest = 0;            // the end of the furthest part
  std::optional<std::uint32_t> total;   // once the last fragment was seen
  std::uint32_t frame_bytes = 0;
  std::uint8_t protocol = 0;  // as the fragment at offset 0 says
  std::uint64_t cost = kDatagramOverhead;
};

}  // namespace

struct Defragmenter::State {
  explicit State(const FragmentLimits& limits_) : limits{limits_} {}

  using Partials = std::list<Partial>;  // oldest first

  FragmentLimits limits;
  FragmentCounters counters;
  HashSecret secret = HashSecret::draw();
  Partials partials;
  std::unordered_map<FragmentKey, Partials::iterator, HashFragmentKey> by_key{64, HashFragmentKey{secret}};
  std::uint64_t held = 0;
  std::vector<std::byte> joined;
  Whole whole;

  void drop(Partials::iterator partial) {
    held -= partial->cost;
    by_key.erase(partial->key);
    partials.erase(partial);
  }
  void expire(Timestamp now) {
    while (!partials.empty() && partials.front().started + limits.timeout <= now) {
      ++counters.timed_out;
      drop(partials.begin());
    }
  }
  void make_room() {
    while (partials.size() > 1 && (held > limits.bytes || partials.size() > limits.datagrams)) {
      ++(partials.size() > limits.datagrams ? counters.evicted : counters.evicted_for_bytes);
      drop(partials.begin());
    }
  }
  Partials::iterator find_or_start(const FragmentKey& key, Timestamp now) {
    if (const auto found = by_key.find(key); found != by_key.end()) return found->second;
    partials.push_back(Partial{.key = key, .started = now});
    held += kDatagramOverhead;
    return by_key[key] = std::prev(partials.end());
  }
  bool contradicts(const Partial& partial, std::uint32_t end, bool last) const {
    if (last) return (partial.total && *partial.total != end) || partial.highest > end;
    return partial.total && end > *partial.total;
  }
  bool overlaps(const Partial& partial, std::uint32_t begin, std::uint32_t end) const {
    const auto next = partial.parts.lower_bound(end);
    return next != partial.parts.begin() && std::prev(next)->first + std::prev(next)->second.bytes.size() > begin;
  }
  static bool is_copy(const Partial& partial, std::uint32_t begin, Bytes bytes) {
    const auto part = partial.parts.find(begin);
    return part != partial.parts.end() &&
           std::equal(bytes.begin(), bytes.end(), part->second.bytes.begin(), part->second.bytes.end());
  }
  void insert_uncovered(Partial& partial, std::uint32_t begin, Bytes bytes, Origin origin);
  void insert(Partial& partial, std::uint32_t begin, Bytes bytes, std::span<const OriginSpan> origins);
  const Whole* assemble(Partials::iterator partial);
};

/// The first copy of a byte stays.
void Defragmenter::State::insert_uncovered(Partial& partial, std::uint32_t begin, Bytes bytes, Origin origin) {
  const std::uint32_t end = begin + static_cast<std::uint32_t>(bytes.size());
  auto next = partial.parts.upper_bound(begin);
  if (next != partial.parts.begin()) --next;
  for (std::uint32_t at = begin; at < end;) {
    const bool none = next == partial.parts.end();
    const std::uint32_t part_end = none ? at : next->first + static_cast<std::uint32_t>(next->second.bytes.size());
    if (!none && part_end <= at) {
      ++next;
      continue;
    }
    if (!none && next->first <= at) {
      at = part_end;
      ++next;
      continue;
    }
    const std::uint32_t until = none ? end : std::min(end, next->first);
    const Bytes piece = bytes.subspan(at - begin, until - at);
    partial.parts.emplace(at, Part{.bytes = {piece.begin(), piece.end()}, .origin = origin});
    partial.covered += until - at;
    partial.cost += piece.size() + kFragmentOverhead;
    held += piece.size() + kFragmentOverhead;
    at = until;
  }
  partial.highest = std::max(partial.highest, end);
}

void Defragmenter::State::insert(Partial& partial, std::uint32_t begin, Bytes bytes,
                                 std::span<const OriginSpan> origins) {
  for (std::size_t i = 0; i < origins.size() && origins[i].offset < bytes.size(); ++i) {
    const std::uint32_t from = origins[i].offset;
    const std::size_t until = i + 1 < origins.size() ? origins[i + 1].offset : bytes.size();
    insert_uncovered(partial, begin + from, bytes.subspan(from, std::min(until, bytes.size()) - from),
                     origins[i].origin);
  }
}

const Defragmenter::Whole* Defragmenter::State::assemble(Partials::iterator partial) {
  ++counters.reassembled;
  joined.clear();
  whole.origins.clear();
  for (const auto& [offset, part] : partial->parts) {
    joined.insert(joined.end(), part.bytes.begin(), part.bytes.end());
    if (whole.origins.empty() || whole.origins.back().origin != part.origin)
      whole.origins.push_back({offset, part.origin});
  }
  whole.payload = joined;
  whole.frame_bytes = partial->frame_bytes;
  whole.protocol = partial->protocol;
  drop(partial);
  return &whole;
}

void FragmentCounters::add(const FragmentCounters& other) {
  fragments += other.fragments;
  reassembled += other.reassembled;
  timed_out += other.timed_out;
  overlapping += other.overlapping;
  malformed += other.malformed;
  evicted += other.evicted;
  evicted_for_bytes += other.evicted_for_bytes;
}

Defragmenter::Defragmenter(const FragmentLimits& limits) : state_{std::make_unique<State>(limits)} {}
Defragmenter::~Defragmenter() = default;

const Defragmenter::Whole* Defragmenter::add_inner(const wire::Datagram& datagram, std::uint32_t frame_bytes,
                                                   Timestamp now, std::span<const OriginSpan> origins) {
  State& s = *state_;
  ++s.counters.fragments;
  s.expire(now);
  const bool v4 = datagram.source.is_v4();
  const wire::Fragment& fragment = datagram.fragment;
  const std::uint64_t end = std::uint64_t{fragment.offset} + datagram.payload.size();
  const bool odd_length = fragment.more && datagram.payload.size() % 8 != 0;
  if (datagram.missing > 0 || datagram.payload.empty() || end > kLongest || odd_length) {
    ++s.counters.malformed;
    return nullptr;
  }
  const FragmentKey key{.source = datagram.source,
                        .destination = datagram.destination,
                        .vlans = datagram.vlans,
                        .tunnels = datagram.tunnels,
                        .id = fragment.id,
                        .protocol = v4 ? datagram.protocol : std::uint8_t{0}};
  const auto partial = s.find_or_start(key, now);
  const auto end32 = static_cast<std::uint32_t>(end);
  if (s.contradicts(*partial, end32, !fragment.more) || partial->parts.size() >= s.limits.fragments) {
    ++s.counters.malformed;
    return nullptr;
  }
  partial->frame_bytes += frame_bytes;
  if (s.overlaps(*partial, fragment.offset, end32)) {
    ++s.counters.overlapping;
    if (!v4 && !State::is_copy(*partial, fragment.offset, datagram.payload)) {
      s.drop(partial);  // RFC 5722
      return nullptr;
    }
  }
  if (!fragment.more) partial->total = end32;
  if (fragment.offset == 0 && !partial->parts.contains(0)) partial->protocol = datagram.protocol;
  s.insert(*partial, fragment.offset, datagram.payload, origins);
  if (partial->total && partial->covered == *partial->total) return s.assemble(partial);
  s.make_room();
  return nullptr;
}

const FragmentCounters& Defragmenter::counters() const { return state_->counters; }
std::size_t Defragmenter::waiting() const { return state_->partials.size(); }

}  // namespace unspool
