// What somebody in front of a terminal reads.
#include "daemon/summary.h"

#include <gtest/gtest.h>

#include "daemon/progress_line.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

TEST(Summary, Whole) {
  const Findings found{.counts = {{"capture.packets", 1234567},
                                  {"capture.bytes", 890},
                                  {"sessions.tcp", 3},
                                  {"sessions.udp", 1},
                                  {"sessions.one_sided", 0},
                                  {"sessions.ended.closed", 2},
                                  {"sessions.ended.idle", 0},
                                  {"sessions.ended.reset", 1},
                                  {"streams.bytes", 5000},
                                  {"streams.gaps.snaplen", 0},
                                  {"streams.gaps.not_captured", 1},
                                  {"streams.gap_bytes.not_captured", 1460},
                                  {"parsers.claimed.http", 2}},
                       .transfers = {.files = 4, .bytes = 4000, .incomplete = 1, .not_stored = 2},
                       .unclaimed = {{6667, {.sessions = 1, .bytes = 100}},
                                     {1, {1, 1}},
                                     {2, {1, 2}},
                                     {3, {1, 3}},
                                     {4, {1, 4}},
                                     {5, {2, 5}},
                                     {6, {1, 0}}},
                       .output = "out"};
  EXPECT_EQ(summary(found), R"(packets      1,234,567, 890 bytes
sessions     3 TCP, 1 UDP  (closed 2, reset 1)
recognised   http 2
unrecognised port 6667: 1 session, 100 bytes; port 5: 2 sessions, 5 bytes; port 4: 1 session, 4 bytes; port 3: 1 session, 3 bytes; port 2: 1 session, 2 bytes; and 2 more ports
streams      5,000 bytes in order
missing      1,460 bytes in 1 gap  (not_captured 1)
transfers    4 files, 4,000 bytes, 1 of them incomplete, 2 more not stored
output       out
next         jq -c 'select(.event_type=="flow" and any(.unspool.streams[]?; .gap_bytes>0))' out/events.json
)");
}

TEST(Summary, TheReasonWhyThereIsNothing) {
  struct Row {
    Counts counts;
    const char* says;
  };
  const Row rows[] = {
      {{}, "No packets: the captures are empty, or the filter expression matched nothing."},
      {{{"capture.packets", 5}, {"decoded.unknown_link", 5}}, "No packet has a link type that is understood."},
      {{{"capture.packets", 5}, {"decoded.unknown_link", 4}}, "No TCP in these packets"},
      {{{"capture.packets", 5}, {"sessions.tcp", 2}}, "handshakes and resets only"},
      {{{"capture.packets", 5}, {"sessions.tcp", 2}, {"streams.gap_bytes.snaplen", 9}}, "tcpdump -s 0"},
      {{{"capture.packets", 5}, {"sessions.tcp", 2}, {"streams.bytes", 9}, {"sessions.one_sided", 2}},
       "Only one side of each session was captured"},
  };
  for (const Row& row : rows)
    EXPECT_THAT(summary({.counts = row.counts, .transfers = {}, .unclaimed = {}, .output = "out"}),
                HasSubstr(row.says));
  const Counts fine{{"capture.packets", 5}, {"sessions.tcp", 2}, {"streams.bytes", 9}, {"sessions.one_sided", 1}};
  EXPECT_THAT(summary({.counts = fine, .transfers = {}, .unclaimed = {}, .output = "out"}), Not(HasSubstr("one side")));
}

TEST(ProgressLine, Rows) {
  EXPECT_EQ(progress_line({.bytes = 1'200'000'000, .of = 9'600'000'000},
                          {.sessions = 12345, .transfers = 678, .gaps = 9}, 2s),
            "12%  1.2 GB of 9.6 GB  600 MB/s  14 s left  12,345 sessions  678 transfers  9 gaps");
  EXPECT_EQ(progress_line({.bytes = 500, .of = 1000}, {}, 500ms),
            "50%  500 bytes of 1.0 kB  1.0 kB/s  0 sessions  0 transfers");
  EXPECT_EQ(progress_line({}, {.sessions = 1}, 5s), "1 sessions  0 transfers");
  EXPECT_EQ(progress_line({.bytes = 4'000'000'000, .of = 40'000'000'000'000}, {}, 4s),
            "0%  4.0 GB of 40.0 TB  1.0 GB/s  11.1 h left  0 sessions  0 transfers");
}

}  // namespace
}  // namespace unspool::test
