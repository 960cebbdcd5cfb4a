// The input is a frame: its first byte chooses the link type, its second how much of it was not captured. Whatever it
// says, no view leaves it, lengths agree, and its fragments can be put together.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "flow/defragmenter.h"
#include "support/datagram_check.h"
#include "wire/checksum.h"

namespace unspool {
namespace {

// The corpus counts on their order: new ones come last.
constexpr std::array<std::uint16_t, 20> kLinkTypes{0,   1, 12, 14, 101, 108, 113, 228, 229, 276,
                                                   105, 9, 50, 51, 104, 119, 127, 163, 204, 239};

void check(bool holds) {
  if (!holds) std::abort();
}

/// So that sanitizers look at every byte.
void look_at(Bytes bytes) {
  std::uint64_t sum = 0;
  for (const std::byte b : bytes) sum += std::to_integer<std::uint64_t>(b);
  check(sum <= 255 * bytes.size());
}

void check_datagram(const wire::Datagram& datagram, Bytes frame, std::uint32_t wire_length) {
  check(test::complaint(datagram, frame, wire_length).empty());
  look_at(datagram.ip_header);
  look_at(datagram.transport);
  const bool wrong = wire::wrong_checksum(datagram);
  check(!wrong || !datagram.ip_header.empty() || !datagram.transport.empty());
  if (datagram.kind != wire::Kind::tcp) return;
  const auto scale = wire::window_scale(datagram.tcp.options);
  check(!scale || *scale <= 14);
}

void check_whole(const Defragmenter::Whole& whole, const wire::Datagram& last) {
  check(!whole.payload.empty() && whole.payload.size() <= 65535);
  check(!whole.origins.empty() && whole.origins.front().offset == 0);
  for (std::size_t i = 1; i < whole.origins.size(); ++i) check(whole.origins[i].offset > whole.origins[i - 1].offset);
  check(whole.origins.back().offset < whole.payload.size());
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
    check(fragments.waiting() <= 1);
  }
}

}  // namespace
}  // namespace unspool

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace unspool;
  if (size < 2) return 0;
  const std::uint16_t link_type = kLinkTypes[data[0] % kLinkTypes.size()];
  const Bytes frame = std::as_bytes(std::span{data + 2, size - 2});
  const auto wire_length = static_cast<std::uint32_t>(frame.size() + data[1]);
  check(wire::knows_link_type(link_type));
  wire::Datagram datagram;
  wire::decode(link_type, frame, wire_length, datagram);
  check_datagram(datagram, frame, wire_length);
  if (datagram.kind == wire::Kind::fragment) put_together(datagram, wire_length);
  return 0;
}
