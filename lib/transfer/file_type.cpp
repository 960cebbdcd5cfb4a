#include "transfer/file_type.h"

#include <magic.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "base/digest.h"
#include "base/utf8.h"

namespace unspool {
namespace {

using namespace std::string_view_literals;

struct Prefix {
  std::string_view begin, type;
  std::string_view then = {};  // what stands at that offset
  std::size_t at = 0;

  bool fits(std::string_view text) const {
    return text.starts_with(begin) && (then.empty() || (text.size() > at && text.substr(at).starts_with(then)));
  }
};

/// What crosses wires most, and is known by it alone: libmagic needs a sixth of a millisecond for a file that it does
/// not know, and a whole one for text. It would say the same of a whole one.
constexpr std::array kPrefixes{
    Prefix{"\x89PNG\r\n\x1a\n"sv, "image/png"},
    Prefix{"\xff\xd8\xff"sv, "image/jpeg"},
    Prefix{"GIF87a"sv, "image/gif"},
    Prefix{"GIF89a"sv, "image/gif"},
    Prefix{"%PDF-"sv, "application/pdf"},
    Prefix{"\x1f\x8b"sv, "application/gzip"},
    Prefix{"BZh"sv, "application/x-bzip2"},
    Prefix{"\xfd\x37zXZ\0"sv, "application/x-xz"},
    Prefix{"\x28\xb5\x2f\xfd"sv, "application/zstd"},
    Prefix{"7z\xbc\xaf\x27\x1c"sv, "application/x-7z-compressed"},
    Prefix{"OggS"sv, "audio/ogg"},
    Prefix{"ID3"sv, "audio/mpeg"},
    Prefix{"wOFF"sv, "font/woff"},
    Prefix{"wOF2"sv, "font/woff2"},
    Prefix{"<!DOCTYPE html"sv, "text/html"},
    Prefix{"<!doctype html"sv, "text/html"},
    Prefix{"<html"sv, "text/html"},
    Prefix{"<HTML"sv, "text/html"},
    Prefix{"<?xml"sv, "text/xml"},
    Prefix{"RIFF"sv, "image/webp", "WEBP"sv, 8},
    Prefix{"RIFF"sv, "audio/x-wav", "WAVE"sv, 8},
    Prefix{"RIFF"sv, "video/x-msvideo", "AVI "sv, 8},
    Prefix{"\0\0\0"sv, "video/mp4", "ftypisom"sv, 4},
    Prefix{"\0\0\0"sv, "video/mp4", "ftypiso5"sv, 4},
    Prefix{"\0\0\0"sv, "video/mp4", "ftypiso6"sv, 4},
    Prefix{"\0\0\0"sv, "video/mp4", "ftypmp42"sv, 4},
    Prefix{"\0\0\0"sv, "video/mp4", "ftypdash"sv, 4},
    Prefix{"\0\0\0"sv, "video/quicktime", "ftypqt  "sv, 4},
    Prefix{"\0\0\0"sv, "audio/x-m4a", "ftypM4A "sv, 4},
    Prefix{"\0\0\0"sv, "image/avif", "ftypavif"sv, 4},
    Prefix{"\0\0\0"sv, "image/heic", "ftypheic"sv, 4},
    Prefix{"FLV\1"sv, "video/x-flv"},
    Prefix{"fLaC"sv, "audio/flac"},
    Prefix{"\0asm"sv, "application/wasm"},
    Prefix{"Rar!\x1a\x07"sv, "application/x-rar"},
    Prefix{"\x04\x22\x4d\x18"sv, "application/x-lz4"},
    Prefix{"!<arch>\ndebian"sv, "application/vnd.debian.binary-package"},
    Prefix{"SQLite format 3\0"sv, "application/vnd.sqlite3"},
    Prefix{"\xd4\xc3\xb2\xa1"sv, "application/vnd.tcpdump.pcap"},
    Prefix{"II*\0"sv, "image/tiff"},
    Prefix{"MM\0*"sv, "image/tiff"},
    Prefix{"\0\0\1\0\1\0"sv, "image/vnd.microsoft.icon"},
    Prefix{"8BPS\0\1"sv, "image/vnd.adobe.photoshop"},
    Prefix{"{\\rtf"sv, "text/rtf"},
};

/// What libmagic can tell apart further: programs from libraries, archives from documents that are archives inside.
constexpr std::array kRough{
    Prefix{"PK\x03\x04"sv, "application/zip"},
    Prefix{"\x7f"
           "ELF"sv,
           "application/x-executable"},
    Prefix{"MZ"sv, "application/x-dosexec"},
    Prefix{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "application/x-ole-storage"},
    Prefix{"\xca\xfe\xba\xbe\0\0\0"sv, "application/x-java-applet"},
    Prefix{"\x1a\x45\xdf\xa3"sv, "video/x-matroska"},
};

template <std::size_t N>
std::string_view type_in(const std::array<Prefix, N>& table, std::string_view text) {
  const auto known = std::find_if(table.begin(), table.end(), [&](const Prefix& p) { return p.fits(text); });
  return known == table.end() ? std::string_view{} : known->type;
}

/// Whether a person could read it: UTF-8 without control characters but those of lines. Its last character may be cut
/// off.
bool is_text(std::string_view text) {
  constexpr std::size_t kLongest = 4;  // bytes of a character
  constexpr auto is_of_lines = [](char c) { return c == '\n' || c == '\r' || c == '\t' || c == '\f'; };
  while (!text.empty()) {
    const std::size_t length = is_of_lines(text[0]) ? 1 : printable(text);
    if (length == 0) return text.size() < kLongest && static_cast<unsigned char>(text[0]) >= 0xc2;
    text.remove_prefix(length);
  }
  return true;
}

/// By the tables alone.
std::string_view rough_type(std::string_view text) { return is_text(text) ? "text/plain" : type_in(kRough, text); }

}  // namespace

struct FileTypes::Library {
  magic_t cookie = ::magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_CDF);
  bool loaded = cookie != nullptr && ::magic_load(cookie, nullptr) == 0;

