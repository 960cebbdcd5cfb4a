// How much of HTTP is kept and undone, at most.
#pragma once

#include <cstddef>
#include <cstdint>

namespace unspool {

struct HttpLimits {
  std::size_t header_bytes = 64U << 10U;      // of one message's head; a session with a longer one is followed no more
  std::size_t chunk_line = 4096;              // of the line before a chunk
  std::size_t search_bytes = 64U << 10U;      // of a side, in which its first message must begin
  std::size_t search_line = 8192;             // of the lines in which the next message is looked for after a loss
  std::size_t field_bytes = 8192;             // of a value that is kept until the response is there
  std::size_t unanswered = 256;               // requests that wait for their responses, the oldest given up beyond
  std::size_t codings = 3;                    // content codings on top of each other
  std::uint64_t decoded_bytes = 256U << 20U;  // of one body
  std::uint64_t decoded_ratio = 200;          // how many times what came, past the first `decoded_free` bytes
  std::uint64_t decoded_free = 1U << 20U;
  std::size_t decoding_prefix = 256U << 10U;  // coded bytes kept until the first decoded one
  std::size_t parts = 1000;                   // of one multipart body, that are kept
  std::size_t part_header_bytes = 16U << 10U;
  std::size_t boundary_bytes = 200;
};

}  // namespace unspool
