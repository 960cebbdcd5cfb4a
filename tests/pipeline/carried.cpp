#include "carried.h"

#include "capture/file_source.h"
#include "capture/merge.h"
#include "flow/defragmenter.h"
#include "support/capture_file.h"
#include "wire/datagram.h"

namespace unspool::test {

using wire::Kind;

HeldPackets::HeldPackets(const std::vector<std::string>& files) {
  const ScratchFolder folder;
  BlockPool pool;
  std::vector<std::unique_ptr<Source>> sources;
  for (const std::string& file : files) {
    const auto index = static_cast<std::uint16_t>(sources.size());
    auto source = open_capture_file({.path = folder.file(std::to_string(index), file)}, index, pool);
    if (!source) return;
    sources.push_back(std::move(*source));
  }
  const auto merged = merge_by_time(std::move(sources));
  for (Packet packet; merged->next(packet) == Source::State::packet;) {
    bytes_.emplace_back(as_text(packet.bytes));
    packet.record = packets_.size();
    packet.source = 0;
    packet.block = nullptr;
    packets_.push_back(packet);
  }
  for (std::size_t i = 0; i < packets_.size(); ++i) packets_[i].bytes = as_bytes(bytes_[i]);
}

std::uint32_t Carried::first() const { return seq + (has(wire::TcpFlags::syn) ? 1U : 0U); }

std::vector<Carried> carried(const std::vector<Packet>& packets, std::optional<std::size_t> without) {
  std::vector<Carried> all;
  Defragmenter defragmenter{FragmentLimits{}};
  Timestamp now = Timestamp::min();
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (i == without) continue;
    const Packet& packet = packets[i];
    now = std::max(now, packet.time);
    wire::Datagram d;
    wire::decode(packet.link_type, packet.bytes, packet.wire_length, d);
    const bool whole = d.kind != Kind::fragment;
    while (d.kind == Kind::fragment) {  // in a tunnel's whole there may be another
      const auto* put_together = defragmenter.add(d, packet.wire_length, now, {.record = i});
      if (put_together == nullptr) break;
      d.protocol = put_together->protocol;
      wire::decode_transport(put_together->payload, 0, d);
    }
    if (d.kind != Kind::tcp && d.kind != Kind::udp) continue;
    const Endpoint from{d.source, d.source_port}, to{d.destination, d.destination_port};
    const bool tcp = d.kind == Kind::tcp;
    const SessionKey key{d.protocol, from, to, d.vlans, d.tunnels};
    Carried one{.way = {key, !(from == key.low())},
                .bytes = std::string{as_text(tcp ? d.tcp.payload : d.payload)},
                .missing = tcp ? d.tcp.missing : d.missing,
                .time = packet.time};
    if (tcp) {
      one.flags = d.tcp.flags;
      one.seq = d.tcp.seq;
      one.ack = d.tcp.ack;
    }
    if (whole) one.packet = i;
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace unspool::test
