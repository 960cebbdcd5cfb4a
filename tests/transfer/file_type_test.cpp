// What files are, by their first bytes.
#include "transfer/file_type.h"

#include <gtest/gtest.h>

namespace unspool::test {
namespace {

std::string type(TypeSource source, std::string_view bytes) { return FileTypes{source}.of(as_bytes(bytes)); }

TEST(FileTypes, Rows) {
  struct Row {
    std::string_view bytes;
    const char *prefix, *magic;
  };
  const Row rows[] = {
      {"\x89PNG\r\n\x1a\nrest", "image/png", "image/png"},
      {"\xff\xd8\xff\xe0", "image/jpeg", "image/jpeg"},
      {"<!DOCTYPE html><title>x</title>", "text/html", "text/html"},
      {"%PDF-1.7", "application/pdf", "application/pdf"},
      {"just some words\n", "", "text/plain"},
      {"\x7f"
       "ELF\x02\x01\x01",
       "", "application/octet-stream"},
      {"", "", ""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(type(TypeSource::none, row.bytes), "");
    EXPECT_EQ(type(TypeSource::prefix, row.bytes), row.prefix) << row.bytes;
    EXPECT_EQ(type(TypeSource::magic, row.bytes), row.magic) << row.bytes;
  }
}

TEST(FileTypes, LooksAtTheFirstBytesOnly) {
  FileTypes types{TypeSource::magic};
  const std::string text = std::string(FileTypes::kLookedAt, 'x') + std::string(1 << 20, '\0');
  EXPECT_EQ(types.of(as_bytes(text)), "text/plain");
}

}  // namespace
}  // namespace unspool::test
