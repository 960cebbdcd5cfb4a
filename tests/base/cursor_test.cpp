#include "base/cursor.h"

#include <gtest/gtest.h>

namespace unspool {
namespace {

using namespace std::string_view_literals;

TEST(Cursor, ReadsBothByteOrders) {
  const Bytes bytes = as_bytes("\x01\x02\x03\x04\x05\x06\x07\x08"sv);
  EXPECT_EQ(Cursor{bytes}.get<std::uint8_t>(), 0x01);
  EXPECT_EQ(Cursor{bytes}.get<std::uint16_t>(), 0x0102);
  EXPECT_EQ(Cursor{bytes}.get<std::uint32_t>(), 0x01020304U);
  EXPECT_EQ(Cursor{bytes}.get<std::uint64_t>(), 0x0102030405060708U);
  EXPECT_EQ(Cursor{bytes}.get_le<std::uint8_t>(), 0x01);
  EXPECT_EQ(Cursor{bytes}.get_le<std::uint16_t>(), 0x0201);
  EXPECT_EQ(Cursor{bytes}.get_le<std::uint32_t>(), 0x04030201U);
  EXPECT_EQ(Cursor{bytes}.get_le<std::uint64_t>(), 0x0807060504030201U);
}

TEST(Cursor, GoesOnFromWhereItIs) {
  Cursor in{
      as_bytes("\x07"
               "abcdef"
               "\x00\x09"sv)};
  EXPECT_EQ(in.get<std::uint8_t>(), 7);
  in.skip(1);
  EXPECT_EQ(as_text(in.take(3)), "bcd");
  EXPECT_EQ(as_text(in.rest()), "ef\0\x09"sv);
  in.skip(2);
  EXPECT_EQ(in.left(), 2U);
  EXPECT_EQ(in.get<std::uint16_t>(), 9);
  EXPECT_EQ(in.left(), 0U);
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.take(0).empty());
  EXPECT_TRUE(in.ok()) << "nothing can be taken from nothing";
}

TEST(Cursor, PastTheEndReadsZeroForGood) {
  for (std::size_t there = 0; there < 4; ++there) {
    Cursor in{as_bytes("\xff\xff\xff"sv).first(there)};
    EXPECT_EQ(in.get<std::uint32_t>(), 0U) << there;
    EXPECT_FALSE(in.ok()) << there;
    EXPECT_EQ(in.left(), 0U) << "what is left is not read as something else";
    EXPECT_EQ(in.get<std::uint8_t>(), 0U) << there;
    EXPECT_FALSE(in.ok()) << there;
  }
  Cursor in{as_bytes("abc"sv)};
  EXPECT_TRUE(in.take(4).empty());
  EXPECT_FALSE(in.ok());
  Cursor longest{as_bytes("abc"sv)};
  longest.skip(static_cast<std::size_t>(-1));
  EXPECT_FALSE(longest.ok());
}

}  // namespace
}  // namespace unspool
