#include "capture/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/capture_file.h"

namespace unspool::test {
namespace {

constexpr std::uint16_t kEthernet = 1, kRawIp = 101, kLinuxCooked = 113, kUsb = 189;

/// 10.0.0.1 to 10.0.0.2, TCP from 49152 to 80, headers alone.
std::string tcp_packet() {
  Image ip{true};
  ip.u16(0x4500).u16(40).u32(0).u16(0x4006).u16(0).u32(0x0a000001).u32(0x0a000002);
  return ip.u16(49152).u16(80).u64(0).u16(0x5000).u16(0).u32(0).bytes();
}

std::string ethernet(std::uint16_t type, std::string_view payload) {
  return Image{true}.text("\x02\x02\x02\x02\x02\x02\x04\x04\x04\x04\x04\x04").u16(type).text(payload).bytes();
}

std::string vlan(std::uint16_t number, std::string_view payload) {
  return ethernet(0x8100, Image{true}.u16(number).u16(0x0800).text(payload).bytes());
}

Packet packet(std::uint16_t link_type, std::string_view bytes) {
  return {.bytes = as_bytes(bytes), .wire_length = static_cast<std::uint32_t>(bytes.size()), .link_type = link_type};
}

TEST(Filter, Matches) {
  const std::string ip = tcp_packet();
  struct Row {
    const char* expression;
    bool on_ethernet, on_raw_ip, on_vlan_5;
  };
  const Row rows[] = {
      {"", true, true, true},
      {"tcp port 80", true, true, false},
      {"tcp port 81", false, false, false},
      {"host 10.0.0.1 and dst port 80", true, true, false},
      {"ip6", false, false, false},
      {"vlan 5 and tcp port 80", false, false, true},
      {"vlan 6", false, false, false},
      {"ether[0] = 2", true, false, true},
      {"greater 50", true, false, true},
  };
  for (const Row& row : rows) {
    auto filter = Filter::compile(row.expression);
    ASSERT_TRUE(filter) << filter.error().what;
    const std::string plain = ethernet(0x0800, ip);
    const std::string tagged = vlan(5, ip);
    for (int again = 0; again < 2; ++again) {
      EXPECT_EQ(filter->matches(packet(kEthernet, plain)), row.on_ethernet) << row.expression;
      EXPECT_EQ(filter->matches(packet(kRawIp, ip)), row.on_raw_ip) << row.expression;
      EXPECT_EQ(filter->matches(packet(kEthernet, tagged)), row.on_vlan_5) << row.expression;
    }
  }
}

TEST(Filter, LengthsAreOfTheWire) {
  auto filter = Filter::compile("greater 1000");
  ASSERT_TRUE(filter);
  const std::string bytes = ethernet(0x0800, tcp_packet());
  Packet cut = packet(kEthernet, bytes);
  EXPECT_FALSE(filter->matches(cut));
  cut.wire_length = 1500;
  EXPECT_TRUE(filter->matches(cut));
}

TEST(Filter, BytesThatWereNotCapturedDoNotMatch) {
  auto filter = Filter::compile("tcp port 80");
  ASSERT_TRUE(filter);
  const std::string bytes = ethernet(0x0800, tcp_packet());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string_view cut = std::string_view{bytes}.substr(0, size);
    EXPECT_EQ(filter->matches(packet(kEthernet, cut)), size >= 38) << size;
  }
  EXPECT_FALSE(filter->matches(Packet{.wire_length = 100, .link_type = kEthernet}));
}

TEST(Filter, LinkTypesThatItMakesNoSenseFor) {
  auto filter = Filter::compile("ether host 02:02:02:02:02:02");
  ASSERT_TRUE(filter);
  const std::string bytes = ethernet(0x0800, tcp_packet());
  EXPECT_TRUE(filter->matches(packet(kEthernet, bytes)));
  EXPECT_EQ(filter->unjudged(), 0U);
  EXPECT_FALSE(filter->matches(packet(kLinuxCooked, bytes)));
  EXPECT_FALSE(filter->matches(packet(kUsb, bytes)));
  EXPECT_FALSE(filter->matches(packet(kLinuxCooked, bytes)));
  EXPECT_EQ(filter->unjudged(), 3U);
}

TEST(Filter, LinkTypesWithoutEnd) {
  auto filter = Filter::compile("greater 10");
  ASSERT_TRUE(filter);
  const std::string bytes(20, 'x');
  for (std::uint16_t type = 0; type < 200; ++type) filter->matches(packet(type, bytes));
  EXPECT_GE(filter->unjudged(), 136U);
  EXPECT_TRUE(filter->matches(packet(kEthernet, bytes)));
}

TEST(Filter, Errors) {
  for (const char* wrong : {"tcp prot 80", "host", "(", "port 99999"}) {
    const auto filter = Filter::compile(wrong);
    ASSERT_FALSE(filter) << wrong;
    EXPECT_THAT(filter.error().what, testing::StartsWith("'" + std::string{wrong} + "' is no filter expression: "));
    EXPECT_GT(filter.error().what.size(), std::string{wrong}.size() + 30);
  }
}

TEST(Filter, Moves) {
  auto filter = Filter::compile("tcp");
  ASSERT_TRUE(filter);
  Filter moved = std::move(*filter);
  auto other = Filter::compile("udp");
  ASSERT_TRUE(other);
  *other = std::move(moved);
  EXPECT_TRUE(other->matches(packet(kRawIp, tcp_packet())));
}

}  // namespace
}  // namespace unspool::test
