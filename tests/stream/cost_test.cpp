// What the worst orders cost. Bounds are generous: they tell n log n from n squared, also under a sanitizer.
#include <gtest/gtest.h>

#include <chrono>

#include "stream/tcp_session.h"
#include "stream/waiting.h"
#include "support/counting_listener.h"

namespace unspool::test {
namespace {

/// Without limits on what waits: all of it is held at once.
class Flood {
 public:
  Flood() {
    const std::array scale{std::byte{1}, std::byte{3}, std::byte{3}, std::byte{14}};
    send({.seq = 0, .window = 65535, .flags = wire::TcpFlags::syn, .options = scale}, 0);
    send({.seq = 0, .ack = 1, .window = 65535, .flags = wire::TcpFlags::syn | wire::TcpFlags::ack, .options = scale},
         1);
  }

  void send(std::uint32_t seq, std::size_t length) {
    send(
        {.seq = seq, .ack = 1, .window = 65535, .flags = wire::TcpFlags::ack, .payload = Bytes{content_}.first(length)},
        0);
  }
  /// Ends the session; the seconds since the flood began, of the clock on the wall.
  double finish() {
    session_.finish(Timestamp{}, context_, counter_);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }
  const CountingListener& counter() const { return counter_; }

 private:
  void send(const wire::Segment& segment, unsigned from) {
    const OriginSpan origin{.offset = 0, .origin = {.record = ++record_}};
    session_.take({.from = from, .segment = &segment, .origins = {&origin, 1}, .source = &host_}, context_, counter_);
  }

  static constexpr std::uint32_t kMany = 1U << 30U;
  StreamSettings settings_{
      .held_bytes = kMany, .held_segments = kMany, .held_bytes_host = kMany, .held_bytes_run = kMany};
  HeldBudget budget_{settings_.held_bytes_host, settings_.held_bytes_run};
  WaitingPool pool_;
  StreamContext context_{settings_, budget_, pool_};
  TcpSession session_{std::nullopt};
  CountingListener counter_;
  IpAddress host_;
  std::vector<std::byte> content_ = std::vector<std::byte>(1460);
  std::uint64_t record_ = 0;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

constexpr double kSeconds = 20;  // measured: below 0.2 with -O2

TEST(Cost, ReversedOneByteSegments) {
  Flood flood;
  for (std::uint32_t at = 200'000; at >= 1; --at) flood.send(at, 1);
  EXPECT_LT(flood.finish(), kSeconds);
  EXPECT_EQ(flood.counter().bytes, 200'000U);
  EXPECT_EQ(flood.counter().gaps, 0U);
}

TEST(Cost, OverlappingSegmentsBehindAHole) {
  Flood flood;
  for (std::uint32_t i = 0; i < 100'000; ++i) flood.send(2 + i * 730, 1460);
  EXPECT_LT(flood.finish(), kSeconds);
  EXPECT_EQ(flood.counter().bytes, 100'001U * 730);
  EXPECT_EQ(flood.counter().gaps, 1U);
}

TEST(Cost, CopiesOverManyHeldBytes) {
  Flood flood;
  for (std::uint32_t i = 0; i < 20'000; ++i) flood.send(3 + i * 2, 1);
  for (std::uint32_t i = 0; i < 2'500; ++i) flood.send(3 + i * 17, 1460);
  EXPECT_LT(flood.finish(), kSeconds);
  EXPECT_EQ(flood.counter().bytes, 2499U * 17 + 1460);
  EXPECT_EQ(flood.counter().gaps, 1U);
}

}  // namespace
}  // namespace unspool::test
