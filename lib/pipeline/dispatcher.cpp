#include "pipeline/dispatcher.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "wire/checksum.h"

namespace unspool {

using wire::Kind;

namespace {

/// Adds to `spans` those of `whole`, counted from `header` bytes behind its beginning.
void add_origins(const Defragmenter::Whole& whole, std::size_t header, std::vector<OriginSpan>& spans) {
  for (std::size_t i = 0; i < whole.origins.size(); ++i) {
    const OriginSpan& span = whole.origins[i];
    const bool before = i + 1 < whole.origins.size() && whole.origins[i + 1].offset <= header;
    if (before) continue;  // ends before the payload begins
    const std::size_t offset = span.offset > header ? span.offset - header : 0;
    spans.push_back({.offset = static_cast<std::uint32_t>(offset), .origin = span.origin});
  }
}

/// Of UDP and ARP.
wire::Segment segment_of(const wire::Datagram& datagram) {
  return {.payload = datagram.payload, .missing = datagram.missing};
}

}  // namespace

Dispatcher::Dispatcher(const Settings& settings, unsigned loop, unsigned loops, unsigned shards,
                       const HashSecret& secret, Clock::Feed feed, Send send)
    : settings_{settings},
      loop_{loop},
      secret_{secret},
      send_{std::move(send)},
      batches_(shards),
      clock_{feed},
      duplicates_{settings.pipeline.duplicates},
      defragmenter_{{.timeout = settings.timeouts.fragments,
                     .datagrams = std::max(settings.limits.fragmented_datagrams / loops, 1U),
                     .bytes = static_cast<std::uint32_t>(settings.limits.fragment_bytes / loops)}},
      after_drop_(shards) {
  for (auto& batch : batches_) batch = std::make_unique<Batch>();
}

void Dispatcher::take(const Packet& packet) {
  watch_source(packet);
  ++counters_.packets;
  counters_.bytes += packet.wire_length;
  counters_.cut_short += packet.bytes.size() < packet.wire_length ? 1U : 0U;
  const Timestamp clock = observe(packet.time);
  wire::decode(packet.link_type, packet.bytes, packet.wire_length, datagram_);
  ++counters_.kinds[static_cast<std::size_t>(datagram_.kind)];
  switch (datagram_.kind) {
    case Kind::tcp:
    case Kind::udp: return take_whole(packet, clock, nullptr);
    case Kind::arp: return take_arp(packet, clock);
    case Kind::fragment: return take_fragment(packet, clock);
    case Kind::icmp:
    case Kind::transport:
    case Kind::network:
    case Kind::truncated:
    case Kind::malformed:
    case Kind::too_deep: return;  // counted
    case Kind::link: return counters_.count_unknown_link(packet.link_type);
  }
}

Timestamp Dispatcher::observe(Timestamp time) {
  const Timestamp now = clock_.observe(time);
  if (clock_.leaps() != leaps_) tell_leap();
  return now;
}

void Dispatcher::tell_leap() {
  leaps_ = clock_.leaps();
  for (auto& batch : batches_) batch->leaps.push_back(clock_.last_leap());
}

/// Batches are sent when a source moves on to its next block, so that none is held for long; and a source that lost
/// packets since its last one is noticed.
void Dispatcher::watch_source(const Packet& packet) {
  if (packet.source >= sources_.size()) sources_.resize(packet.source + 1U);
  SourceState& source = sources_[packet.source];
  if (packet.block != source.block) {
    if (source.block != nullptr) flush();
    source.block = packet.block;
  }
  if (packet.dropped < source.dropped) source.dropped = 0;  // another file, to which the number was given
  if (packet.dropped == source.dropped && !packet.amid_loss) return;
  count_lost(counters_.dropped, packet.dropped - source.dropped);
  source.dropped = packet.dropped;
  after_drop_.assign(batches_.size(), true);
}

/// What a tunnel carries may be a fragment again: at most once for each tunnel, and once around them all.
void Dispatcher::take_fragment(const Packet& packet, Timestamp clock) {
  if (duplicates_.has_seen(datagram_, duplicates_.fingerprint(datagram_), hash(key_of(0, 0).key, secret_).session,
                           packet)) {
    ++counters_.duplicates;
    return;
  }
  std::vector<OriginSpan> origins{{.offset = 0, .origin = Origin{.record = packet.record, .source = packet.source}}};
  std::vector<std::byte> header;  // of an inner fragment, because the whole that it stands in gives way to the next
  std::uint32_t frame_bytes = packet.wire_length;
  for (unsigned depth = 0; depth <= TunnelStack::kMaxDepth && datagram_.kind == Kind::fragment; ++depth) {
    const Defragmenter::Whole* whole = defragmenter_.add_inner(datagram_, frame_bytes, clock, origins);
    if (whole == nullptr) return;
    datagram_.protocol = whole->protocol;
    wire::decode_transport(whole->payload, 0, datagram_);
    ++counters_.kinds[static_cast<std::size_t>(datagram_.kind)];
    if (datagram_.kind == Kind::tcp || datagram_.kind == Kind::udp) return take_whole(packet, clock, whole);
    if (datagram_.kind != Kind::fragment) return;
    origins.clear();
    add_origins(*whole, static_cast<std::size_t>(datagram_.payload.data() - whole->payload.data()), origins);
    frame_bytes = whole->frame_bytes;
    header.assign(datagram_.ip_header.begin(), datagram_.ip_header.end());
    datagram_.ip_header = header;
  }
  ++counters_.kinds[static_cast<std::size_t>(Kind::too_deep)];
}

/// Of the datagram at hand.
inline SessionKey::Directed Dispatcher::key_of(std::uint16_t source_port, std::uint16_t destination_port) const {
  return SessionKey::of(datagram_.protocol, {.address = datagram_.source, .port = source_port},
                        {.address = datagram_.destination, .port = destination_port},
                        settings_.pipeline.ignore_vlans ? VlanStack{} : datagram_.vlans, datagram_.tunnels);
}

unsigned Dispatcher::shard_of(const SessionHash& hash) const {
  const std::uint64_t part = settings_.pipeline.shard_by == ShardBy::hosts ? hash.hosts : hash.session;
  return static_cast<unsigned>((part * batches_.size()) >> 32U);
}

/// The batch that the packet's item goes into.
inline Batch& Dispatcher::batch_for(unsigned shard, const Packet& packet) {
  if (batches_[shard]->full()) send(shard);
  Batch& batch = *batches_[shard];
  batch.hold(packet.block);
  batch.bytes += sizeof(Item) + packet.bytes.size();
  return batch;
}

void Dispatcher::take_whole(const Packet& packet, Timestamp clock, const Defragmenter::Whole* whole) {
  const wire::Datagram& d = datagram_;
  const std::uint64_t print = duplicates_.fingerprint(d);
  const bool bad_checksum = settings_.streams.checksums != Checksums::off && wire::wrong_checksum(d);
  const auto [key, from_high] = key_of(d.source_port, d.destination_port);
  const SessionHash hashed = hash(key, secret_);
  if (whole == nullptr && duplicates_.has_seen(d, print, hashed.session, packet)) {
    ++counters_.duplicates;
    return;
  }
  const bool tcp = d.kind == Kind::tcp;
  if (!tcp) datagram_.tcp = segment_of(d);
  const unsigned shard = shard_of(hashed);
  Batch& batch = batch_for(shard, packet);
  const bool drop = after_drop(shard), source_routed = d.source_routed;
  Item& item = batch.items.emplace_back(key, hashed.session, d.tcp, packet, clock);
  item.kind = tcp ? Item::Kind::tcp : Item::Kind::udp;
  item.from_high = from_high;
  item.after_drop = drop;
  item.bad_checksum = bad_checksum;
  item.source_routed = source_routed;
  if (whole != nullptr) copy_whole(batch, *whole, item);
}

/// A datagram that was put together lives only until the next fragment: its bytes move into a block of ours, and its
/// origins, counted from the payload, into the batch.
void Dispatcher::copy_whole(Batch& batch, const Defragmenter::Whole& whole, Item& item) {
  item.frame_bytes = whole.frame_bytes;
  if (!whole_block_ || whole_used_ + whole.payload.size() > BlockPool::kBlockSize) {
    whole_block_ = whole_pool_.take();
    whole_used_ = 0;
  }
  std::byte* copy = whole_block_->space().data() + whole_used_;
  std::memcpy(copy, whole.payload.data(), whole.payload.size());
  whole_used_ += whole.payload.size();
  batch.hold(whole_block_.get());
  const auto moved = [&](Bytes part) { return Bytes{copy + (part.data() - whole.payload.data()), part.size()}; };
  const auto header = static_cast<std::size_t>(item.segment.payload.data() - whole.payload.data());
  if (!item.segment.options.empty()) item.segment.options = moved(item.segment.options);
  item.segment.payload = moved(item.segment.payload);
  item.first_span = static_cast<std::uint32_t>(batch.spans.size());
  add_origins(whole, header, batch.spans);
  item.spans = static_cast<std::uint16_t>(batch.spans.size() - item.first_span);
  item.origin = batch.spans[item.first_span].origin;
}

void Dispatcher::take_arp(const Packet& packet, Timestamp clock) {
  Batch& batch = batch_for(0, packet);
  Item& item =
      batch.items.emplace_back(SessionKey{0, {}, {}, datagram_.vlans}, 0, segment_of(datagram_), packet, clock);
  item.kind = Item::Kind::arp;
  item.after_drop = after_drop(0);
}

/// Whether its source lost packets just before this one. Asked once an item.
bool Dispatcher::after_drop(unsigned shard) { return std::exchange(after_drop_[shard], 0) != 0; }

void Dispatcher::send(unsigned shard) {
  std::unique_ptr<Batch>& batch = batches_[shard];
  batch->loop = loop_;
  batch->clock = clock_.now();
  if (send_(shard, batch) || batch->items.empty()) return;
  count_lost(counters_.ring_dropped, batch->items.size());
  after_drop_[shard] = true;
  batch->drop_items();
}

void Dispatcher::count_lost(std::uint64_t& counter, std::uint64_t packets) {
  counter += packets;
  lost_.store(counters_.dropped + counters_.ring_dropped, std::memory_order_relaxed);
}

void Dispatcher::flush() {
  for (unsigned shard = 0; shard < batches_.size(); ++shard) send(shard);
}

void Dispatcher::advance(Timestamp time) {
  observe(time);
  flush();
}

void Dispatcher::report() {
  for (auto& batch : batches_) batch->report = true;
  flush();
  tell();
}

void Dispatcher::finish(Ending ending) {
  for (auto& batch : batches_) batch->end = ending;
  flush();
  tell();
}

void Dispatcher::tell() {
  const std::lock_guard lock{told_mutex_};
  told_ = {.counters = {.decoded = counters_, .fragments = defragmenter_.counters()}, .clock = clock_.now()};
}

Dispatcher::Told Dispatcher::told() const {
  const std::lock_guard lock{told_mutex_};
  return told_;
}

}  // namespace unspool
