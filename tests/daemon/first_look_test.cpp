// packaging/first-look.pcap is what tests/support/first_look.cpp makes. UNSPOOL_WRITE=1 writes it.
#include "support/first_look.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/source_tree.h"

namespace unspool::test {
namespace {

TEST(FirstLook, IsWhatItsMakerMakes) {
  const auto path = source_tree() / "packaging/first-look.pcap";
  const std::string made = to_pcap(first_look());
  if (std::getenv("UNSPOOL_WRITE") != nullptr) std::ofstream(path, std::ios::binary) << made;
  std::ifstream file(path, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), made);
}

}  // namespace
}  // namespace unspool::test
