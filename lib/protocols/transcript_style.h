// How a transcript looks.
#pragma once

#include <string_view>

namespace unspool {

/// CSS, in light and dark, for screens of any width and for paper. It fetches nothing.
extern const std::string_view kTranscriptStyle;

}  // namespace unspool
