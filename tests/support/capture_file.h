// Capture files for tests, made byte by byte: right ones, and ones that lie.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace unspool::test {

/// Numbers in a byte order, one behind the other.
class Image {
 public:
  explicit Image(bool big) : big_{big} {}
  Image& u16(std::uint16_t v) { return number(v, 2); }
  Image& u32(std::uint32_t v) { return number(v, 4); }
  Image& u64(std::uint64_t v) { return number(v, 8); }
  Image& text(std::string_view bytes);
  /// Zeros up to a multiple of four.
  Image& pad();

  bool big() const { return big_; }
  void set_big(bool big) { big_ = big; }
  const std::string& bytes() const { return bytes_; }

 private:
  Image& number(std::uint64_t v, unsigned size);
  bool big_;
  std::string bytes_;
};

struct PcapShape {
  bool big = false;
  bool nanoseconds = false;
  std::uint32_t link_type = 1;
  std::uint32_t snaplen = 262'144;
  std::uint16_t major = 2;
  std::uint16_t minor = 4;
};

class PcapImage {
 public:
  explicit PcapImage(PcapShape shape = {});
  /// `wire` 0: as long as `bytes`.
  PcapImage& packet(std::uint64_t ns, std::string_view bytes, std::uint32_t wire = 0);
  /// A record's header alone, which may say anything.
  PcapImage& header(std::uint32_t seconds, std::uint32_t fraction, std::uint32_t captured, std::uint32_t wire);
  PcapImage& text(std::string_view bytes);

  const std::string& bytes() const { return image_.bytes(); }
  /// Offsets of the headers of packets, and the size of the image.
  const std::vector<std::uint64_t>& records() const { return records_; }

 private:
  bool nanoseconds_;
  Image image_;
  std::vector<std::uint64_t> records_;
};

class PcapngImage {
 public:
  /// Begins with a section.
  explicit PcapngImage(bool big = false);
  PcapngImage& section(bool big, std::uint16_t major = 1);
  PcapngImage& interface(std::uint16_t link_type, std::uint32_t snaplen = 0, std::string_view options = {});
  /// An enhanced packet block. `wire` 0: as long as `bytes`.
  PcapngImage& packet(std::uint32_t interface, std::uint64_t ticks, std::string_view bytes, std::uint32_t wire = 0,
                      std::string_view options = {});
  PcapngImage& simple(std::string_view bytes, std::uint32_t wire = 0);
  PcapngImage& obsolete(std::uint16_t interface, std::uint16_t drops, std::uint64_t ticks, std::string_view bytes);
  /// Any block; `body` is padded.
  PcapngImage& block(std::uint32_t type, std::string_view body);
  PcapngImage& text(std::string_view bytes);

  /// In the byte order of the section, to be put behind each other.
  std::string option(std::uint16_t code, std::string_view value) const;
  std::string option_u64(std::uint16_t code, std::uint64_t value) const;
  /// An empty image in the byte order of the section.
  Image fields() const { return Image{image_.big()}; }

  const std::string& bytes() const { return image_.bytes(); }
  /// Offsets of all blocks, and the size of the image.
  const std::vector<std::uint64_t>& records() const { return records_; }

 private:
  Image image_;
  std::vector<std::uint64_t> records_{0};
};

/// A directory that goes away with everything in it.
class ScratchFolder {
 public:
  ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();

  /// Writes a file; its path.
  std::string file(const std::string& name, std::string_view bytes) const;
  std::string path(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace unspool::test
