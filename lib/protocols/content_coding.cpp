#include "protocols/content_coding.h"

#define ZLIB_CONST  // its input is const
#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "protocols/http_head.h"

namespace unspool {
namespace {

using Progress = Decoder::Progress;

/// gzip, of one or more members (RFC 1952), and what is sent as deflate: zlib (RFC 1950), or the bare format (RFC
/// 1951).
class Inflater final : public Decoder {
 public:
  explicit Inflater(ContentCoding coding) : gzip_{coding == ContentCoding::gzip} {
    if (inflateInit2(&stream_, gzip_ ? kGzip : kZlib) != Z_OK) throw std::bad_alloc{};
  }
  ~Inflater() override { inflateEnd(&stream_); }

  Step step(Bytes in, std::span<std::byte> out) override {
    if (!gzip_ && !begun_ && !in.empty()) choose_format(std::to_integer<unsigned>(in[0]));
    if (ended_ && !in.empty() && !begin_next_member(in)) return {.progress = Progress::corrupt};
    if (ended_) return {.progress = Progress::done};
    stream_.next_in = reinterpret_cast<const Bytef*>(in.data());
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    Step step{.used = in.size() - stream_.avail_in, .made = out.size() - stream_.avail_out};
    if (result == Z_STREAM_END) {
      ended_ = true;
      step.progress = Progress::done;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      step.progress = Progress::corrupt;
    }
    return step;
  }

 private:
  static constexpr int kGzip = MAX_WBITS + 16, kZlib = MAX_WBITS, kBare = -MAX_WBITS;

  /// A zlib header's first byte has 8 in its low half, and at most 7 above; no deflate block of ours begins like that
  /// but a stored one with junk in its padding.
  void choose_format(unsigned first) {
    begun_ = true;
    if ((first & 0x0fU) != 8 || first > 0x7fU) inflateReset2(&stream_, kBare);
  }
  /// RFC 1952, 2.2
  bool begin_next_member(Bytes in) {
    if (!gzip_ || std::to_integer<unsigned>(in[0]) != 0x1f) return false;
    ended_ = false;
    return inflateReset(&stream_) == Z_OK;
  }

  z_stream stream_{};
  bool gzip_, begun_ = false, ended_ = false;
};

/// RFC 7932
class Unbrotli final : public Decoder {
 public:
  Unbrotli() : state_{BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)} {
    if (!state_) throw std::bad_alloc{};
  }
  Step step(Bytes in, std::span<std::byte> out) override {
    if (ended_) return {.progress = in.empty() ? Progress::done : Progress::corrupt};
    std::size_t in_left = in.size(), out_left = out.size();
    auto next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    auto next_out = reinterpret_cast<std::uint8_t*>(out.data());
    const auto result = BrotliDecoderDecompressStream(state_.get(), &in_left, &next_in, &out_left, &next_out, nullptr);
    Step step{.used = in.size() - in_left, .made = out.size() - out_left};
    ended_ = result == BROTLI_DECODER_RESULT_SUCCESS;
    if (ended_) step.progress = Progress::done;
    if (result == BROTLI_DECODER_RESULT_ERROR) step.progress = Progress::corrupt;
    return step;
  }

 private:
  struct Destroy {
    void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
  };
  std::unique_ptr<BrotliDecoderState, Destroy> state_;
  bool ended_ = false;
};

/// RFC 8878, with the window that RFC 9659 allows.
class Unzstd final : public Decoder {
 public:
  Unzstd() : stream_{ZSTD_createDStream()} {
    if (!stream_) throw std::bad_alloc{};
    constexpr int kLargestWindow = 23;  // 8 MiB
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kLargestWindow);
  }
  Step step(Bytes in, std::span<std::byte> out) override {
    ZSTD_inBuffer from{.src = in.data(), .size = in.size(), .pos = 0};
    ZSTD_outBuffer to{.dst = out.data(), .size = out.size(), .pos = 0};
    const std::size_t result = ZSTD_decompressStream(stream_.get(), &to, &from);
    Step step{.used = from.pos, .made = to.pos};
    if (ZSTD_isError(result) != 0) {
      step.progress = Progress::corrupt;
    } else if (result == 0) {
      step.progress = Progress::done;
    }
    return step;
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  std::unique_ptr<ZSTD_DStream, Free> stream_;
};

}  // namespace

std::optional<ContentCoding> content_coding(std::string_view name) {
  if (equal_ignoring_case(name, "gzip") || equal_ignoring_case(name, "x-gzip")) return ContentCoding::gzip;
  if (equal_ignoring_case(name, "deflate")) return ContentCoding::deflate;
  if (equal_ignoring_case(name, "br")) return ContentCoding::brotli;
  if (equal_ignoring_case(name, "zstd")) return ContentCoding::zstd;
  return std::nullopt;
}

std::string_view extension(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::gzip: return ".gz";
    case ContentCoding::deflate: return ".deflate";
    case ContentCoding::brotli: return ".br";
    case ContentCoding::zstd: return ".zst";
  }
  return "";
}

std::unique_ptr<Decoder> make_decoder(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::gzip:
    case ContentCoding::deflate: return std::make_unique<Inflater>(coding);
    case ContentCoding::brotli: return std::make_unique<Unbrotli>();
    case ContentCoding::zstd: return std::make_unique<Unzstd>();
  }
  return nullptr;
}

// ---- on top of each other

Decoding::Decoding(const std::vector<ContentCoding>& codings, const HttpLimits& limits, Take take)
    : limits_{limits}, take_{std::move(take)} {
  for (auto coding = codings.rbegin(); coding != codings.rend(); ++coding) {
    layers_.push_back({.decoder = make_decoder(*coding)});
  }
}

Decoding::Verdict Decoding::feed(Bytes& bytes) { return run(0, bytes); }

bool Decoding::done() const {
  return std::all_of(layers_.begin(), layers_.end(), [](const Layer& layer) { return layer.done; });
}

bool Decoding::too_much(const Layer& layer) const {
  return layer.made > limits_.decoded_bytes ||
         (layer.made > limits_.decoded_free && layer.made / limits_.decoded_ratio > used_);
}

/// Recursion is as deep as codings are allowed to be.
Decoding::Verdict Decoding::run(std::size_t at, Bytes& bytes) {
  if (at == layers_.size()) {
    made_any_ = true;
    take_(bytes);
    bytes = {};
    return Verdict::good;
  }
  Layer& layer = layers_[at];
  std::array<std::byte, std::size_t{16} << 10U> out;
  for (;;) {
    if (layer.done && bytes.empty()) return Verdict::good;
    const Decoder::Step step = layer.decoder->step(bytes, out);
    bytes = bytes.subspan(step.used);
    if (at == 0) used_ += step.used;
    layer.made += step.made;
    if (step.progress != Progress::corrupt) layer.done = step.progress == Progress::done;
    if (step.made > 0) {
      Bytes made = Bytes{out}.first(step.made);
      if (const Verdict inner = run(at + 1, made); inner != Verdict::good) return inner;
    }
    if (step.progress == Progress::corrupt) return Verdict::corrupt;
    if (too_much(layer)) return Verdict::bomb;
    if (step.used == 0 && step.made == 0 && !layer.done) return Verdict::good;
  }
}

}  // namespace unspool
