// What libnids costs, at its simplest: streams are followed, and what is new of them is added up.
// usage: peer_libnids CAPTURE STREAMS      (as many as may be open at once, for its table)
#include <fmt/format.h>
#include <nids.h>

#include <cstdint>
#include <cstdlib>

namespace {

std::uint64_t bytes = 0, streams = 0;

void on_tcp(tcp_stream* stream, void**) {
  if (stream->nids_state == NIDS_JUST_EST) {
    ++stream->client.collect;
    ++stream->server.collect;
    ++streams;
  } else if (stream->nids_state == NIDS_DATA) {
    bytes +=
        static_cast<std::uint64_t>(stream->client.count_new) + static_cast<std::uint64_t>(stream->server.count_new);
  }
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) return fmt::print(stderr, "usage: peer_libnids CAPTURE STREAMS\n"), 2;
  nids_params.filename = words[1];
  nids_params.n_tcp_streams = std::atoi(words[2]);
  nids_params.scan_num_hosts = 0;  // no port scans are looked for
  nids_params.syslog = [] {};      // called with what was odd
  if (::nids_init() == 0) return fmt::print(stderr, "peer_libnids: {}\n", nids_errbuf), 1;
  void (*on_tcp_pointer)(tcp_stream*, void**) = on_tcp;
  ::nids_register_tcp(reinterpret_cast<void*>(on_tcp_pointer));
  ::nids_run();
  fmt::print("{} streams, {} bytes\n", streams, bytes);
}
