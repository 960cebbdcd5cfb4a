// Text that somebody wrote: what of it can be shown, and what it may have been meant to say.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace unspool {

/// Whether all of it is well-formed UTF-8 without control characters.
bool is_printable(std::string_view text);

/// In double quotes, with the escapes that JSON and YAML share; bytes that cannot be shown become \\xHH.
std::string quoted(std::string_view text);

/// quoted(), of no more than the first 40 bytes: for messages.
std::string shown(std::string_view text);

/// A key as a step of a path: as it stands if it is a plain word, else shown().
std::string path_step(std::string_view key);

/// How many characters must be inserted, removed, replaced or swapped with their neighbours to turn one word into the
/// other; `most` + 1 when it is more than `most`.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most);

}  // namespace unspool
