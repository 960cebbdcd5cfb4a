// Before a session: decoding, its key and hash, and finding it.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "bench/made_frames.h"
#include "flow/session_key.h"
#include "flow/session_table.h"
#include "support/frame.h"
#include "wire/checksum.h"
#include "wire/datagram.h"

namespace unspool::bench {
namespace {

constexpr std::size_t kFrames = 1024;  // those of web fit into a cache of the second level, about
constexpr std::uint16_t kEthernet = 1;

SessionKey key_of(const wire::Datagram& d) {
  return {d.protocol, {d.source, d.source_port}, {d.destination, d.destination_port}, d.vlans, d.tunnels};
}

/// Calls work(datagram) with what is decoded of frame after frame.
template <class Work>
void each_frame(benchmark::State& state, Workload workload, const Work& work) {
  const auto frames = frames_of(workload, kFrames);
  wire::Datagram datagram;
  std::size_t next = 0;
  for ([[maybe_unused]] auto _ : state) {
    const std::string& frame = frames[next];
    next = next + 1 == frames.size() ? 0 : next + 1;
    wire::decode(kEthernet, as_bytes(frame), static_cast<std::uint32_t>(frame.size()), datagram);
    work(datagram);
  }
  state.SetItemsProcessed(state.iterations());
}

void decode(benchmark::State& state, Workload workload) {
  each_frame(state, workload, [](const wire::Datagram& d) { benchmark::DoNotOptimize(&d); });
}
BENCHMARK_CAPTURE(decode, web, Workload::web);
BENCHMARK_CAPTURE(decode, smallpkt, Workload::smallpkt);

void decode_and_checksums(benchmark::State& state, Workload workload) {
  each_frame(state, workload, [](const wire::Datagram& d) { benchmark::DoNotOptimize(wire::wrong_checksum(d)); });
}
BENCHMARK_CAPTURE(decode_and_checksums, web, Workload::web);
BENCHMARK_CAPTURE(decode_and_checksums, smallpkt, Workload::smallpkt);

void decode_key_and_hash(benchmark::State& state, Workload workload) {
  const HashSecret secret = HashSecret::from_seed(1);
  each_frame(state, workload, [&](const wire::Datagram& d) { benchmark::DoNotOptimize(hash(key_of(d), secret)); });
}
BENCHMARK_CAPTURE(decode_key_and_hash, smallpkt, Workload::smallpkt);

struct Known {
  SessionKey key;
  std::uint32_t hash = 0;
};

/// As large as what a shard keeps of a session, about.
struct Entry : Known {
  std::array<std::byte, 160> rest{};
  explicit Entry(const Known& known) : Known{known} {}
};

/// In no order.
std::vector<Known> sessions(std::int64_t count) {
  const HashSecret secret = HashSecret::from_seed(1);
  std::vector<Known> all;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string client = test::be(0x0a000000U + static_cast<std::uint64_t>(i), 4);
    const std::string server = test::be(0xc6120001, 4);
    const SessionKey key{6, {IpAddress::v4(as_bytes(client)), 40'000}, {IpAddress::v4(as_bytes(server)), 80}, {}};
    all.push_back({key, hash(key, secret).session});
  }
  std::shuffle(all.begin(), all.end(), std::mt19937_64{1});
  return all;
}

/// `ahead`: so many packets before, the table is told what will be looked for.
void find_session(benchmark::State& state) {
  const auto all = sessions(state.range(0));
  const auto ahead = static_cast<std::size_t>(state.range(1));
  SessionTable<Entry> table;
  for (const Known& known : all) table.insert(known);
  std::size_t next = 0;
  for ([[maybe_unused]] auto _ : state) {
    if (ahead > 0) {
      table.prefetch(all[(next + ahead) % all.size()].hash);
      table.prefetch_session(all[(next + ahead / 2) % all.size()].hash);
    }
    benchmark::DoNotOptimize(table.find(all[next].key, all[next].hash));
    next = next + 1 == all.size() ? 0 : next + 1;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(find_session)->ArgNames({"sessions", "ahead"})->ArgsProduct({{1000, 1'000'000}, {0, 6}});

/// The oldest one goes, a new one comes.
void insert_and_erase_session(benchmark::State& state) {
  const auto all = sessions(2 * state.range(0));
  SessionTable<Entry> table;
  std::vector<std::uint32_t> indices(all.size(), table.kNone);
  const std::size_t half = all.size() / 2;
  for (std::size_t i = 0; i < half; ++i) indices[i] = table.insert(all[i]);
  std::size_t oldest = 0;
  for ([[maybe_unused]] auto _ : state) {
    table.erase(indices[oldest]);
    const std::size_t fresh = (oldest + half) % all.size();
    indices[fresh] = table.insert(all[fresh]);
    oldest = oldest + 1 == all.size() ? 0 : oldest + 1;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(insert_and_erase_session)->ArgName("sessions")->Arg(1000)->Arg(1'000'000);

}  // namespace
}  // namespace unspool::bench
