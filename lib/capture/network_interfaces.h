// The network interfaces of this machine, as the kernel tells them now.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace unspool {

struct NetworkInterface {
  std::string name;
  unsigned index = 0;    // of the kernel; another one when it was deleted and made again
  bool up = false;       // by its administrator
  bool running = false;  // its link carries something
  std::vector<std::string> addresses;
};

/// By name. Empty where the kernel does not tell.
std::vector<NetworkInterface> network_interfaces();

/// "lo, eth0, eth1": for messages about one that is not there.
std::string names_of(const std::vector<NetworkInterface>& interfaces);

}  // namespace unspool
