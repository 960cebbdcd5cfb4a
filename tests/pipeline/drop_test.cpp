// Captures, each of whose packets is dropped in turn: bytes that it alone carried are missing there and nowhere else;
// nothing else changes but what drop_judge.h names. Real captures of more than kPackets are sampled, unless
// UNSPOOL_EVERY_PACKET is set.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "drop_judge.h"

namespace unspool::test {
namespace {

constexpr std::size_t kPackets = 100;

struct Dropped {
  std::uint64_t captures = 0, packets = 0, unique = 0, left_out = 0;
  std::array<std::uint64_t, kEffects> effects{};

  void tell() const {
    std::string odd;
    for (std::size_t i = 0; i < kEffects; ++i) odd += fmt::format(" {}={}", name(static_cast<Effect>(i)), effects[i]);
    fmt::print("{} captures: {} packets dropped in turn, {} of them with bytes that occur once;{}\n", captures, packets,
               unique, odd);
    if (left_out > 0)
      fmt::print("{} packets of long captures left out: UNSPOOL_EVERY_PACKET=1 drops them too\n", left_out);
  }
};

void drop_each(const WholeCapture& capture, std::size_t stride, Dropped& dropped) {
  DropJudge judge{capture};
  for (std::size_t packet = 0; packet < judge.packets(); packet += stride) {
    const std::string wrong = judge.without(packet);
    EXPECT_EQ(wrong, "") << capture.name << " without packet " << packet + 1;
    ++dropped.packets;
    dropped.left_out += std::min(stride, judge.packets() - packet) - 1;
  }
  dropped.captures += judge.has_streams() ? 1U : 0U;
  dropped.unique += judge.unique();
  for (std::size_t i = 0; i < kEffects; ++i) dropped.effects[i] += judge.effects()[i];
}

TEST(Drop, AnyPacketOfMadeCaptures) {
  Dropped dropped;
  for (const auto& captures : {made_captures(), simulated_captures()}) {
    for (const WholeCapture& capture : captures) drop_each(capture, 1, dropped);
  }
  dropped.tell();
  EXPECT_GE(dropped.captures, 20U);
  EXPECT_GT(dropped.unique, 500U);
}

TEST(Drop, AnyPacketOfRealCaptures) {
  const bool every = std::getenv("UNSPOOL_EVERY_PACKET") != nullptr;
  Dropped dropped;
  for (const WholeCapture& capture : real_captures()) {
    const std::size_t packets = HeldPackets{capture.files}.list().size();
    drop_each(capture, every ? 1 : packets / kPackets + 1, dropped);
  }
  if (dropped.captures == 0) GTEST_SKIP() << "the collection is not there";
  dropped.tell();
  EXPECT_GE(dropped.captures, 20U);
}

/// The judge finds what is wrong.
TEST(Drop, AnotherPacketIsMissed) {
  for (const WholeCapture& capture : made_captures()) {
    if (!capture.name.starts_with("talk")) continue;
    DropJudge judge{capture};
    std::vector<std::size_t> with_bytes;
    for (std::size_t packet = 0; packet < judge.packets(); ++packet) {
      const std::uint64_t before = judge.unique();
      EXPECT_EQ(judge.without(packet), "") << capture.name << " " << packet;
      if (judge.unique() > before) with_bytes.push_back(packet);
    }
    ASSERT_GE(with_bytes.size(), 2U) << capture.name;
    const std::size_t other = with_bytes[with_bytes.size() / 2];
    for (std::size_t packet = 0; packet + 3 < judge.packets(); ++packet) {
      if (packet == other) continue;
      EXPECT_NE(judge.without(packet, other), "") << capture.name << " " << packet;
    }
  }
}

}  // namespace
}  // namespace unspool::test
