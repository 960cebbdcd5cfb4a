#include "flow/ports.h"

#include <gtest/gtest.h>

namespace unspool {
namespace {

TEST(ServicePort, IsTheOneOfTwoThatServersUse) {
  struct Row {
    std::uint16_t first, second;
    int expected;  // -1: none
  };
  const Row rows[] = {
      {49152, 80, 1},     {80, 49152, 0},    {1023, 1024, 0},   {1024, 1023, 1},  {0, 40000, 0},
      {49152, 1080, 1},   {8080, 50000, 0},  {47808, 47809, 0}, {53, 53, -1},     {80, 8080, -1},
      {49152, 50000, -1}, {1024, 65535, -1}, {6881, 51413, -1}, {3306, 60000, 0}, {60000, 11211, 1},
  };
  for (const Row& row : rows) {
    const auto found = service_port(row.first, row.second);
    EXPECT_EQ(found ? static_cast<int>(*found) : -1, row.expected) << row.first << " " << row.second;
  }
}

}  // namespace
}  // namespace unspool
