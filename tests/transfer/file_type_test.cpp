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
      {"RIFF\x24\x10\x10\x10WEBPVP8 rest", "image/webp", "image/webp"},
      {"RIFF\x24\x10\x10\x10WAVEfmt rest", "audio/x-wav", "audio/x-wav"},
      {"RIFF\x24\x10\x10\x10NONErest", "", "application/octet-stream"},
      {"RIFF", "text/plain", "text/plain"},
      {std::string_view{"\0\0\0\x20"
                        "ftypisom\0\0\2\0",
                        16},
       "video/mp4", "video/mp4"},
      {"just some words\n", "text/plain", "text/plain"},
      {"line\r\n\ttwo \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "text/plain", "text/plain"},
      {"cut off \xe2\x82", "text/plain", "text/plain"},
      {"Latin \xe4 one", "", "text/plain"},
      {"MZ is no program", "text/plain", "text/plain"},
      {"bell\a", "", "text/plain"},
      {"\x7f"
       "ELF\x02\x01\x01",
       "application/x-executable", "application/octet-stream"},
      {"Rar!\x1a\x07\x01", "application/x-rar", "application/x-rar"},
      {"{\\rtf1\\ansi hello", "text/rtf", "text/rtf"},
      {std::string_view{"MZ\x90\0\x03\0\0\0", 8}, "application/x-dosexec", "application/octet-stream"},
      {std::string_view{"PK\x03\x04\x14\0\0\0\x08\0", 10}, "application/zip", "application/octet-stream"},
      {"", "", ""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(type(TypeSource::none, row.bytes), "");
    EXPECT_EQ(type(TypeSource::prefix, row.bytes), row.prefix) << row.bytes;
    EXPECT_EQ(type(TypeSource::magic, row.bytes), row.magic) << row.bytes;
  }
}

TEST(FileTypes, AsksOnceAboutEachBeginning) {
  FileTypes types{TypeSource::magic};
  const auto type_of = [&](std::string_view bytes) { return types.of(as_bytes(bytes)); };
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(type_of("just some words\n"), "text/plain");
    EXPECT_EQ(type_of("#!/bin/sh\nexit\n"), "text/x-shellscript");
    EXPECT_EQ(type_of("GIF89a"), "image/gif");
  }
  EXPECT_EQ(types.asked(), 2U) << "the table knows the third";
  for (std::size_t i = 0; i < FileTypes::kRemembered; ++i) type_of("word " + std::to_string(i));
  EXPECT_EQ(type_of("just some words\n"), "text/plain");
  EXPECT_EQ(types.asked(), 2U + FileTypes::kRemembered + 1U) << "it was forgotten";
}

TEST(FileTypes, LooksAtTheFirstBytesOnly) {
  FileTypes types{TypeSource::magic};
  const std::string text = std::string(FileTypes::kLookedAt, 'x') + std::string(1 << 20, '\0');
  EXPECT_EQ(types.of(as_bytes(text)), "text/plain");
}

}  // namespace
}  // namespace unspool::test
