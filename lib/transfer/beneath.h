// Directories below a root that we own, reached without ever leaving it: no symbolic link is followed, whoever planted
// it.
#pragma once

#include <functional>
#include <string>
#include <tl/expected.hpp>

#include "base/file.h"

namespace unspool {

/// The answer of the kernel, or its errno.
template <class T>
using OsResult = tl::expected<T, int>;

enum class Missing : std::uint8_t { fail, make };

/// An O_PATH descriptor of the directory `path` ("transfers/10.0.0.5") below `root`. What is missing of it is made, if
/// wanted, readable for owner and group.
OsResult<Fd> open_beneath(int root, const std::string& path, Missing missing);

/// Calls `call` with each name in the directory `path` below `root`, "." and ".." left out, as long as it answers true;
/// false when it did not. Nothing is in a directory that cannot be read.
bool for_each_name(int root, const std::string& path, const std::function<bool(const std::string&)>& call);

/// This errno says that the disk, or the process, takes nothing more of anybody for now: not that one file is wrong.
bool refuses_all(int number);

/// This errno says that nothing may be made in a directory: its rights are gone, or it is immutable (chattr(1)).
bool forbids(int number);

/// "No space left on device (os error 28); make room there, or choose another place with -o": what went wrong on disk,
/// and what to do about it.
std::string disk_error(int number);

}  // namespace unspool
