// One TCP session: segments in order, out of order, and in the worst order; and the whole pipeline from memory.
#include <benchmark/benchmark.h>

#include "bench/made_frames.h"
#include "capture/block.h"
#include "capture/packet.h"
#include "pipeline/pipeline.h"
#include "stream/tcp_session.h"
#include "stream/waiting.h"
#include "support/counting_listener.h"
#include "support/no_events.h"
#include "support/no_transfers.h"

namespace unspool::bench {
namespace {

constexpr std::uint32_t kSegment = 1460;

/// Side 0 sends, side 1 acknowledges.
class Transfer {
 public:
  Transfer() {
    const std::array scale{std::byte{1}, std::byte{3}, std::byte{3}, std::byte{14}};
    take({.seq = 0, .window = 65535, .flags = wire::TcpFlags::syn, .options = scale}, 0);
    take({.seq = 0, .ack = 1, .window = 65535, .flags = wire::TcpFlags::syn | wire::TcpFlags::ack, .options = scale},
         1);
  }
  /// The segment that is `ahead` segments from the next one that was not sent yet.
  void send(std::uint32_t ahead) {
    take(
        {.seq = next_ + ahead * kSegment, .ack = 1, .window = 65535, .flags = wire::TcpFlags::ack, .payload = content_},
        0);
  }
  void acknowledge(std::uint32_t segments) {
    next_ += segments * kSegment;
    take({.seq = 1, .ack = next_, .window = 65535, .flags = wire::TcpFlags::ack}, 1);
  }
  std::uint64_t given() const { return counter_.bytes; }

 private:
  void take(const wire::Segment& segment, unsigned from) {
    const OriginSpan origin{.offset = 0, .origin = {.record = ++record_}};
    const Arrival arrival{.from = from, .segment = &segment, .origins = {&origin, 1}, .source = &host_};
    session_.take(arrival, context_, counter_);
  }

  StreamSettings settings_;
  HeldBudget budget_{settings_.held_bytes_host, settings_.held_bytes_run};
  WaitingPool pool_;
  StreamContext context_{settings_, budget_, pool_};
  TcpSession session_{std::nullopt};
  test::CountingListener counter_;
  IpAddress host_;
  std::vector<std::byte> content_ = std::vector<std::byte>(kSegment);
  std::uint64_t record_ = 0;
  std::uint32_t next_ = 1;
};

/// `order`: of the segments of each turn; then all of them are acknowledged.
void segments(benchmark::State& state, const std::vector<std::uint32_t>& order) {
  Transfer transfer;
  for ([[maybe_unused]] auto _ : state) {
    for (const std::uint32_t ahead : order) transfer.send(ahead);
    transfer.acknowledge(static_cast<std::uint32_t>(order.size()));
  }
  const auto sent = state.iterations() * static_cast<std::int64_t>(order.size());
  if (transfer.given() != static_cast<std::uint64_t>(sent) * kSegment) state.SkipWithError("bytes are missing");
  state.SetItemsProcessed(sent);
}
BENCHMARK_CAPTURE(segments, in_order, {0, 1});
BENCHMARK_CAPTURE(segments, swapped, {1, 0});
BENCHMARK_CAPTURE(segments, one_late, {1, 2, 3, 4, 5, 6, 7, 0});
BENCHMARK_CAPTURE(segments, reversed, {7, 6, 5, 4, 3, 2, 1, 0});

/// Packets of a workload from memory through dispatcher and shard, on one thread; sessions end and begin anew with each
/// round.
void pipeline_from_memory(benchmark::State& state, Workload workload) {
  BlockPool pool;
  std::vector<BlockRef> blocks;
  std::vector<Packet> packets;
  std::size_t used = BlockPool::kBlockSize;
  for (const std::string& frame : frames_of(workload, 20'000)) {
    if (used + frame.size() > BlockPool::kBlockSize) {
      blocks.push_back(pool.take());
      used = 0;
    }
    std::byte* const at = blocks.back()->space().data() + used;
    std::copy_n(as_bytes(frame).data(), frame.size(), at);
    used += frame.size();
    packets.push_back({.time = timestamp_from_ns(static_cast<std::int64_t>(packets.size()) * 2000),
                       .bytes = {at, frame.size()},
                       .wire_length = static_cast<std::uint32_t>(frame.size()),
                       .link_type = 1,
                       .record = packets.size(),
                       .block = blocks.back().get()});
  }
  const Settings settings;
  const HashSecret secret = HashSecret::from_seed(1);
  const auto outputs = [](unsigned) {
    return ShardOutputs{.events = std::make_unique<test::NoEvents>(),
                        .transfers = std::make_unique<test::NoTransfers>()};
  };
  for ([[maybe_unused]] auto _ : state) {
    Pipeline pipeline{settings, 0, secret, outputs};
    for (const Packet& packet : packets) pipeline.dispatcher().take(packet);
    pipeline.finish(Ending::capture_end);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(packets.size()));
}
BENCHMARK_CAPTURE(pipeline_from_memory, web, Workload::web);
BENCHMARK_CAPTURE(pipeline_from_memory, lossy, Workload::lossy);
BENCHMARK_CAPTURE(pipeline_from_memory, smallpkt, Workload::smallpkt);
BENCHMARK_CAPTURE(pipeline_from_memory, brief, Workload::brief);

}  // namespace
}  // namespace unspool::bench
