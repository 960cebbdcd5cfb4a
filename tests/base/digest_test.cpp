#include "base/digest.h"

#include <gtest/gtest.h>

namespace unspool {
namespace {

std::string sha256(std::initializer_list<std::string_view> pieces) {
  Sha256 digest;
  for (const auto piece : pieces) digest.add(as_bytes(piece));
  return hex(digest.finish());
}

// FIPS 180-4, and the examples that NIST gives for it.
TEST(Digest, Vectors) {
  EXPECT_EQ(sha256({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256({"abc"}), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256({"a", "", "bc"}), sha256({"abc"}));
  EXPECT_EQ(sha256({"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"}),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256({std::string(1'000'000, 'a')}), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(hex(Sha1{}.of({})), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(hex(Sha1{}.of(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(Digest, MovesWithWhatWasAdded) {
  Sha256 first;
  first.add(as_bytes("ab"));
  Sha256 second = std::move(first);
  second.add(as_bytes("c"));
  Sha256 third;
  third.add(as_bytes("thrown away"));
  third = std::move(second);
  EXPECT_EQ(hex(third.finish()), sha256({"abc"}));
}

TEST(Hex, LowerCase) {
  EXPECT_EQ(hex({}), "");
  EXPECT_EQ(hex(as_bytes(std::string_view("\x00\x0f\xa0\xff", 4))), "000fa0ff");
}

// RFC 4648, 10.
TEST(Base64, Vectors) {
  struct Row {
    std::string_view bytes;
    const char* expected;
  };
  const Row rows[] = {{"", ""},
                      {"f", "Zg=="},
                      {"fo", "Zm8="},
                      {"foo", "Zm9v"},
                      {"foob", "Zm9vYg=="},
                      {"fooba", "Zm9vYmE="},
                      {"foobar", "Zm9vYmFy"},
                      {"\xfb\xff\xbe", "+/++"}};
  for (const Row& row : rows) EXPECT_EQ(base64(as_bytes(row.bytes)), row.expected);
  const std::string many = base64(as_bytes(std::string(300, 'f')));
  EXPECT_EQ(many.size(), 400U);
  EXPECT_EQ(many.find_first_not_of("ZmZm"), std::string::npos) << "no line breaks";
}

}  // namespace
}  // namespace unspool
