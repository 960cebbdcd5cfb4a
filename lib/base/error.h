// Errors of the cold paths: text for the operator, who reads what failed, where, and what to do about it.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace unspool {

struct Error {
  std::string what;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string what) { return tl::unexpected<Error>(Error{std::move(what)}); }

/// "No such file or directory (os error 2)" for an errno value.
std::string os_error(int number);

}  // namespace unspool
