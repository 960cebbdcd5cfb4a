// Sessions in tunnels, and tunnels in fragments.
#include <gtest/gtest.h>

#include "run.h"
#include "support/encapsulation.h"

namespace unspool::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::SizeIs;

const Dialog kDialog = Dialog(80).open().client("GET /").server("200").close();
constexpr const char* kFlow = "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn closed C5 S3";

/// The dialog, each of its frames made into others by `wrap`, which is told whether the client sent it.
Stamped wrapped(const Dialog& dialog,
                const std::function<std::vector<Frame>(const std::string& ip, bool client)>& wrap) {
  Stamped packets;
  for (const auto& [time, frame] : dialog.packets()) {
    const std::string ip = frame.bytes().substr(14);
    const bool client = ip[15] == 1;  // the last octet of its source
    for (const Frame& around : wrap(ip, client)) packets.emplace_back(time, around);
  }
  return packets;
}

/// IPv4 in fragments of that many bytes. `ip`: a datagram without options.
std::vector<std::string> fragments(const std::string& ip, std::uint16_t id, std::size_t size) {
  std::vector<std::string> parts;
  const auto protocol = static_cast<std::uint8_t>(ip[9]);
  for (std::size_t at = 20; at < ip.size(); at += size) {
    const auto offset = static_cast<std::uint16_t>(at - 20);
    parts.push_back(raw() / ip4("10.0.0.1", "10.0.0.2").fragment(id, offset, at + size < ip.size()) /
                    data(ip.substr(at, size), protocol));
    parts.back().replace(12, 8, ip.substr(12, 8));  // the addresses, whose exchange no checksum minds
  }
  return parts;
}

Frame outer(bool client) { return eth() / (client ? ip4("10.9.0.1", "10.9.0.2") : ip4("10.9.0.2", "10.9.0.1")); }

Frame in_vxlan(const std::string& ip, bool client, std::uint32_t network) {
  return outer(client) / udp(50000, 4789) / vxlan(network) / eth().next(0x0800) / data(ip);
}
Frame in_gre(const std::string& ip, bool client) { return outer(client) / gre().next(0x0800) / data(ip); }

TEST(Tunnels, BothDirectionsAreOneSession) {
  EXPECT_THAT(run(wrapped(kDialog,
                          [](const std::string& ip, bool client) -> std::vector<Frame> {
                            return {outer(client) / udp(2152, 2152) / gtp(client ? 7 : 9) / data(ip)};
                          }))
                  .flows,
              ElementsAre(kFlow))
      << "though each has a TEID of its own";
}

TEST(Tunnels, EqualAddressesInOthersAreOtherSessions) {
  const Stamped packets = wrapped(kDialog, [](const std::string& ip, bool client) -> std::vector<Frame> {
    return {in_vxlan(ip, client, 7), in_vxlan(ip, client, 8), in_gre(ip, client), eth().next(0x0800) / data(ip)};
  });
  const Ran ran = run(packets);
  EXPECT_THAT(ran.flows, SizeIs(4));
  EXPECT_THAT(ran.flows, Each(kFlow));
  EXPECT_EQ(run(packets, {}, 3).all(), ran.all());
}

TEST(Tunnels, TheirFragmentsArePutTogether) {
  std::uint16_t id = 0;
  const Ran ran = run(wrapped(kDialog, [&](const std::string& ip, bool client) {
    std::vector<Frame> frames;
    for (const std::string& part : fragments(in_vxlan(ip, client, 7).bytes().substr(14), ++id, 48)) {
      frames.push_back(eth().next(0x0800) / data(part));
    }
    return frames;
  }));
  EXPECT_THAT(ran.flows, ElementsAre(kFlow));
  EXPECT_EQ(ran.count("fragments.reassembled"), kDialog.size());
}

TEST(Tunnels, FragmentsInFragments) {
  std::uint16_t id = 0, outer_id = 0;
  const Ran ran = run(wrapped(kDialog, [&](const std::string& ip, bool client) {
    std::vector<Frame> frames;
    ++id;
    for (const std::string& inner : fragments(ip, id, 16)) {
      for (const std::string& part : fragments(in_gre(inner, client).bytes().substr(14), ++outer_id, 24)) {
        frames.push_back(eth().next(0x0800) / data(part));
      }
    }
    return frames;
  }));
  EXPECT_THAT(ran.flows, ElementsAre(kFlow));
  EXPECT_THAT(ran.transfers, ElementsAre("client.raw GET / CLOSED", "server.raw 200 CLOSED"));
  EXPECT_EQ(ran.count("fragments.malformed"), 0U);
}

TEST(Tunnels, VlansOfTwoDirectionsMayBeIgnored) {
  const Stamped packets = wrapped(kDialog, [](const std::string& ip, bool client) -> std::vector<Frame> {
    return {eth() / vlan(client ? 1 : 2).next(0x0800) / data(ip)};
  });
  EXPECT_THAT(run(packets).flows, SizeIs(2));
  Settings settings;
  settings.pipeline.ignore_vlans = true;
  EXPECT_THAT(run(packets, settings).flows, ElementsAre(kFlow));
}

}  // namespace
}  // namespace unspool::test
