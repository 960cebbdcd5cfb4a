#include "events/community_id.h"

#include <gtest/gtest.h>

#include "told.h"

namespace unspool::test {
namespace {

// The rows of the specification's baseline (github.com/corelight/community-id-spec, baseline/) and of its Python
// implementation's tests that are TCP or UDP.
TEST(CommunityId, IsThatOfTheSpecification) {
  struct Row {
    std::uint8_t protocol;
    Endpoint a, b;
    const char* seed0;
    const char* seed1;
  };
  const Row rows[] = {
      {kTcp, endpoint("128.232.110.120", 34855), endpoint("66.35.250.204", 80),
       "1:LQU9qZlK+B5F3KDmev6m5PMibrg=", "1:3V71V58M3Ksw/yuFALMcW0LAHvc="},
      {kTcp, endpoint("10.0.0.1", 10), endpoint("10.0.0.2", 11569),
       "1:SXBGMX1lBOwhhoDrZynfROxnhnM=", "1:HmBRGR+fUyXF4t8WEtal7Y0gEAo="},
      {kUdp, endpoint("192.168.1.52", 54585), endpoint("8.8.8.8", 53),
       "1:d/FP5EW3wiY1vCndhwleRRKHowQ=", "1:Q9We8WO3piVF8yEQBNJF4uiSVrI="},
      {kTcp, endpoint("2001:470:e5bf:dead:4957:2174:e82c:4887", 63943), endpoint("2607:f8b0:400c:c03::1a", 25),
       "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=", "1:eJYTW6AOzFLlSUoESovMjnu7rMw="},
  };
  Sha1 sha1;
  for (const Row& row : rows) {
    EXPECT_EQ(community_id({row.protocol, row.a, row.b, {}}, sha1), row.seed0);
    EXPECT_EQ(community_id({row.protocol, row.b, row.a, {}}, sha1), row.seed0) << "the other direction";
    EXPECT_EQ(community_id({row.protocol, row.a, row.b, {}}, sha1, 1), row.seed1);
  }
}

TEST(CommunityId, DiffersByProtocolButNotByVlan) {
  const Endpoint a = endpoint("10.0.0.5", 7), b = endpoint("10.0.0.5", 8);
  VlanStack vlans;
  vlans.push(5);
  Sha1 sha1;
  EXPECT_NE(community_id({kTcp, a, b, {}}, sha1), community_id({kUdp, a, b, {}}, sha1));
  EXPECT_EQ(community_id({kTcp, a, b, {}}, sha1), community_id({kTcp, a, b, vlans}, sha1));
  EXPECT_EQ(community_id({kTcp, a, b, {}}, sha1), community_id({kTcp, b, a, {}}, sha1)) << "one host: the ports order";
}

}  // namespace
}  // namespace unspool::test
