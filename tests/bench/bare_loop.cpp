// The ceiling that everything is measured against: libpcap reads the file, headers are decoded as far as the ports, and
// the addresses and ports are hashed. Nothing is kept.
// usage: bare_loop CAPTURE
#include <fmt/format.h>
#include <pcap/pcap.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace {

struct Sum {
  std::uint64_t packets = 0, payload = 0, hashes = 0;
};

std::uint64_t load(const unsigned char* at) {
  std::uint64_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

unsigned number(const unsigned char* at) { return static_cast<unsigned>(at[0] << 8 | at[1]); }

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  a = (a ^ b) * 0x9e3779b97f4a7c15U;
  return a ^ a >> 32U;
}

/// Ethernet, IPv4 or IPv6 without extension headers, TCP: all that the workloads have.
void take(Sum& sum, const unsigned char* frame, unsigned length) {
  ++sum.packets;
  if (length < 54) return;
  const unsigned type = number(frame + 12);
  const unsigned char* ip = frame + 14;
  std::uint64_t hash = 0;
  unsigned header = 0, total = 0, protocol = 0;
  if (type == 0x0800) {
    header = (ip[0] & 0xfU) * 4;
    total = number(ip + 2);
    protocol = ip[9];
    hash = mix(load(ip + 12), 0);
  } else if (type == 0x86dd && length >= 74) {
    header = 40;
    total = 40 + number(ip + 4);
    protocol = ip[6];
    hash = mix(mix(load(ip + 8) ^ load(ip + 24), load(ip + 16) ^ load(ip + 32)), 0);
  }
  if (protocol != 6 || 14 + header + 20 > length) return;
  const unsigned char* tcp = ip + header;
  sum.hashes ^= mix(hash, number(tcp) ^ number(tcp + 2));
  sum.payload += total - header - (tcp[12] >> 4U) * 4U;
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) return fmt::print(stderr, "usage: bare_loop CAPTURE\n"), 2;
  std::array<char, PCAP_ERRBUF_SIZE> reason{};
  pcap_t* pcap = ::pcap_open_offline(words[1], reason.data());
  if (pcap == nullptr) return fmt::print(stderr, "bare_loop: {}\n", reason.data()), 1;
  Sum sum;
  const auto on_packet = [](unsigned char* user, const pcap_pkthdr* header, const unsigned char* frame) {
    take(*reinterpret_cast<Sum*>(user), frame, header->caplen);
  };
  const int left = ::pcap_loop(pcap, -1, on_packet, reinterpret_cast<unsigned char*>(&sum));
  ::pcap_close(pcap);
  fmt::print("{} packets, {} bytes of payload, {:016x}\n", sum.packets, sum.payload, sum.hashes);
  return left == 0 ? 0 : 1;
}
