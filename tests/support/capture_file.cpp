#include "support/capture_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace unspool::test {

Image& Image::number(std::uint64_t v, unsigned size) {
  for (unsigned i = 0; i < size; ++i) {
    const unsigned shift = 8 * (big_ ? size - 1 - i : i);
    bytes_.push_back(static_cast<char>(v >> shift & 0xffU));
  }
  return *this;
}

Image& Image::text(std::string_view bytes) {
  bytes_ += bytes;
  return *this;
}

Image& Image::pad() {
  bytes_.resize((bytes_.size() + 3) / 4 * 4);
  return *this;
}

PcapImage::PcapImage(PcapShape shape) : nanoseconds_{shape.nanoseconds}, image_{shape.big} {
  image_.u32(shape.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4).u16(shape.major).u16(shape.minor);
  image_.u32(0).u32(0).u32(shape.snaplen).u32(shape.link_type);
  records_.push_back(image_.bytes().size());
}

PcapImage& PcapImage::packet(std::uint64_t ns, std::string_view bytes, std::uint32_t wire) {
  const auto captured = static_cast<std::uint32_t>(bytes.size());
  const std::uint64_t fraction = ns % 1'000'000'000 / (nanoseconds_ ? 1 : 1000);
  header(static_cast<std::uint32_t>(ns / 1'000'000'000), static_cast<std::uint32_t>(fraction), captured,
         wire == 0 ? captured : wire);
  text(bytes);
  records_.push_back(image_.bytes().size());
  return *this;
}

PcapImage& PcapImage::header(std::uint32_t seconds, std::uint32_t fraction, std::uint32_t captured,
                             std::uint32_t wire) {
  image_.u32(seconds).u32(fraction).u32(captured).u32(wire);
  return *this;
}

PcapImage& PcapImage::text(std::string_view bytes) {
  image_.text(bytes);
  return *this;
}

PcapngImage::PcapngImage(bool big) : image_{big} { section(big); }

PcapngImage& PcapngImage::section(bool big, std::uint16_t major) {
  image_.set_big(big);
  const Image body = fields().u32(0x1a2b3c4d).u16(major).u16(0).u64(UINT64_MAX);
  return block(0x0a0d0d0a, body.bytes());
}

PcapngImage& PcapngImage::interface(std::uint16_t link_type, std::uint32_t snaplen, std::string_view options) {
  return block(1, fields().u16(link_type).u16(0).u32(snaplen).text(options).bytes());
}

PcapngImage& PcapngImage::packet(std::uint32_t interface, std::uint64_t ticks, std::string_view bytes,
                                 std::uint32_t wire, std::string_view options) {
  const auto captured = static_cast<std::uint32_t>(bytes.size());
  Image body = fields();
  body.u32(interface).u32(static_cast<std::uint32_t>(ticks >> 32U)).u32(static_cast<std::uint32_t>(ticks));
  body.u32(captured).u32(wire == 0 ? captured : wire).text(bytes).pad().text(options);
  return block(6, body.bytes());
}

PcapngImage& PcapngImage::simple(std::string_view bytes, std::uint32_t wire) {
  return block(3, fields().u32(wire == 0 ? static_cast<std::uint32_t>(bytes.size()) : wire).text(bytes).bytes());
}

PcapngImage& PcapngImage::obsolete(std::uint16_t interface, std::uint16_t drops, std::uint64_t ticks,
                                   std::string_view bytes) {
  const auto captured = static_cast<std::uint32_t>(bytes.size());
  Image body = fields();
  body.u16(interface).u16(drops).u32(static_cast<std::uint32_t>(ticks >> 32U)).u32(static_cast<std::uint32_t>(ticks));
  return block(2, body.u32(captured).u32(captured).text(bytes).bytes());
}

PcapngImage& PcapngImage::block(std::uint32_t type, std::string_view body) {
  const Image padded = fields().text(body).pad();
  const auto length = static_cast<std::uint32_t>(padded.bytes().size() + 12);
  image_.u32(type).u32(length).text(padded.bytes()).u32(length);
  records_.push_back(image_.bytes().size());
  return *this;
}

PcapngImage& PcapngImage::text(std::string_view bytes) {
  image_.text(bytes);
  return *this;
}

std::string PcapngImage::option(std::uint16_t code, std::string_view value) const {
  return fields().u16(code).u16(static_cast<std::uint16_t>(value.size())).text(value).pad().bytes();
}

std::string PcapngImage::option_u64(std::uint16_t code, std::uint64_t value) const {
  return option(code, fields().u64(value).bytes());
}

ScratchFolder::ScratchFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "unspool-test-XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ScratchFolder::file(const std::string& name, std::string_view bytes) const {
  std::ofstream out(path_ / name, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  EXPECT_TRUE(out.good());
  return path(name);
}

}  // namespace unspool::test
