#include "transfer/job_bytes.h"

#include <gtest/gtest.h>

#include <string>

namespace unspool::test {
namespace {

/// All of it, piece by piece: "2048+6144".
std::string pieces(const JobBytes& bytes, std::string& content) {
  std::string told;
  content.clear();
  for (std::size_t at = 0; at < bytes.size();) {
    const Bytes piece = bytes.at(at, bytes.size());
    content += as_text(piece);
    told += (told.empty() ? "" : "+") + std::to_string(piece.size());
    at += piece.size();
  }
  return told;
}

std::string counting(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i % 23);
  return text;
}

TEST(JobBytes, TakeAsMuchRoomAsTheyNeedOrLittleMore) {
  struct Row {
    std::size_t size, room;
    const char* pieces;
  };
  const Row rows[] = {
      {0, 0, ""},
      {1, 2048, "1"},
      {2048, 2048, "2048"},
      {2049, 8192, "2048+1"},
      {8193, 16384, "2048+6144+1"},
      {20'000, 24'576, "2048+6144+8192+3616"},
      {65'536, 65'536, "2048+6144+8192+8192+8192+8192+8192+8192+8192"},
  };
  for (const Row& row : rows) {
    for (const std::size_t step : {std::size_t{1460}, std::size_t{65'536}}) {
      const std::string text = counting(row.size);
      SparePieces spare;
      JobBytes bytes;
      for (std::size_t at = 0; at < text.size(); at += step) bytes.add(as_bytes(text.substr(at, step)), spare);
      std::string content;
      EXPECT_EQ(pieces(bytes, content), row.pieces);
      EXPECT_EQ(content, text);
      EXPECT_EQ(bytes.size(), row.size);
      EXPECT_EQ(bytes.room(), row.room);
    }
  }
}

TEST(JobBytes, AreFoundFromAnyByteOn) {
  SparePieces spare;
  JobBytes bytes;
  bytes.add(as_bytes(counting(20'000)), spare);
  EXPECT_EQ(as_text(bytes.at(8190, 100)), counting(20'000).substr(8190, 2)) << "up to the end of the piece";
  EXPECT_EQ(as_text(bytes.at(8192, 100)), counting(20'000).substr(8192, 100));
}

TEST(JobBytes, UsePiecesAgain) {
  SparePieces spare;
  JobBytes one, other;
  one.add(as_bytes(counting(100)), spare);
  const std::byte* const piece = one.at(0, 1).data();
  one.clear(spare);
  EXPECT_TRUE(one.empty());
  EXPECT_EQ(one.room(), 0U);
  other.add(as_bytes(counting(100)), spare);
  EXPECT_EQ(other.at(0, 1).data(), piece);
}

}  // namespace
}  // namespace unspool::test
