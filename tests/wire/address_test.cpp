#include "wire/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace unspool::test {
namespace {

IpAddress v6(const char* text) {
  std::array<std::byte, 16> octets;
  EXPECT_EQ(::inet_pton(AF_INET6, text, octets.data()), 1);
  return IpAddress::v6(octets);
}

IpAddress v4(const char* text) {
  std::array<std::byte, 4> octets;
  EXPECT_EQ(::inet_pton(AF_INET, text, octets.data()), 1);
  return IpAddress::v4(octets);
}

TEST(IpAddress, AsPeopleReadThem) {
  EXPECT_EQ(to_string(v4("10.0.0.5")), "10.0.0.5");
  EXPECT_EQ(to_string(v4("255.255.255.255")), "255.255.255.255");
  EXPECT_EQ(to_string(IpAddress{}), "::");
  EXPECT_EQ(to_string(v6("2001:0DB8:0:0:1:0:0:1")), "2001:db8::1:0:0:1") << "RFC 5952";
  EXPECT_EQ(to_string(v6("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  EXPECT_EQ(to_string(v6("::ffff:10.0.0.5")), "10.0.0.5");
}

TEST(IpAddress, NetworkBytesAreThoseOfAHeader) {
  EXPECT_EQ(as_text(v4("65.66.67.68").network_bytes()), "ABCD");
  EXPECT_EQ(as_text(v6("4142::4344").network_bytes()), std::string_view("AB\0\0\0\0\0\0\0\0\0\0\0\0CD", 16));
}

TEST(IpAddress, OneTypeOrdersBothVersions) {
  EXPECT_EQ(v4("10.0.0.5"), v6("::ffff:10.0.0.5"));
  EXPECT_NE(v4("10.0.0.5"), v6("::10.0.0.5"));
  EXPECT_TRUE(v4("10.0.0.5").is_v4());
  EXPECT_FALSE(v6("::10.0.0.5").is_v4());
  EXPECT_LT(v4("9.255.255.255"), v4("10.0.0.0"));
  EXPECT_LT(v6("::1"), v4("0.0.0.0"));
  EXPECT_LT(v4("255.255.255.255"), v6("2001::"));
}

}  // namespace
}  // namespace unspool::test
