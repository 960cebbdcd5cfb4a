// Landlock: what the process may reach of the file system, and of TCP, whoever it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace unspool {

/// Directories and files. What is not there is passed over.
struct Reach {
  std::vector<std::string> write;  // also read, and files moved and linked below them
  std::vector<std::string> read;   // beside what the libraries need
};

/// Rights as the kernel numbers them (landlock(7)), of those that an ABI of Landlock knows.
struct LandlockRights {
  std::uint64_t files = 0;   // all that are refused where no rule grants them
  std::uint64_t write = 0;   // granted where it may write
  std::uint64_t read = 0;    // granted where it may read
  std::uint64_t net = 0;     // all of TCP, and none is granted
  std::uint64_t scoped = 0;  // signals to other processes
};

/// Nothing for an ABI that would do harm: before 2 no file can be linked into another directory once anything is
/// refused.
LandlockRights landlock_rights(int abi);

/// How it went: refused is all that is not in reach, or nothing, and why.
struct Confinement {
  int abi = 0;      // of Landlock; 0: not confined
  std::string why;  // it is not
};

/// For good, and for threads that are started later; before there are any. Files that are open stay as they are.
/// Programs cannot be executed. An error where Landlock is there, and a rule fails.
Result<Confinement> confine(const Reach& reach);

}  // namespace unspool
