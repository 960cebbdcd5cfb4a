// Whole captures for tests that go through them packet by packet: some made here, and the collection of real ones that
// lies beside the project on the machines of its developers.
#pragma once

#include <string>
#include <vector>

namespace unspool::test {

/// One capture, in one file or in several that are merged by time.
struct WholeCapture {
  std::string name;
  std::vector<std::string> files;  // their contents
};

/// Every link, version, file format and trouble on the way that the tests can make.
std::vector<WholeCapture> made_captures();
/// TCP conversations of two honest endpoints over a bad network, captured badly; each its own trouble, and small.
std::vector<WholeCapture> simulated_captures();
/// The real ones, by name; empty where the collection is not there, which is said on standard output.
std::vector<WholeCapture> real_captures();

}  // namespace unspool::test
