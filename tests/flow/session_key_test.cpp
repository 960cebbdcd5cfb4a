#include "flow/session_key.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "support/dice.h"

namespace unspool::test {
namespace {

Endpoint endpoint(std::initializer_list<std::uint8_t> four, std::uint16_t port) {
  std::array<std::byte, 4> octets;
  std::size_t i = 0;
  for (const auto octet : four) octets[i++] = std::byte{octet};
  return {.address = IpAddress::v4(octets), .port = port};
}

VlanStack vlans(std::initializer_list<std::uint16_t> ids) {
  VlanStack stack;
  for (const auto id : ids) stack.push(id);
  return stack;
}

TunnelStack tunnel(Tunnel kind, std::uint32_t network = 0) {
  TunnelStack stack;
  stack.push(kind, network);
  return stack;
}

const HashSecret kSecret = HashSecret::from_seed(1);

TEST(SessionKey, BothDirectionsHaveOne) {
  Dice dice{5};
  for (int i = 0; i < 1000; ++i) {
    Endpoint a, b;
    for (auto& octet : a.address.octets) octet = static_cast<std::uint8_t>(dice.between(0, 1));
    for (auto& octet : b.address.octets) octet = static_cast<std::uint8_t>(dice.between(0, 1));
    a.port = static_cast<std::uint16_t>(dice.between(0, 1));
    b.port = static_cast<std::uint16_t>(dice.between(0, 1));
    const SessionKey there{6, a, b, vlans({1})}, back{6, b, a, vlans({1})};
    ASSERT_EQ(there, back);
    ASSERT_EQ(hash(there, kSecret).session, hash(back, kSecret).session);
    ASSERT_EQ(hash(there, kSecret).hosts, hash(back, kSecret).hosts);
    ASSERT_LE(there.low(), there.high());
    ASSERT_EQ(a < b, std::tie(a.address, a.port) < std::tie(b.address, b.port));
    ASSERT_EQ(a == b, std::tie(a.address, a.port) == std::tie(b.address, b.port));
    const auto sent = SessionKey::of(6, a, b, vlans({1}), {});
    ASSERT_EQ(sent.key, there);
    ASSERT_EQ(sent.from_high, !(there.low() == a));
    ASSERT_EQ(SessionKey::of_ordered(6, there.low(), there.high(), vlans({1}), {}), there);
  }
}

TEST(SessionKey, ToOneselfOnTheSameHost) {
  const SessionKey key{6, endpoint({10, 0, 0, 1}, 80), endpoint({10, 0, 0, 1}, 9), {}};
  EXPECT_EQ(key.low().port, 9);
  EXPECT_EQ(key.high().port, 80);
}

TEST(SessionKey, EveryPartTellsSessionsApart) {
  const Endpoint client = endpoint({10, 0, 0, 1}, 49152), server = endpoint({10, 0, 0, 2}, 80);
  const TunnelStack vxlan = tunnel(Tunnel::vxlan, 7);
  const SessionKey key{6, client, server, vlans({5}), vxlan};
  const std::pair<const char*, SessionKey> others[] = {
      {"protocol", {17, client, server, vlans({5}), vxlan}},
      {"client's port", {6, endpoint({10, 0, 0, 1}, 49153), server, vlans({5}), vxlan}},
      {"server's port", {6, client, endpoint({10, 0, 0, 2}, 81), vlans({5}), vxlan}},
      {"client's address", {6, endpoint({10, 0, 0, 3}, 49152), server, vlans({5}), vxlan}},
      {"server's address", {6, client, endpoint({10, 0, 0, 4}, 80), vlans({5}), vxlan}},
      {"no VLAN", {6, client, server, {}, vxlan}},
      {"another VLAN", {6, client, server, vlans({6}), vxlan}},
      {"one VLAN more", {6, client, server, vlans({5, 0}), vxlan}},
      {"ports exchanged", {6, endpoint({10, 0, 0, 1}, 80), endpoint({10, 0, 0, 2}, 49152), vlans({5}), vxlan}},
      {"no tunnel", {6, client, server, vlans({5})}},
      {"another tunnel", {6, client, server, vlans({5}), tunnel(Tunnel::gre)}},
      {"another network", {6, client, server, vlans({5}), tunnel(Tunnel::vxlan, 8)}},
  };
  for (const auto& [what, other] : others) {
    EXPECT_FALSE(key == other) << what;
    EXPECT_NE(hash(key, kSecret).session, hash(other, kSecret).session) << what;
  }
}

TEST(SessionHash, OneHalfIsOfTheHostsAlone) {
  const auto hosts = [](std::uint8_t protocol, std::uint16_t port, std::uint16_t other,
                        std::initializer_list<std::uint16_t> ids) {
    return hash({protocol, endpoint({10, 0, 0, 1}, port), endpoint({10, 0, 0, 2}, other), vlans(ids)}, kSecret).hosts;
  };
  const std::uint32_t control = hosts(6, 49152, 21, {});
  EXPECT_EQ(hosts(6, 20, 49153, {}), control) << "FTP's data";
  EXPECT_EQ(hosts(17, 1, 65535, {}), control);
  EXPECT_EQ(hosts(6, 49152, 21, {7}), control);
  EXPECT_NE(hash({6, endpoint({10, 0, 0, 1}, 49152), endpoint({10, 0, 0, 3}, 21), {}}, kSecret).hosts, control);
}

TEST(SessionHash, TheSecretDecides) {
  const SessionKey key{6, endpoint({10, 0, 0, 1}, 1), endpoint({10, 0, 0, 2}, 2), {}};
  EXPECT_EQ(hash(key, HashSecret::from_seed(1)).session, hash(key, kSecret).session);
  EXPECT_NE(hash(key, HashSecret::from_seed(2)).session, hash(key, kSecret).session);
  EXPECT_NE(hash(key, HashSecret::from_seed(2)).hosts, hash(key, kSecret).hosts);
  EXPECT_NE(hash(key, HashSecret::draw()).session, hash(key, HashSecret::draw()).session);
}

// 100,000 neighbouring sessions: as many collisions as chance has (1.2 in 2^32), and shards of one size.
TEST(SessionHash, SpreadsNeighbours) {
  std::set<std::uint32_t> sessions;
  std::array<unsigned, 8> shards{};
  for (unsigned i = 0; i < 100'000; ++i) {
    const auto low = static_cast<std::uint8_t>(i), high = static_cast<std::uint8_t>(i >> 8U);
    const auto port = static_cast<std::uint16_t>(49152 + (i >> 16U));
    const auto hashed = hash({6, endpoint({10, 0, high, low}, port), endpoint({10, 1, 0, 1}, 80), {}}, kSecret);
    sessions.insert(hashed.session);
    ++shards[hashed.hosts >> 29U];
  }
  EXPECT_GT(sessions.size(), 99'990U);
  for (const unsigned sessions_of : shards) EXPECT_NEAR(sessions_of, 100'000 / 8, 1'000);
}

}  // namespace
}  // namespace unspool::test
