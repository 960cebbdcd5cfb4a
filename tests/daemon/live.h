// Tests of the program on interfaces: each in a network namespace of its own.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "live_net.h"

namespace unspool::test {

inline Dialog web(std::uint16_t client_port = 49152) {
  return Dialog(80, client_port).open().client("GET /").server("200").client("GET /b").server("404").close();
}

class Live : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = Network::missing(); !why.empty()) GTEST_SKIP() << why;
    network = std::make_unique<Network>();
  }
  /// Listens, with an output of its own, and leaves only raw streams.
  std::unique_ptr<Listening> listen(std::vector<std::string> words, Listening::User user = {}) {
    words.insert(words.begin(), {"-o", out, "--set", "protocols=[raw]"});
    return std::make_unique<Listening>(words, user);
  }
  /// As a tap does that shows each direction on an interface of its own.
  void send_each_way(const Dialog& dialog, const std::string& of_client, const std::string& of_server) const {
    for (const auto& packet : dialog.packets()) {
      const std::string frame = packet.second.bytes();
      const bool by_client = frame.substr(34, 2) != std::string("\0P", 2);  // its source port is not 80
      network->send(by_client ? of_client : of_server, std::vector<std::string>{frame}, std::chrono::microseconds(300));
    }
  }
  std::vector<std::string> events(const std::string& part) const { return lines_with(out + "/events.json", part); }
  std::vector<std::string> flows() const { return events("\"event_type\":\"flow\""); }
  std::uint64_t packets_seen() const { return last_count("packets"); }
  /// As of the last `stats`, which come each second where a test says so; the first of that name.
  std::uint64_t last_count(const std::string& name) const {
    const auto stats = events("\"event_type\":\"stats\"");
    if (stats.empty()) return 0;
    const std::size_t at = stats.back().find("\"" + name + "\":");
    return at == std::string::npos ? 0 : std::stoull(stats.back().substr(at + name.size() + 3));
  }
  std::uint64_t packets_in_flows() const {
    std::uint64_t sum = 0;
    for (const std::string& flow : flows()) {
      for (const std::string key : {"\"pkts_toserver\":", "\"pkts_toclient\":"})
        sum += std::stoull(flow.substr(flow.find(key) + key.size()));
    }
    return sum;
  }
  /// What transfers hold, by name, of one host.
  std::vector<std::string> transfers() const {
    std::vector<std::string> found;
    std::error_code none_yet;
    for (const auto& entry : std::filesystem::directory_iterator(out + "/transfers/10.0.0.1", none_yet)) {
      const std::string name = entry.path().filename().string();
      found.push_back(name.substr(name.rfind("---") + 3) + " " + content(entry.path().string()));
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  bool interface_became(const std::string& name, const std::string& state, std::size_t times = 1) const {
    return comes_true([&] {
      std::size_t found = 0;
      for (const std::string& line : events(fmt::format("\"in_iface\":\"{}\"", name)))
        found += line.find(fmt::format("\"interface\":{{\"state\":\"{}\"", state)) != std::string::npos ? 1U : 0U;
      return found >= times;
    });
  }

  std::unique_ptr<Network> network;
  ScratchFolder folder;
  const std::string out = folder.path("out");
  const std::string each_second = "events.stats_interval=1s";
};

}  // namespace unspool::test
