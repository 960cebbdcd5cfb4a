// Where the project's own files are, for tests that compare what it documents with what it does.
#pragma once

#include <filesystem>

namespace unspool::test {

/// The top of the tree that the tests were built from.
std::filesystem::path source_tree();

}  // namespace unspool::test
