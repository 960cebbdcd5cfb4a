#include <gtest/gtest.h>

#include <set>

#include "plugin/session.h"

namespace unspool::test {
namespace {

Endpoint endpoint(std::uint8_t last_octet, std::uint16_t port) {
  const std::array<std::byte, 4> octets{std::byte{10}, std::byte{0}, std::byte{0}, std::byte{last_octet}};
  return {IpAddress::v4(octets), port};
}

VlanStack vlans_of(std::initializer_list<std::uint16_t> ids) {
  VlanStack vlans;
  for (const std::uint16_t id : ids) vlans.push(id);
  return vlans;
}

TunnelStack tunnel(Tunnel kind, std::uint32_t network = 0) {
  TunnelStack tunnels;
  tunnels.push(kind, network);
  return tunnels;
}

const Endpoint kClient = endpoint(5, 49152), kServer = endpoint(9, 80);
constexpr Timestamp kStart = timestamp_from_ns(1'162'491'300'123'456'789);

// Runs of different versions are compared by it: it never changes.
TEST(FlowId, IsKnown) {
  EXPECT_EQ(flow_id({.key = {6, kClient, kServer, {}}, .start = kStart}), 252893579584836U);
  EXPECT_EQ(flow_id({.key = {17, kServer, kClient, vlans_of({5, 7})}, .start = kStart, .ordinal = 3}),
            3458612381431478U);
  EXPECT_EQ(flow_id({}), 6489517092630739U);
}

TEST(FlowId, IsOneForBothDirectionsAndAllThatASessionComesToKnow) {
  const Session session{.key = {6, kClient, kServer, {}}, .start = kStart};
  const std::uint64_t id = flow_id(session);
  EXPECT_EQ(flow_id({.key = {6, kServer, kClient, {}}, .start = kStart}), id);
  Session later = session;
  later.last = kStart + std::chrono::hours{1};
  later.source = 4;
  later.client_is_low = false;
  later.roles = Roles::syn;
  later.midstream = true;
  EXPECT_EQ(flow_id(later), id);
}

TEST(FlowId, DiffersByAllThatTellsSessionsApart) {
  const Session sessions[] = {
      {.key = {6, kClient, kServer, {}}, .start = kStart},
      {.key = {17, kClient, kServer, {}}, .start = kStart},
      {.key = {6, endpoint(6, 49152), kServer, {}}, .start = kStart},
      {.key = {6, endpoint(5, 49153), kServer, {}}, .start = kStart},
      {.key = {6, kClient, endpoint(8, 80), {}}, .start = kStart},
      {.key = {6, kClient, endpoint(9, 81), {}}, .start = kStart},
      {.key = {6, endpoint(5, 80), endpoint(9, 49152), {}}, .start = kStart},  // ports crossed
      {.key = {6, kClient, kServer, vlans_of({0})}, .start = kStart},
      {.key = {6, kClient, kServer, vlans_of({5})}, .start = kStart},
      {.key = {6, kClient, kServer, vlans_of({5, 7})}, .start = kStart},
      {.key = {6, kClient, kServer, vlans_of({7, 5})}, .start = kStart},
      {.key = {6, kClient, kServer, vlans_of({5, 7, 1, 2})}, .start = kStart},
      {.key = {6, kClient, kServer, vlans_of({5, 7, 1, 3})}, .start = kStart},
      {.key = {6, kClient, kServer, {}, tunnel(Tunnel::ipip)}, .start = kStart},
      {.key = {6, kClient, kServer, {}, tunnel(Tunnel::gre)}, .start = kStart},
      {.key = {6, kClient, kServer, {}, tunnel(Tunnel::vxlan, 7)}, .start = kStart},
      {.key = {6, kClient, kServer, {}, tunnel(Tunnel::vxlan, 8)}, .start = kStart},
      {.key = {6, kClient, kServer, {}}, .start = kStart + Duration{1}},
      {.key = {6, kClient, kServer, {}}, .start = Timestamp{} - Duration{1}},
      {.key = {6, kClient, kServer, {}}, .start = kStart, .ordinal = 1},
      {.key = {6, kClient, kServer, {}}, .start = kStart, .ordinal = 255},
  };
  std::set<std::uint64_t> ids;
  for (const Session& session : sessions) ids.insert(flow_id(session));
  EXPECT_EQ(ids.size(), std::size(sessions));
}

// Near ones, as a capture has them: none collide, and all 53 bits are used but none above.
TEST(FlowId, HasAtMost53Bits) {
  std::set<std::uint64_t> ids;
  std::uint64_t any = 0, all = UINT64_MAX;
  constexpr std::uint32_t kSessions = 20'000;
  for (std::uint32_t i = 0; i < kSessions; ++i) {
    const std::uint64_t id = flow_id({.key = {6, endpoint(5, static_cast<std::uint16_t>(i)), kServer, {}},
                                      .start = kStart + std::chrono::microseconds{i / 2}});
    ids.insert(id);
    any |= id;
    all &= id;
  }
  EXPECT_EQ(ids.size(), kSessions);
  EXPECT_EQ(any, (std::uint64_t{1} << 53U) - 1);
  EXPECT_EQ(all, 0U);
}

}  // namespace
}  // namespace unspool::test
