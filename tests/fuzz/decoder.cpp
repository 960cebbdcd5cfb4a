// The input is a frame: its first byte chooses the link type, its second how much of it was not captured. Whatever it
// says, no view leaves it, lengths agree, and its fragments can be put together.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "flow/defragmenter.h"
#include "fuzz/link_types.h"
#include "fuzz/target.h"
#include "support/datagram_check.h"
#include "wire/checksum.h"

namespace unspool::test {
namespace {

/// What `datagram.kind` names.
bool same_datagram(const wire::Datagram& a, const wire::Datagram& b) {
  const auto same = [](Bytes x, Bytes y) { return x.size() == y.size() && (x.empty() || x.data() == y.data()); };
  if (a.kind != b.kind || a.vlans != b.vlans || a.tunnels != b.tunnels) return false;
  const auto same_network = [&] {
    return a.source == b.source && a.destination == b.destination && a.protocol == b.protocol &&
           a.source_routed == b.source_routed && same(a.ip_header, b.ip_header);
  };
  const auto same_ports = [&] {
    return a.source_port == b.source_port && a.destination_port == b.destination_port && same(a.transport, b.transport);
  };
  const auto same_payload = [&] { return same(a.payload, b.payload) && a.missing == b.missing; };
  const auto same_fragment = [&] {
    return a.fragment.id == b.fragment.id && a.fragment.offset == b.fragment.offset &&
           a.fragment.more == b.fragment.more;
  };
  switch (a.kind) {
    case wire::Kind::tcp:
      return same_network() && same_ports() && a.tcp.seq == b.tcp.seq && a.tcp.ack == b.tcp.ack &&
             a.tcp.window == b.tcp.window && a.tcp.urgent == b.tcp.urgent && a.tcp.flags == b.tcp.flags &&
             same(a.tcp.options, b.tcp.options) && same(a.tcp.payload, b.tcp.payload) && a.tcp.missing == b.tcp.missing;
    case wire::Kind::udp: return same_network() && same_ports() && same_payload();
    case wire::Kind::icmp:
    case wire::Kind::transport: return same_network() && same_payload();
    case wire::Kind::arp: return same_payload();
    case wire::Kind::fragment: return same_network() && same_payload() && same_fragment();
    case wire::Kind::network:
    case wire::Kind::truncated:
    case wire::Kind::malformed:
    case wire::Kind::too_deep:
    case wire::Kind::link: break;
  }
  return true;
}

void check_datagram(const wire::Datagram& datagram, Bytes frame, std::uint32_t wire_length) {
  check(complaint(datagram, frame, wire_length).empty(), complaint(datagram, frame, wire_length));
  look_at(datagram.ip_header);
  look_at(datagram.transport);
  const bool wrong = wire::wrong_checksum(datagram);
  check(!wrong || !datagram.ip_header.empty() || !datagram.transport.empty(), "a checksum of nothing is wrong");
  if (datagram.kind != wire::Kind::tcp) return;
  const auto scale = wire::window_scale(datagram.tcp.options);
  check(!scale || *scale <= 14, "a window scale over 14");
}

void check_whole(const Defragmenter::Whole& whole, const wire::Datagram& last) {
  check(!whole.payload.empty() && whole.payload.size() <= 65535, "a whole of an odd size");
  check(!whole.origins.empty() && whole.origins.front().offset == 0, "the first byte has no origin");
  for (std::size_t i = 1; i < whole.origins.size(); ++i) {
    check(whole.origins[i].offset > whole.origins[i - 1].offset, "origins are in disorder");
  }
  check(whole.origins.back().offset < whole.payload.size(), "an origin of no bytes");
  wire::Datagram datagram = last;
  datagram.protocol = whole.protocol;
  datagram.ip_header = {};  // of another frame, which is not looked at here
  datagram.transport = {};
  wire::decode_transport(whole.payload, 0, datagram);
  check_datagram(datagram, whole.payload, static_cast<std::uint32_t>(whole.payload.size()));
}

/// The fragment, and what makes a datagram of it: a part before it, of filler, and a last one behind it, of its own
/// bytes.
void put_together(const wire::Datagram& fragment, std::uint32_t wire_length) {
  Defragmenter fragments{{.datagrams = 4, .bytes = 200'000, .fragments = 16}};
  const std::vector<std::byte> filler(65535, std::byte{1});
  wire::Datagram before = fragment, behind = fragment;
  before.missing = behind.missing = 0;
  before.payload = Bytes{filler}.first(fragment.fragment.offset);
  before.fragment.offset = 0;
  before.fragment.more = true;
  behind.payload = fragment.payload;
  behind.fragment.offset = static_cast<std::uint16_t>(fragment.fragment.offset + fragment.payload.size() / 8 * 8);
  behind.fragment.more = false;
  const std::array<const wire::Datagram*, 5> parts{&fragment, &behind, &fragment, &before, &behind};
  for (const wire::Datagram* part : parts) {
    const auto* whole =
        fragments.add(*part, wire_length, Timestamp{}, Origin{.record = part->fragment.offset, .source = 0});
    if (whole != nullptr) check_whole(*whole, *part);
    check(fragments.waiting() <= 1, "one datagram waits twice");
  }
}

}  // namespace
}  // namespace unspool::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace unspool;
  using namespace unspool::test;
  if (size < 2) return 0;
  const std::uint16_t link_type = kLinkTypes[data[0] % kLinkTypes.size()];
  const Bytes frame = std::as_bytes(std::span{data + 2, size - 2});
  const auto wire_length = static_cast<std::uint32_t>(frame.size() + data[1]);
  check(wire::knows_link_type(link_type), "a link type that is not known");
  wire::Datagram datagram;
  wire::decode(link_type, frame, wire_length, datagram);
  check_datagram(datagram, frame, wire_length);
  // As the dispatcher does it, into what held another one.
  wire::Datagram used;
  wire::decode(kLinkTypes[(data[0] + 1U) % kLinkTypes.size()], frame, wire_length, used);
  wire::decode(link_type, frame, wire_length, used);
  check(same_datagram(used, datagram), "what was decoded before makes a difference");
  if (datagram.kind == wire::Kind::fragment) put_together(datagram, wire_length);
  return 0;
}
