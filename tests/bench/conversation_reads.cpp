// How many reads a second a conversation makes, in a session whose chunks hold many of them, or less than one.
#include <benchmark/benchmark.h>

#include <string>

#include "plugin/conversation.h"

namespace unspool::bench {
namespace {

class Nowhere : public Outputs {
 public:
  std::unique_ptr<Transfer> open_transfer(const Session&, Side, std::string_view, std::string_view) override {
    return nullptr;
  }
  void emit(const Session&, const Event&) override {}
  void hand_over(const std::array<std::uint64_t, 2>&) override {}
  void expect(Expectation) override {}
  void limit_reached(std::string_view) override {}
};

void reads_of_a_conversation(benchmark::State& state) {
  const Session session;
  Nowhere outputs;
  std::int64_t reads = 0;
  std::uint64_t sum = 0, at = 0;
  const auto parser = converse(session, outputs, "bench", [&](Followed& followed) -> Conversation {
    auto client = followed.client();
    for (;;) {
      sum += co_await client.u8();
      sum += co_await client.u16be();
      sum += (co_await client.read(5)).size();
      reads += 3;
    }
  });
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  for ([[maybe_unused]] auto _ : state) {
    parser->on_chunk({.from = Side::client, .offset = at, .bytes = as_bytes(bytes)});
    at += bytes.size();
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(reads);
}
BENCHMARK(reads_of_a_conversation)->ArgName("chunk")->Arg(1)->Arg(3)->Arg(100)->Arg(1460)->Arg(16384);

}  // namespace
}  // namespace unspool::bench
