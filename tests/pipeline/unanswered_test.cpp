// SYNs that wait for an answer.
#include "pipeline/unanswered.h"

#include <gtest/gtest.h>

#include <map>

#include "support/dialog.h"
#include "support/dice.h"

namespace unspool::test {
namespace {

Syn syn_number(std::uint32_t i) {
  Endpoint from, to;
  from.address.octets[15] = static_cast<std::uint8_t>(i >> 16U);
  from.port = static_cast<std::uint16_t>(i);
  to.port = 80;
  const SessionKey key{6, from, to, {}};
  return {.key = key,
          .hash = i * 2654435761U,
          .from_high = key.high() == from,
          .time = kTestTime + Duration{i},
          .clock = kTestTime + Duration{i},
          .seq = i,
          .frame_bytes = 60,
          .window = 1024};
}

TEST(UnansweredTable, GivesBackWhatItWasGiven) {
  UnansweredTable table{4};
  Syn syn = syn_number(7);
  syn.scale = 9;
  syn.source = 3;
  syn.clock += std::chrono::seconds(2);
  ASSERT_TRUE(table.add(syn));
  const UnansweredSyn kept = table.at(table.find(syn.key, syn.hash));
  EXPECT_EQ(kept.key, syn.key);
  EXPECT_EQ(kept.from_high, syn.from_high);
  EXPECT_EQ(kept.time, syn.time);
  EXPECT_EQ(kept.clock, std::chrono::floor<std::chrono::microseconds>(syn.clock));
  EXPECT_EQ(kept.seq, 7U);
  EXPECT_EQ(kept.window, 1024U);
  EXPECT_EQ(kept.scale, 9);
  EXPECT_EQ(kept.source, 3);
  EXPECT_EQ(kept.frame_bytes, 60U);
  EXPECT_EQ(kept.times, 1U);
}

TEST(UnansweredTable, RepeatsCountAndMoveBack) {
  UnansweredTable table{4};
  const Syn first = syn_number(1), second = syn_number(2);
  table.add(first);
  table.add(second);
  EXPECT_TRUE(table.repeat(table.find(first.key, first.hash), first));
  EXPECT_EQ(table.at(table.oldest()).seq, 2U);
  EXPECT_EQ(table.at(table.find(first.key, first.hash)).times, 2U);
  EXPECT_EQ(table.at(table.find(first.key, first.hash)).frame_bytes, 120U);
  Syn other = first;
  other.seq = 99;
  EXPECT_FALSE(table.repeat(table.find(first.key, first.hash), other));
  Syn back = first;
  back.from_high = !back.from_high;
  EXPECT_FALSE(table.repeat(table.find(first.key, first.hash), back));
}

TEST(UnansweredTable, RefusesClocksThatAreFarFromTheirPackets) {
  UnansweredTable table{4};
  Syn syn = syn_number(1);
  syn.clock += std::chrono::hours(1);
  EXPECT_FALSE(table.add(syn));
  EXPECT_EQ(table.size(), 0U);
}

/// A spool gives every file a source of its own, for as long as the run lasts.
TEST(UnansweredTable, ManySourcesOneAfterAnother) {
  UnansweredTable table{16};
  for (std::uint32_t i = 0; i < 60'000; ++i) {
    if (table.full()) table.erase(table.oldest());
    Syn syn = syn_number(i);
    syn.source = static_cast<std::uint16_t>(i);
    ASSERT_TRUE(table.add(syn)) << i;
    ASSERT_EQ(table.at(table.find(syn.key, syn.hash)).source, i);
    ASSERT_EQ(table.at(table.oldest()).source, i < 16 ? 0 : i - 15);
  }
}

TEST(UnansweredTable, AgreesWithAMap) {
  constexpr std::uint32_t kMost = 300;
  UnansweredTable table{kMost};
  std::map<std::uint32_t, std::uint32_t> truth;  // number, times
  Dice dice{1};
  for (int step = 0; step < 50'000; ++step) {
    const auto i = static_cast<std::uint32_t>(dice.between(0, 500));
    const Syn syn = syn_number(i);
    const std::uint32_t found = table.find(syn.key, syn.hash);
    ASSERT_EQ(found != UnansweredTable::kNone, truth.contains(i));
    if (found == UnansweredTable::kNone) {
      if (table.full()) {
        const std::uint32_t oldest = table.oldest();
        ASSERT_EQ(truth.erase(table.at(oldest).seq), 1U);
        table.erase(oldest);
      }
      ASSERT_TRUE(table.add(syn));
      truth[i] = 1;
    } else if (dice.chance(300) || truth[i] == 127) {
      table.erase(found);
      truth.erase(i);
    } else {
      ASSERT_TRUE(table.repeat(found, syn));
      ++truth[i];
    }
    ASSERT_EQ(table.size(), truth.size());
  }
  for (const auto& [i, times] : truth) {
    const Syn syn = syn_number(i);
    EXPECT_EQ(table.at(table.find(syn.key, syn.hash)).times, times);
  }
}

}  // namespace
}  // namespace unspool::test
