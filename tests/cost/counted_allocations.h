// How often the program asks for memory, and where: this program's operator new counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace unspool::test {

/// Counts those of all threads while it lives; one at a time.
class CountedAllocations {
 public:
  CountedAllocations();
  CountedAllocations(const CountedAllocations&) = delete;
  CountedAllocations& operator=(const CountedAllocations&) = delete;
  ~CountedAllocations();

  /// Ends the counting: how many there were.
  std::uint64_t stop();
  /// After stop(): the places that asked most often, of the first 4,096 times, a line each with file and line of their
  /// innermost callers of ours, as far as addr2line(1) is here to tell.
  std::string places() const;
};

/// While it lives, what this thread asks for is the test's own, and does not count.
class Excused {
 public:
  Excused();
  Excused(const Excused&) = delete;
  Excused& operator=(const Excused&) = delete;
  ~Excused();

 private:
  bool before_;
};

/// What operator new calls; throws std::bad_alloc. Freed by free(3).
void* allocate_counted(std::size_t size, std::size_t alignment);

}  // namespace unspool::test
