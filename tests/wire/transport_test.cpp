#include <gtest/gtest.h>

#include "told.h"

namespace unspool::test {
namespace {

const Frame kFront = eth() / ip4("10.0.0.1", "10.0.0.2");

TEST(Tcp, Flags) {
  struct Row {
    Tcp tcp;
    const char* expected;
  };
  const Row rows[] = {
      {tcp(1, 2), "-"},
      {tcp(1, 2).syn(), "S"},
      {tcp(1, 2).syn().ack(1), "SA"},
      {tcp(1, 2).fin().psh().ack(1), "FPA"},
      {tcp(1, 2).rst(), "R"},
      {tcp(1, 2).urg(3).ack(1), "AU"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(told(kFront / row.tcp), std::string("tcp 10.0.0.1:1 > 10.0.0.2:2 ") + row.expected + " 0 \"\"");
  }
}

TEST(Tcp, EveryField) {
  const std::string bytes =
      kFront / tcp(65535, 1).ack(0xfffffffe).seq(0xffffffff).urg(513).window(1024).options("\x01\x01").payload("x");
  decode_copy(1, bytes, static_cast<std::uint32_t>(bytes.size()), [](const wire::Datagram& d, Bytes) {
    EXPECT_EQ(d.protocol, 6);
    EXPECT_EQ(d.source_port, 65535);
    EXPECT_EQ(d.destination_port, 1);
    EXPECT_EQ(d.tcp.seq, 0xffffffffU);
    EXPECT_EQ(d.tcp.ack, 0xfffffffeU);
    EXPECT_EQ(d.tcp.urgent, 513);
    EXPECT_EQ(d.tcp.window, 1024);
    EXPECT_EQ(as_text(d.tcp.options), std::string_view("\x01\x01\0\0", 4));
    EXPECT_EQ(as_text(d.tcp.payload), "x");
    EXPECT_EQ(d.tcp.length(), 1U);
  });
}

TEST(Tcp, DataOffsets) {
  struct Row {
    unsigned words;
    const char* payload;
    const char* expected;
  };
  const Row rows[] = {
      {0, "abcd", "malformed"},
      {4, "abcd", "malformed"},
      {5, "abcd", "tcp 10.0.0.1:1 > 10.0.0.2:2 - 0 \"abcd\""},
      {6, "abcd", "tcp 10.0.0.1:1 > 10.0.0.2:2 - 0 \"\""},
      {6, "abc", "malformed"},
      {7, "abcd", "malformed"},
      {15, "abcd", "malformed"},
      {15, "0123456789012345678901234567890123456789!", "tcp 10.0.0.1:1 > 10.0.0.2:2 - 0 \"!\""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(told(kFront / tcp(1, 2).header_words(row.words).payload(row.payload)), row.expected) << row.words;
  }
}

TEST(Tcp, HeaderThatTheCaptureCut) {
  std::string bytes = kFront / tcp(1, 2).options(std::string(12, '\x01')).payload("abc");
  bytes.resize(bytes.size() - 4);
  EXPECT_EQ(told(1, bytes, 4), "truncated") << "the options are";
  EXPECT_EQ(told(1, bytes, 0), "malformed") << "nothing is missing, so the offset lies";
  EXPECT_EQ(told(kFront / data("19 bytes are no TCP", 6)), "truncated");
}

TEST(Tcp, WindowScales) {
  using namespace std::string_view_literals;
  struct Row {
    const char* what;
    std::string_view options;
    int expected;  // -1: none
  };
  const Row rows[] = {
      {"none at all", ""sv, -1},
      {"alone", "\x03\x03\x07"sv, 7},
      {"0 is one", "\x03\x03\x00"sv, 0},
      {"behind others", "\x02\x04\x05\xb4\x04\x02\x01\x03\x03\x0e"sv, 14},
      {"more than 14 is 14", "\x03\x03\xff"sv, 14},
      {"behind the end", "\x00\x03\x03\x07"sv, -1},
      {"cut in its value", "\x03\x03"sv, -1},
      {"cut in its length", "\x03"sv, -1},
      {"of no byte", "\x03\x02\x01\x01"sv, -1},
      {"of two bytes", "\x03\x04\x07\x07"sv, -1},
      {"behind a length of 0", "\x05\x00\x03\x03\x07"sv, -1},
      {"behind a length of 1", "\x05\x01\x03\x03\x07"sv, -1},
      {"behind one that is longer than all", "\x05\xff\x03\x03\x07"sv, -1},
      {"the first of two", "\x03\x03\x02\x03\x03\x05"sv, 2},
  };
  for (const Row& row : rows) {
    const auto scale = wire::window_scale(as_bytes(row.options));
    EXPECT_EQ(scale ? int{*scale} : -1, row.expected) << row.what;
  }
}

TEST(Tcp, Timestamp) {
  struct Row {
    const char* what;
    std::string options;
    std::int64_t expected;
  };
  const std::string value = be(0x01020304, 4) + be(9, 4);
  const Row rows[] = {
      {"none", "", -1},
      {"as usual", "\x01\x01\x08\x0a" + value, 0x01020304},
      {"behind others", "\x02\x04\x05\xb4\x04\x02\x08\x0a" + value, 0x01020304},
      {"too short", "\x01\x01\x08\x06" + value, -1},
      {"cut", "\x01\x01\x08\x0a" + value.substr(0, 7), -1},
      {"behind the end", std::string("\0\x01\x08\x0a", 4) + value, -1},
  };
  for (const Row& row : rows) {
    const auto timestamp = wire::timestamp(as_bytes(row.options));
    EXPECT_EQ(timestamp ? std::int64_t{*timestamp} : -1, row.expected) << row.what;
  }
}

TEST(Udp, Lengths) {
  struct Row {
    const char* what;
    Udp udp;
    const char* expected;
  };
  const Row rows[] = {
      {"right", udp(1, 2).payload("abcd"), "udp 10.0.0.1:1 > 10.0.0.2:2 \"abcd\""},
      {"the header alone", udp(1, 2), "udp 10.0.0.1:1 > 10.0.0.2:2 \"\""},
      {"shorter", udp(1, 2).payload("abcd").length(10), "udp 10.0.0.1:1 > 10.0.0.2:2 \"ab\""},
      {"8, and bytes behind it", udp(1, 2).payload("abcd").length(8), "udp 10.0.0.1:1 > 10.0.0.2:2 \"\""},
      {"7", udp(1, 2).payload("abcd").length(7), "malformed"},
      {"1", udp(1, 2).payload("abcd").length(1), "malformed"},
      {"0: a jumbogram", udp(1, 2).payload("abcd").length(0).no_checksum(), "udp 10.0.0.1:1 > 10.0.0.2:2 \"abcd\""},
      {"longer counts as what there is", udp(1, 2).payload("abcd").length(13).no_checksum(),
       "udp 10.0.0.1:1 > 10.0.0.2:2 \"abcd\""},
      {"longest", udp(1, 2).payload("abcd").length(65535).no_checksum(), "udp 10.0.0.1:1 > 10.0.0.2:2 \"abcd\""},
  };
  for (const Row& row : rows) EXPECT_EQ(told(kFront / row.udp), row.expected) << row.what;
  EXPECT_EQ(told(kFront / data("7 bytes", 17)), "truncated");
}

TEST(Udp, ItsLengthSaysWhatIsMissingToo) {
  struct Row {
    const char* what;
    unsigned length;
    const char* expected;
  };
  const Row rows[] = {
      {"right", 18, "udp 10.0.0.1:1 > 10.0.0.2:2 \"012345\"+4"},
      {"two less", 16, "udp 10.0.0.1:1 > 10.0.0.2:2 \"012345\"+2"},
      {"all that was captured", 14, "udp 10.0.0.1:1 > 10.0.0.2:2 \"012345\""},
      {"less than was captured", 10, "udp 10.0.0.1:1 > 10.0.0.2:2 \"01\""},
      {"more than the wire had", 19, "udp 10.0.0.1:1 > 10.0.0.2:2 \"012345\"+4"},
      {"0", 0, "udp 10.0.0.1:1 > 10.0.0.2:2 \"012345\"+4"},
  };
  for (const Row& row : rows) {
    std::string bytes = kFront / udp(1, 2).payload("0123456789").length(row.length);
    bytes.resize(bytes.size() - 4);
    EXPECT_EQ(told(1, bytes, 4), row.expected) << row.what;
  }
}

}  // namespace
}  // namespace unspool::test
