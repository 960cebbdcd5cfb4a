#include "pipeline/session_filter.h"

#include <array>
#include <vector>

namespace unspool {
namespace {

constexpr std::uint16_t kRawIp = 101;  // LINKTYPE_RAW
constexpr std::size_t kTransportHeader = 20;

void put(std::vector<std::byte>& packet, std::initializer_list<unsigned> octets) {
  for (const unsigned octet : octets) packet.push_back(static_cast<std::byte>(octet));
}

void put(std::vector<std::byte>& packet, Bytes bytes) { packet.insert(packet.end(), bytes.begin(), bytes.end()); }

/// IP and the ports, in a packet without payload; what lengths and checksums say does not matter.
std::vector<std::byte> made_up(const Session& session) {
  const unsigned protocol = session.key.protocol();
  const Bytes client = session.client().address.network_bytes(), server = session.server().address.network_bytes();
  std::vector<std::byte> packet;
  packet.reserve(60);
  if (client.size() == 4) {
    put(packet, {0x45, 0, 0, 20 + kTransportHeader, 0, 0, 0, 0, 64, protocol, 0, 0});
  } else {
    put(packet, {0x60, 0, 0, 0, 0, kTransportHeader, protocol, 64});
  }
  put(packet, client);
  put(packet, server);
  for (const unsigned port : {session.client().port, session.server().port}) put(packet, {port >> 8U, port & 0xffU});
  packet.resize(packet.size() + kTransportHeader - 4);
  return packet;
}

}  // namespace

Result<SessionFilter> SessionFilter::compile(const std::string& expression) {
  auto filter = Filter::compile(expression);
  if (!filter) return tl::unexpected(filter.error());
  return SessionFilter{std::move(*filter)};
}

bool SessionFilter::matches(const Session& session) {
  const std::vector<std::byte> packet = made_up(session);
  return filter_.matches(
      {.bytes = packet, .wire_length = static_cast<std::uint32_t>(packet.size()), .link_type = kRawIp});
}

}  // namespace unspool
