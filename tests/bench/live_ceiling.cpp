// bench_live_ceiling INTERFACE: what libpcap alone can take from an interface, until SIGTERM. Prints packets, drops,
// CPU seconds.
#include <fmt/format.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <sys/resource.h>

#include <array>
#include <csignal>
#include <cstdint>

namespace {
volatile std::sig_atomic_t stopped = 0;
}

int main(int count, char** words) {
  if (count != 2) return 2;
  std::array<char, PCAP_ERRBUF_SIZE> reason{};
  pcap_t* pcap = ::pcap_create(words[1], reason.data());
  ::pcap_set_promisc(pcap, 1);
  ::pcap_set_timeout(pcap, 10);
  ::pcap_set_buffer_size(pcap, 32 << 20);
  if (::pcap_activate(pcap) < 0 || ::pcap_setnonblock(pcap, 1, reason.data()) != 0) return 1;
  ::signal(SIGTERM, [](int) { stopped = 1; });
  std::uint64_t bytes = 0, packets = 0;
  std::array<std::uint64_t*, 2> sums{&bytes, &packets};
  const auto on_packet = [](unsigned char* user, const pcap_pkthdr* header, const unsigned char*) {
    auto& to = *reinterpret_cast<std::array<std::uint64_t*, 2>*>(user);
    *to[0] += header->len;
    ++*to[1];
  };
  pollfd readable{.fd = ::pcap_get_selectable_fd(pcap), .events = POLLIN, .revents = 0};
  while (stopped == 0) {
    if (::pcap_dispatch(pcap, -1, on_packet, reinterpret_cast<unsigned char*>(&sums)) == 0) ::poll(&readable, 1, 1000);
  }
  pcap_stat totals{};
  ::pcap_stats(pcap, &totals);
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  fmt::print("{} packets {} dropped {:.2f} s\n", packets, totals.ps_drop,
             seconds(used.ru_utime) + seconds(used.ru_stime));
}
