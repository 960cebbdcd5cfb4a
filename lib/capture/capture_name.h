// How captures are named on the command line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace unspool {

/// What the command line names: a path ("-" is standard input), and the record to start at (`FILE:::OFFSET`).
struct CaptureName {
  std::string path;
  std::uint64_t offset = 0;  // of a record's header in the file; 0: from the beginning
  bool follow = false;       // at its end more is waited for

  /// Splits "FILE:::OFFSET"; an error when there is no FILE, or when what follows ":::" is no number.
  static Result<CaptureName> parse(const std::string& word);
  bool operator==(const CaptureName&) const = default;
};

/// The captures that words of the command line name, in that order: files, "-", "FILE:::OFFSET", and for a directory
/// the regular files directly in it that begin as pcap or pcapng files do, compressed or not, sorted by name. An error
/// when a path is missing, a directory cannot be read or holds no capture, or "-" comes twice.
Result<std::vector<CaptureName>> expand_captures(const std::vector<std::string>& words);

}  // namespace unspool
