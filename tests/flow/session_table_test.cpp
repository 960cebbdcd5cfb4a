#include "flow/session_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "flow/index_lists.h"

namespace unspool {
namespace {

struct Entry {
  SessionKey key;
  std::uint32_t hash = 0;
  int value = 0;
};

SessionKey key_of(std::uint16_t number) {
  Endpoint client, server;
  client.address.octets[15] = 1;
  client.port = number;
  server.address.octets[15] = 2;
  server.port = 80;
  return {6, client, server, {}};
}

TEST(SessionTable, FindsWhatWasInsertedAndNothingElse) {
  SessionTable<Entry> table;
  const auto index = table.insert(Entry{key_of(1), 77, 5});
  EXPECT_EQ(table.find(key_of(1), 77), index);
  EXPECT_EQ(table.find(key_of(2), 77), table.kNone) << "the same hash is not the same key";
  EXPECT_EQ(table.find(key_of(1), 78), table.kNone);
  table.erase(index);
  EXPECT_EQ(table.find(key_of(1), 77), table.kNone);
  EXPECT_EQ(table.size(), 0U);
}

// Against std::map, with hashes that collide on purpose: in their slot, in their tag, in both, wholly.
TEST(SessionTable, AgreesWithAMapWhateverTheHashes) {
  for (const std::uint32_t mask : {0xffffffffU, 0x000003ffU, 0xff000000U, 0x0U, 0xff00000fU}) {
    SessionTable<Entry> table;
    std::map<std::uint16_t, std::uint32_t> truth;
    std::mt19937 random(42);
    const std::uint32_t keys = mask == 0 ? 300 : 5000;
    const auto hash_of = [&](std::uint16_t number) { return (number * 2654435761U) & mask; };
    for (int step = 0; step < 30000; ++step) {
      const auto number = static_cast<std::uint16_t>(random() % keys);
      const auto found = table.find(key_of(number), hash_of(number));
      const auto known = truth.find(number);
      ASSERT_EQ(found == table.kNone, known == truth.end()) << "mask " << mask << " step " << step;
      if (known == truth.end()) {
        truth[number] = table.insert(Entry{key_of(number), hash_of(number), step});
      } else {
        ASSERT_EQ(found, known->second);
        table.erase(found);
        truth.erase(known);
      }
    }
    EXPECT_EQ(table.size(), truth.size());
    std::size_t seen = 0;
    table.for_each([&](std::uint32_t) { ++seen; });
    EXPECT_EQ(seen, truth.size());
  }
}

TEST(SessionTable, AnEntryStaysWhereItIsWhileOthersCome) {
  SessionTable<Entry> table;
  const auto index = table.insert(Entry{key_of(0), 0, 123});
  const Entry* place = &table[index];
  for (std::uint16_t i = 1; i < 20000; ++i) table.insert(Entry{key_of(i), i, 0});
  EXPECT_EQ(&table[index], place);
  EXPECT_EQ(place->value, 123);
}

TEST(SessionTable, SamplesOnlyWhatIsThere) {
  SessionTable<Entry> table;
  const auto index = table.insert(Entry{key_of(9), 9, 0});
  for (std::uint64_t random = 0; random < 5000; ++random) ASSERT_EQ(table.sample(random), index);
}

TEST(IndexLists, KeepOrderAndMembership) {
  IndexLists lists(2);
  EXPECT_EQ(lists.front(0), IndexLists::kNone);
  lists.push_back(0, 7);
  lists.push_back(0, 3);
  lists.push_back(1, 5);
  EXPECT_EQ(lists.front(0), 7U);
  lists.remove(7);
  lists.remove(7);
  lists.remove(1000);
  EXPECT_EQ(lists.front(0), 3U);
  lists.push_back(0, 7);
  lists.remove(3);
  EXPECT_EQ(lists.front(0), 7U);
  EXPECT_EQ(lists.front(1), 5U);
}

}  // namespace
}  // namespace unspool
