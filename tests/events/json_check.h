// Reads JSON and keeps none of it: is it what a strict reader takes?
#pragma once

#include <string_view>

namespace unspool::test {

/// One value and nothing else, as we write it: RFC 8259 without spaces, numbers that are integers, well-formed UTF-8,
/// no control characters, no key twice in an object.
bool is_json(std::string_view text);

}  // namespace unspool::test
