#include "support/packed.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <memory>

namespace unspool::test {

std::string gzipped(std::string_view bytes) {
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(::deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  return packed;
}

std::string zstd_packed(std::string_view bytes, int window_bits) {
  const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context{::ZSTD_createCCtx(), ::ZSTD_freeCCtx};
  ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  if (window_bits != 0) {
    ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window_bits);
    ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
  }
  std::string packed(::ZSTD_compressBound(bytes.size()), '\0');
  ZSTD_inBuffer in{.src = bytes.data(), .size = bytes.size(), .pos = 0};
  ZSTD_outBuffer out{.dst = packed.data(), .size = packed.size(), .pos = 0};
  // In two steps, so that zstd cannot know the size beforehand and make the window smaller.
  if (window_bits != 0) ::ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_flush);
  EXPECT_EQ(::ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_end), 0U);
  packed.resize(out.pos);
  return packed;
}

}  // namespace unspool::test
