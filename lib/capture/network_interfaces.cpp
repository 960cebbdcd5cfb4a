#include "capture/network_interfaces.h"

#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <map>
#include <memory>

namespace unspool {
namespace {

std::string address_text(const sockaddr* address) {
  const socklen_t size = address->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  std::array<char, NI_MAXHOST> text{};
  if (::getnameinfo(address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) return {};
  return text.data();
}

/// One row of getifaddrs(3): an interface has one for itself, and one for each address.
void add_row(const ifaddrs& row, NetworkInterface& interface) {
  interface.up = (row.ifa_flags & IFF_UP) != 0;
  interface.running = (row.ifa_flags & IFF_RUNNING) != 0;
  if (row.ifa_addr == nullptr) return;
  if (row.ifa_addr->sa_family == AF_INET || row.ifa_addr->sa_family == AF_INET6) {
    interface.addresses.push_back(address_text(row.ifa_addr));
  }
  if (row.ifa_addr->sa_family != AF_PACKET) return;
  interface.index = static_cast<unsigned>(reinterpret_cast<const sockaddr_ll*>(row.ifa_addr)->sll_ifindex);
}

}  // namespace

std::vector<NetworkInterface> network_interfaces() {
  ifaddrs* rows = nullptr;
  if (::getifaddrs(&rows) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owned{rows, ::freeifaddrs};
  std::map<std::string, NetworkInterface> by_name;
  for (const ifaddrs* row = rows; row != nullptr; row = row->ifa_next) {
    NetworkInterface& interface = by_name[row->ifa_name];
    interface.name = row->ifa_name;
    add_row(*row, interface);
  }
  std::vector<NetworkInterface> all;
  for (auto& [name, interface] : by_name) all.push_back(std::move(interface));
  return all;
}

std::string names_of(const std::vector<NetworkInterface>& interfaces) {
  std::string text;
  for (const NetworkInterface& interface : interfaces) text += (text.empty() ? "" : ", ") + interface.name;
  return text;
}

}  // namespace unspool
