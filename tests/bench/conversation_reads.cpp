// How many reads a second a conversation makes, in a session whose chunks hold many of them: cmake --build --preset
// release --target bench_conversation_reads.
#include <chrono>
#include <cstdio>
#include <string>

#include "plugin/conversation.h"

namespace unspool {
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

void run(std::size_t chunk_bytes) {
  constexpr std::uint64_t kBytes = std::uint64_t{1} << 28U;
  Session session;
  Nowhere outputs;
  std::uint64_t reads = 0, sum = 0;
  const auto parser = converse(session, outputs, "bench", [&](Followed& followed) -> Conversation {
    auto client = followed.client();
    for (;;) {
      sum += co_await client.u8();
      sum += co_await client.u16be();
      sum += (co_await client.read(5)).size();
      reads += 3;
    }
  });
  const std::string bytes(chunk_bytes, 'x');
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t at = 0; at < kBytes; at += chunk_bytes) {
    parser->on_chunk({.from = Side::client, .offset = at, .bytes = as_bytes(bytes)});
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%6zu bytes a chunk: %7.1f million reads a second (%llu)\n", chunk_bytes,
              static_cast<double>(reads) / took.count() / 1e6, static_cast<unsigned long long>(sum));
}

}  // namespace
}  // namespace unspool

int main() {
  for (const std::size_t chunk_bytes : {1U, 3U, 100U, 1460U, 16384U}) unspool::run(chunk_bytes);
}
