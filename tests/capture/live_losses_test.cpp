// When packets were lost, told with the packets of that time.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "capture/losses.h"

namespace unspool::test {
namespace {

/// For packets stamped so, in seconds: "1 2* 3*4": the time, "*" amid a loss, and the packets lost so far where that is
/// news.
std::string marked(Losses& losses, std::initializer_list<int> times) {
  std::string text;
  std::uint64_t told = 0;
  for (const int time : times) {
    Packet packet{.time = Timestamp{std::chrono::seconds{time}}};
    losses.mark(packet);
    text += fmt::format("{}{}{}", text.empty() ? "" : " ", time, packet.amid_loss ? "*" : "");
    if (packet.dropped != told) text += fmt::format("+{}", packet.dropped - told);
    told = packet.dropped;
  }
  return text;
}

Losses lost(std::initializer_list<std::array<int, 3>> all) {
  Losses losses;
  for (const auto& [from, until, packets] : all) {
    losses.add(Timestamp{std::chrono::seconds{from}}, Timestamp{std::chrono::seconds{until}},
               static_cast<std::uint64_t>(packets));
  }
  return losses;
}

TEST(Losses, AreToldWithThePacketsOfTheirTimeAndTheFirstBehind) {
  struct Row {
    std::initializer_list<std::array<int, 3>> losses;
    std::initializer_list<int> times;
    const char* told;
  };
  const Row rows[] = {
      {{}, {1, 2}, "1 2"},
      {{{1, 2, 0}}, {1, 2}, "1 2"},
      {{{3, 5, 7}}, {1, 2, 3, 4, 5, 6, 7}, "1 2 3*+7 4* 5* 6* 7"},
      {{{3, 5, 7}}, {2, 9, 10}, "2 9*+7 10"},
      {{{3, 4, 1}, {4, 5, 2}}, {3, 4, 5, 6, 7}, "3*+3 4* 5* 6* 7"},
      {{{3, 4, 1}, {8, 9, 2}}, {3, 5, 6, 8, 10, 11}, "3*+1 5* 6 8*+2 10* 11"},
      {{{3, 4, 1}, {8, 9, 2}}, {12, 13}, "12*+3 13"},
      {{{5, 4, 1}}, {3, 4, 6, 7}, "3 4*+1 6* 7"},              // the clock was set back while they were lost
      {{{103, 104, 1}, {3, 4, 2}}, {2, 3, 5}, "2+1 3*+2 5*"},  // and before they could be told
  };
  for (const Row& row : rows) {
    Losses losses = lost(row.losses);
    EXPECT_EQ(marked(losses, row.times), row.told);
  }
}

TEST(Losses, OfAnInterfaceAreMarkedAndNotCounted) {
  Losses losses = lost({{2, 3, 5}});
  losses.suspect(Timestamp{std::chrono::seconds{3}}, Timestamp{std::chrono::seconds{4}});
  losses.suspect(Timestamp{std::chrono::seconds{8}}, Timestamp{std::chrono::seconds{9}});
  EXPECT_EQ(losses.total(), 5U);
  EXPECT_EQ(marked(losses, {1, 2, 4, 5, 6, 8, 10, 11}), "1 2*+5 4* 5* 6 8* 10* 11");
}

TEST(Losses, ManyAreJoined) {
  Losses losses;
  for (int i = 0; i < 1000; ++i) {
    losses.add(Timestamp{std::chrono::seconds{10 * i}}, Timestamp{std::chrono::seconds{10 * i + 1}}, 1);
  }
  EXPECT_EQ(losses.total(), 1000U);
  EXPECT_EQ(marked(losses, {0, 3, 5, 9000, 9999, 10'000}), "0*+1 3* 5 9000*+999 9999* 10000");
}

}  // namespace
}  // namespace unspool::test
