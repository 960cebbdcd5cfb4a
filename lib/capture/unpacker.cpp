#include "capture/unpacker.h"

#include <fmt/format.h>
#define ZLIB_CONST  // its input is const
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>

#include "base/cursor.h"

namespace unspool {
namespace {

constexpr int kGzipOnly = 15 + 16;  // window bits as inflateInit2() wants them
/// Of a zstd frame; what `zstd` itself takes without --long.
constexpr int kWindowBits = 27;

constexpr std::uint32_t kZstdFrame = 0x28b52ffd;
/// Frames to be passed over, which pzstd begins with; the lowest four bits are anybody's.
constexpr std::uint32_t kSkippableFrame = 0x502a4d18, kSkippableMask = 0xf0ffffff;

class GzipUnpacker : public Unpacker {
 public:
  GzipUnpacker() : is_ready_{::inflateInit2(&stream_, kGzipOnly) == Z_OK} {}
  ~GzipUnpacker() override {
    if (is_ready_) ::inflateEnd(&stream_);
  }
  bool is_ready() const { return is_ready_; }

  Step unpack(Bytes packed, std::span<std::byte> into) override {
    Step step;
    while (step.taken < packed.size() || is_full_) {
      if (is_whole_ && !begin_member(packed, step)) return step;
      const Bytes rest = packed.subspan(step.taken);
      stream_.next_in = reinterpret_cast<const Bytef*>(rest.data());
      stream_.avail_in = static_cast<uInt>(rest.size());
      stream_.next_out = reinterpret_cast<Bytef*>(into.data());
      stream_.avail_out = static_cast<uInt>(into.size());
      const int result = ::inflate(&stream_, Z_NO_FLUSH);
      step.taken = packed.size() - stream_.avail_in;
      step.made = into.size() - stream_.avail_out;
      is_full_ = stream_.avail_out == 0;
      is_whole_ = result == Z_STREAM_END;
      if (is_whole_) is_full_ = false;
      step.is_corrupt = result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR;
      if (step.made > 0 || step.is_corrupt) return step;
    }
    return step;
  }

  bool is_whole() const override { return is_whole_; }
  std::string_view name() const override { return "gzip"; }
  std::string problem() const override {
    if (is_padded_) return "something that is no gzip member follows behind the last one";
    return stream_.msg == nullptr ? "it makes no sense" : stream_.msg;
  }

 private:
  /// Zeros behind the last member, as tapes have them, are passed over.
  bool begin_member(Bytes packed, Step& step) {
    const auto zeros = [&] {
      const auto at = packed.begin() + static_cast<std::ptrdiff_t>(step.taken);
      return std::find_if(at, packed.end(), [](std::byte b) { return b != std::byte{0}; }) - at;
    }();
    step.taken += static_cast<std::size_t>(zeros);
    is_padded_ = is_padded_ || zeros > 0;
    if (step.taken == packed.size()) return false;
    step.is_corrupt = is_padded_ || ::inflateReset(&stream_) != Z_OK;
    is_whole_ = false;
    return !step.is_corrupt;
  }

  z_stream stream_{};
  bool is_ready_;
  bool is_whole_ = false;
  bool is_full_ = false;    // zlib may hold more than there was room for
  bool is_padded_ = false;  // with zeros behind the last member
};

class ZstdUnpacker : public Unpacker {
 public:
  ZstdUnpacker() {
    if (stream_) ::ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kWindowBits);
  }
  bool is_ready() const { return stream_ != nullptr; }

  Step unpack(Bytes packed, std::span<std::byte> into) override {
    if (is_whole_ && packed.empty()) return {};  // zstd would begin a frame
    ZSTD_inBuffer in{.src = packed.data(), .size = packed.size(), .pos = 0};
    ZSTD_outBuffer out{.dst = into.data(), .size = into.size(), .pos = 0};
    while (out.pos == 0) {
      const std::size_t before = in.pos;
      const std::size_t left = ::ZSTD_decompressStream(stream_.get(), &out, &in);
      if (::ZSTD_isError(left) != 0) {
        error_ = ::ZSTD_getErrorCode(left);
        return {.taken = in.pos, .made = out.pos, .is_corrupt = true};
      }
      is_whole_ = left == 0;
      if (in.pos == in.size || in.pos == before) break;
    }
    return {.taken = in.pos, .made = out.pos};
  }

  bool is_whole() const override { return is_whole_; }
  std::string_view name() const override { return "zstd"; }
  std::string problem() const override {
    if (error_ == ZSTD_error_frameParameter_windowTooLarge)
      return "its window is larger than 128 MiB; try zstdcat --long=31 FILE | unspool -r -";
    return ::ZSTD_getErrorString(error_);
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* stream) const { ::ZSTD_freeDCtx(stream); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> stream_{::ZSTD_createDCtx()};
  ZSTD_ErrorCode error_ = ZSTD_error_no_error;
  bool is_whole_ = false;
};

template <class T>
std::unique_ptr<Unpacker> made() {
  auto unpacker = std::make_unique<T>();
  if (!unpacker->is_ready()) return nullptr;
  return unpacker;
}

}  // namespace

Compression compression_of(Bytes first) {
  if (as_text(first).starts_with("\x1f\x8b")) return Compression::gzip;
  const auto magic = Cursor{first}.get<std::uint32_t>();
  if (magic == kZstdFrame || (magic & kSkippableMask) == kSkippableFrame) return Compression::zstd;
  return Compression::none;
}

std::unique_ptr<Unpacker> make_unpacker(Compression compression) {
  return compression == Compression::gzip ? made<GzipUnpacker>() : made<ZstdUnpacker>();
}

}  // namespace unspool
