#include "capture/link_losses.h"

#include <gtest/gtest.h>
#include <net/if.h>

#include <fstream>
#include <string>

namespace unspool::test {
namespace {

/// The same in a file of sysfs.
std::uint64_t statistic(const std::string& interface, const std::string& name) {
  std::uint64_t count = 0;
  std::ifstream("/sys/class/net/" + interface + "/statistics/" + name) >> count;
  return count;
}

TEST(LinkLosses, AreTheKernelsOfOneInterface) {
  LinkLosses losses;
  const auto of_lo = losses.of(::if_nametoindex("lo"));
  ASSERT_TRUE(of_lo);
  EXPECT_EQ(*of_lo, statistic("lo", "rx_missed_errors") + statistic("lo", "rx_fifo_errors"));
  EXPECT_EQ(losses.of(123'456'789), std::nullopt) << "there is none of that number";
  EXPECT_TRUE(losses.of(::if_nametoindex("lo"))) << "and its answer is not taken for another's";
}

}  // namespace
}  // namespace unspool::test
