// What leaves a thread: a batch through a ring and back, an event as a line.
#include <benchmark/benchmark.h>
#include <fcntl.h>

#include <array>
#include <thread>

#include "base/file.h"
#include "base/ring.h"
#include "events/event_log.h"
#include "support/frame.h"

namespace unspool::bench {
namespace {

/// Pointers go to another thread, which sends each back; up to `ahead` of them are on the way.
void through_a_ring_and_back(benchmark::State& state) {
  std::array<int, 64> items{};
  int last = 0;
  Bell for_other, for_us;
  Ring<int> there{items.size() + 1, for_other}, back{items.size() + 1, for_us};
  std::thread other{[&] {
    for (;;) {
      int* const item = there.pop();
      back.push(item);
      if (item == &last) return;
    }
  }};
  const auto ahead = static_cast<std::size_t>(state.range(0));
  for (std::size_t i = 0; i < ahead; ++i) there.push(&items[i]);
  for ([[maybe_unused]] auto _ : state) there.push(back.pop());
  for (std::size_t i = 0; i < ahead; ++i) back.pop();
  there.push(&last);
  other.join();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(through_a_ring_and_back)->ArgName("ahead")->Arg(1)->Arg(16)->UseRealTime();

Endpoint endpoint(std::uint32_t address, std::uint16_t port) {
  const std::string four = test::be(address, 4);
  return {IpAddress::v4(as_bytes(four)), port};
}

void flow_event_line(benchmark::State& state) {
  const EventPlace place{.open = []() -> Result<Fd> { return Fd{::open("/dev/null", O_RDWR | O_CLOEXEC)}; },
                         .directory = -1,
                         .path = "/dev/null"};
  const auto log = EventLog::open(place, EventSettings{}, {{.name = "bench.pcap"}});
  if (!log) return state.SkipWithError(log.error().what.c_str());
  const auto sink = (*log)->sink();
  FlowRecord flow{.session = {.key = SessionKey{6, endpoint(0x0a000005, 49152), endpoint(0x0a000009, 80), {}},
                              .start = timestamp_from_ns(1'162'491'300'123'456'000),
                              .last = timestamp_from_ns(1'162'491'303'323'456'000)},
                  .ended = Ending::closed,
                  .end = timestamp_from_ns(1'162'491'308'323'456'000),
                  .packets = {6, 5},
                  .wire_bytes = {900, 81700}};
  for ([[maybe_unused]] auto _ : state) {
    flow.session.key = SessionKey{
        6, endpoint(0x0a000005 + static_cast<std::uint32_t>(flow.packets[0]), 49152), endpoint(0x0a000009, 80), {}};
    flow.streams[0].bytes = ++flow.packets[0];
    flow.streams[1].bytes = 81000;
    sink->on_flow(flow);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(flow_event_line);

}  // namespace
}  // namespace unspool::bench
