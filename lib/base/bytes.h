// Bytes borrowed from somewhere else. Nothing here owns memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace unspool {

using Bytes = std::span<const std::byte>;

/// The same memory, seen as bytes.
inline Bytes as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

/// The same memory, seen as text: for content that was checked, or that is escaped when written.
inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace unspool
