// What libtins costs, at its simplest: streams are followed, and what is new of them is added up.
// usage: peer_libtins CAPTURE
#include <fmt/format.h>
#include <tins/sniffer.h>
#include <tins/tcp_ip/stream_follower.h>

#include <cstdint>

int main(int count, char** words) {
  if (count != 2) return fmt::print(stderr, "usage: peer_libtins CAPTURE\n"), 2;
  std::uint64_t bytes = 0, streams = 0;
  Tins::TCPIP::StreamFollower follower;
  follower.new_stream_callback([&](Tins::TCPIP::Stream& stream) {
    ++streams;
    stream.client_data_callback([&](Tins::TCPIP::Stream& s) { bytes += s.client_payload().size(); });
    stream.server_data_callback([&](Tins::TCPIP::Stream& s) { bytes += s.server_payload().size(); });
  });
  Tins::FileSniffer sniffer{words[1]};
  sniffer.sniff_loop([&](Tins::PDU& packet) {
    follower.process_packet(packet);
    return true;
  });
  fmt::print("{} streams, {} bytes\n", streams, bytes);
}
