#include "bench/frame_maker.h"

#include "wire/checksum.h"
#include "wire/tcp.h"

namespace unspool::bench {
namespace {

constexpr std::size_t kLeast = 60;                                              // bytes of a frame
constexpr std::uint16_t kWindow = 0xff00;                                       // with kSynOptions, 16 MiB
constexpr std::string_view kSynOptions{"\x02\x04\x05\xb4\x01\x03\x03\x08", 8};  // segments of 1460, windows of 256
constexpr std::string_view kMacs{"\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12};

void append(std::string& to, std::uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) to += static_cast<char>(number >> shift & 0xffU);
}

void put(std::string& frame, std::size_t at, std::uint16_t number) {
  frame[at] = static_cast<char>(number >> 8U);
  frame[at + 1] = static_cast<char>(number & 0xffU);
}

}  // namespace

std::string_view FrameMaker::make(const Plan& plan, const MadeSegment& segment) {
  const Endpoint& from = segment.from_server ? plan.server : plan.client;
  const Endpoint& to = segment.from_server ? plan.client : plan.server;
  const Bytes source = from.address.network_bytes(), destination = to.address.network_bytes();
  const std::string_view options = (segment.flags & wire::TcpFlags::syn) != 0 ? kSynOptions : std::string_view{};
  const std::size_t tcp_length = 20 + options.size() + segment.payload.size();
  frame_.assign(kMacs);
  if (from.address.is_v4()) {
    append(frame_, 0x0800'4500, 4);
    append(frame_, 20 + tcp_length, 2);
    append(frame_, segment.id, 2);
    append(frame_, 0x4000'4006'0000, 6);  // not to be fragmented; 64 hops; TCP
  } else {
    append(frame_, 0x86dd'6000'0000, 6);
    append(frame_, tcp_length, 2);
    append(frame_, 0x0640, 2);
  }
  frame_ += as_text(source);
  frame_ += as_text(destination);
  const std::size_t tcp = frame_.size();
  append(frame_, from.port, 2);
  append(frame_, to.port, 2);
  append(frame_, segment.seq, 4);
  append(frame_, segment.ack, 4);
  append(frame_, (5 + options.size() / 4) << 4U, 1);
  append(frame_, segment.flags, 1);
  append(frame_, kWindow, 2);
  append(frame_, 0, 4);
  frame_ += options;
  frame_ += segment.payload;

  const Bytes bytes = as_bytes(frame_);
  if (from.address.is_v4()) put(frame_, 24, wire::internet_checksum({bytes.subspan(14, 20)}));
  std::string length_and_protocol;
  append(length_and_protocol, tcp_length << 16U | 6U, 6);
  put(frame_, tcp + 16,
      wire::internet_checksum({source, destination, as_bytes(length_and_protocol), bytes.subspan(tcp)}));
  if (frame_.size() < kLeast) frame_.resize(kLeast, '\0');
  return frame_;
}

}  // namespace unspool::bench
