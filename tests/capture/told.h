// What a source gives, as a line that a person can read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "capture/file_source.h"

namespace unspool::test {

/// "1500:abc 1600:de/60 whole": time in nanoseconds, bytes, "/" and the length on the wire where it differs, how it
/// ended. Waits where the source is idle.
std::string told(Source& source);
/// The same of a file, from `offset` on; or "error: ..." when it cannot be opened.
std::string told(const std::string& path, std::uint64_t offset = 0);
/// A packet, copied.
struct Seen {
  std::uint64_t ns, record, dropped;
  std::string bytes;
  std::uint32_t wire;
  std::uint16_t link_type, source;
};
/// All that are left.
std::vector<Seen> all_of(Source& source);
/// The next packet's bytes, or "(idle)" or "(ended)".
std::string next_of(Source& source);

/// Makes `fd` the standard input while it lives.
class StandardInput {
 public:
  explicit StandardInput(int fd);
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput();

 private:
  int before_;
};

/// A pipe whose reading end is the standard input.
class StandardPipe {
 public:
  StandardPipe();
  void write(std::string_view bytes) const;
  void close();

 private:
  Fd out_;
  std::unique_ptr<StandardInput> in_;
};

}  // namespace unspool::test