  /// Of beginnings that came before: the same pages, scripts and pictures cross a wire again and again. By a digest
  /// that nobody can make collide, else what one sends would change what is said of another's file.
  struct Hash {
    std::size_t operator()(const Sha256::Value& digest) const {
      std::size_t hash = 0;
      std::memcpy(&hash, digest.data(), sizeof hash);
      return hash;
    }
  };
  std::unordered_map<Sha256::Value, std::string, Hash> answers;

  Library() = default;
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    if (cookie != nullptr) ::magic_close(cookie);
  }
};

FileTypes::FileTypes(TypeSource source) : source_{source} {}
FileTypes::FileTypes(FileTypes&&) noexcept = default;
FileTypes::~FileTypes() = default;

std::string FileTypes::of(Bytes first) {
  if (source_ == TypeSource::none || first.empty()) return {};
  const std::string_view text = as_text(first.first(std::min(first.size(), kLookedAt)));
  if (const std::string_view known = type_in(kPrefixes, text); !known.empty()) return std::string{known};
  if (source_ == TypeSource::prefix) return std::string{rough_type(text)};
  if (!library_) library_ = std::make_unique<Library>();
  if (!library_->loaded) return {};
  Sha256 digest;
  digest.add(as_bytes(text));
  const auto [place, is_new] = library_->answers.try_emplace(digest.finish());
  if (!is_new) return place->second;
  ++asked_;
  const char* type = ::magic_buffer(library_->cookie, text.data(), text.size());
  const std::string answer = type == nullptr ? "" : type;
  place->second = answer;
  if (library_->answers.size() == kRemembered) library_->answers.clear();
  return answer;
}

}  // namespace unspool
