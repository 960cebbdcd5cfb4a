#include "transfer/file_type.h"

#include <magic.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace unspool {
namespace {

using namespace std::string_view_literals;

struct Prefix {
  std::string_view begin, type;
};

/// What crosses wires most: libmagic needs up to a third of a millisecond for a file.
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
};

}  // namespace

struct FileTypes::Library {
  magic_t cookie = ::magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_CDF);
  bool loaded = cookie != nullptr && ::magic_load(cookie, nullptr) == 0;

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
  const auto known =
      std::find_if(kPrefixes.begin(), kPrefixes.end(), [&](const Prefix& p) { return text.starts_with(p.begin); });
  if (known != kPrefixes.end()) return std::string{known->type};
  if (source_ == TypeSource::prefix) return {};
  if (!library_) library_ = std::make_unique<Library>();
  if (!library_->loaded) return {};
  const char* type = ::magic_buffer(library_->cookie, text.data(), text.size());
  return type == nullptr ? std::string{} : std::string{type};
}

}  // namespace unspool
