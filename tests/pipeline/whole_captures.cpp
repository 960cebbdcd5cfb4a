#include "whole_captures.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "support/capture_file.h"
#include "support/encapsulation.h"
#include "support/first_look.h"
#include "support/source_tree.h"
#include "support/tcp_simulator.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using Wrap = std::function<std::vector<Frame>(const std::string& ip, bool client)>;

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Numbers, one behind the other: what is found of it is mostly found in one place.
std::string distinct(std::size_t length, unsigned first = 0) {
  std::string text;
  for (unsigned i = first; text.size() < length; ++i) text += fmt::format("{:x}-", i);
  return text.substr(0, length);
}

/// A page, a picture, and talk both ways; one that is out of order, one that comes twice.
Dialog talk() {
  Dialog dialog(80);
  dialog.open().client("GET / HTTP/1.1\r\n\r\n").server(distinct(900)).server(distinct(700, 900));
  dialog.client("GET /b HTTP/1.1\r\n\r\n").server(distinct(1200, 2000)).client("bye\r\n").server("goodbye\r\n").close();
  return dialog.swap(4, 5).repeat(7);
}

/// Each frame of `dialog` made into others by `wrap`, which is given its IP datagram.
Stamped wrapped(const Dialog& dialog, const Wrap& wrap) {
  Stamped packets;
  for (const auto& [time, frame] : dialog.packets()) {
    const std::string ip = frame.bytes().substr(14);
    for (const Frame& around : wrap(ip, ip[15] == 1)) packets.emplace_back(time, around);
  }
  return packets;
}

std::string in_one_frame(const std::function<Frame(const std::string& ip, bool client)>& wrap) {
  return to_pcap(wrapped(talk(), [&](const std::string& ip, bool client) { return std::vector{wrap(ip, client)}; }));
}

/// An IPv4 datagram without options, in fragments of that many bytes; the last one first where `backwards`.
std::vector<std::string> fragments(const std::string& ip, std::uint16_t id, std::size_t size, bool backwards = false) {
  std::vector<std::string> parts;
  for (std::size_t at = 20; at < ip.size(); at += size) {
    const auto offset = static_cast<std::uint16_t>(at - 20);
    parts.push_back(raw() / ip4("10.0.0.1", "10.0.0.2").fragment(id, offset, at + size < ip.size()) /
                    data(ip.substr(at, size), static_cast<std::uint8_t>(ip[9])));
    parts.back().replace(12, 8, ip.substr(12, 8));  // the addresses, whose exchange no checksum minds
  }
  if (backwards) std::reverse(parts.begin(), parts.end());
  return parts;
}

Frame outer(bool client) { return eth() / (client ? ip4("10.9.0.1", "10.9.0.2") : ip4("10.9.0.2", "10.9.0.1")); }
Frame in_gre(const std::string& ip, bool client) { return outer(client) / gre().next(0x0800) / data(ip); }

std::string in_fragments(std::size_t size, bool backwards) {
  std::uint16_t id = 0;
  return to_pcap(wrapped(talk(), [&](const std::string& ip, bool) {
    std::vector<Frame> frames;
    for (const std::string& part : fragments(ip, ++id, size, backwards)) {
      frames.push_back(eth().next(0x0800) / data(part));
    }
    return frames;
  }));
}

/// Each fragment overlaps the one before it by 16 bytes, which differ where the first copy does not win.
std::string in_overlapping_fragments() {
  std::uint16_t id = 0;
  return to_pcap(wrapped(talk(), [&](const std::string& ip, bool) {
    std::vector<Frame> frames;
    ++id;
    for (std::size_t at = 20; at < ip.size(); at += 64) {
      const std::size_t from = at == 20 ? at : at - 16;
      std::string part = ip.substr(from, at - from + 64);
      if (from < at) part.replace(0, 16, 16, '~');
      std::string frame =
          raw() / ip4("10.0.0.1", "10.0.0.2").fragment(id, static_cast<std::uint16_t>(from - 20), at + 64 < ip.size()) /
          data(part, 6);
      frame.replace(12, 8, ip.substr(12, 8));
      frames.push_back(eth().next(0x0800) / data(frame));
    }
    return frames;
  }));
}

/// Two addresses of IPv6 around the TCP segments of the dialog, each in three fragments, or in one (atomic).
std::string in_ip6(bool atomic) {
  std::uint32_t id = 0;
  return to_pcap(wrapped(talk(), [&](const std::string& ip, bool client) {
    const auto front = [&] {
      return eth() / (client ? ip6("2001:db8::1", "2001:db8::2") : ip6("2001:db8::2", "2001:db8::1"));
    };
    const std::string segment = ip.substr(20);
    const std::size_t size = atomic ? segment.size() : (segment.size() / 3 + 8) / 8 * 8;
    std::vector<Frame> frames;
    ++id;
    for (std::size_t at = 0; at < segment.size(); at += size) {
      frames.push_back(front() / fragment6(id, static_cast<std::uint16_t>(at), at + size < segment.size()) /
                       data(segment.substr(at, size), 6));
    }
    return frames;
  }));
}

std::string fragments_in_fragments() {
  std::uint16_t id = 0, outer_id = 0;
  return to_pcap(wrapped(talk(), [&](const std::string& ip, bool client) {
    std::vector<Frame> frames;
    ++id;
    for (const std::string& inner : fragments(ip, id, 400)) {
      for (const std::string& part : fragments(in_gre(inner, client).bytes().substr(14), ++outer_id, 160)) {
        frames.push_back(eth().next(0x0800) / data(part));
      }
    }
    return frames;
  }));
}

std::string datagrams() {
  Stamped packets;
  for (std::uint16_t i = 0; i < 40; ++i) {
    const bool question = i % 2 == 0;
    const Frame front = eth() / (question ? ip4("10.0.0.1", "10.0.0.2") : ip4("10.0.0.2", "10.0.0.1"));
    const Udp header = question ? udp(5000, 2000) : udp(2000, 5000);
    const Frame frame = front / Udp{header}.payload(distinct(30U + 40U * i, i));
    const auto now = kTestTime + i * 10ms;
    if (i % 5 != 4) {
      packets.emplace_back(now, frame);
      continue;
    }
    for (const std::string& part : fragments(frame.bytes().substr(14), i, 240, i % 3 == 0)) {
      packets.emplace_back(now, eth().next(0x0800) / data(part));
    }
  }
  return to_pcap(packets);
}

std::uint64_t microseconds(Timestamp time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count()) / 1000;
}

/// All kinds of packets' blocks, in two sections of different byte orders.
std::string pcapng() {
  PcapngImage image;
  image.interface(1).interface(101);
  const Stamped packets = talk().packets();
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const std::string frame = packets[i].second.bytes();
    const std::uint64_t now = microseconds(packets[i].first);
    if (i == packets.size() / 2) image.section(true).interface(1).interface(101);
    switch (i % 4) {
      case 0: image.packet(0, now, frame, 0, image.option(1, "a comment") + image.option(0, "")); break;
      case 1: image.packet(1, now, frame.substr(14)); break;
      case 2: image.obsolete(0, 0xffff, now, frame); break;
      default: image.simple(frame); break;
    }
  }
  return image.bytes();
}

std::string pcap_of_shape(const PcapShape& shape, std::size_t most = SIZE_MAX) {
  PcapImage image{shape};
  const Stamped packets = talk().packets();
  for (const auto& [time, frame] : packets) {
    const std::string bytes = frame;
    image.packet(microseconds(time) * 1000, bytes.substr(0, most), static_cast<std::uint32_t>(bytes.size()));
  }
  return image.bytes();
}

/// Each direction was captured by a machine of its own.
std::vector<std::string> two_taps() {
  const Stamped packets = talk().packets();
  Stamped sides[2];
  for (const auto& packet : packets) sides[packet.second.bytes()[29] == 1 ? 0 : 1].push_back(packet);
  return {to_pcap(sides[0]), to_pcap(sides[1])};
}

std::string to_pcap(const Recording& recording) {
  PcapImage image{PcapShape{.nanoseconds = true, .link_type = 101}};
  for (const CapturedPacket& packet : recording.packets) {
    const wire::Segment& segment = packet.segment;
    const bool client = packet.from == recording.client;
    Tcp header = client ? tcp(49152, 80) : tcp(80, 49152);
    header.seq(segment.seq).window(segment.window);
    if (segment.has(wire::TcpFlags::syn)) header.syn();
    if (segment.has(wire::TcpFlags::fin)) header.fin();
    if (segment.has(wire::TcpFlags::rst)) header.rst();
    if (segment.has(wire::TcpFlags::ack)) header.ack(segment.ack);
    header.options(std::string{as_text(segment.options)});
    header.payload(std::string{as_text(segment.payload)} + std::string(segment.missing, 'm'));
    const std::string bytes = raw() / (client ? ip4("10.0.0.1", "10.0.0.2") : ip4("10.0.0.2", "10.0.0.1")) / header;
    image.packet(static_cast<std::uint64_t>(packet.time.time_since_epoch().count()),
                 bytes.substr(0, bytes.size() - segment.missing), static_cast<std::uint32_t>(bytes.size()));
  }
  return image.bytes();
}

}  // namespace

std::vector<WholeCapture> made_captures() {
  std::vector<WholeCapture> all{{"first look", {contents(source_tree() / "packaging/first-look.pcap")}}};
  const auto add = [&](std::string name, std::string file) { all.push_back({std::move(name), {std::move(file)}}); };
  const auto as_it_is = [](const Dialog& dialog) { return to_pcap(dialog.packets()); };
  add("talk", as_it_is(talk()));
  add("talk, one packet lost", as_it_is(talk().lose(6)));
  add("talk, without its beginning", as_it_is(talk().lose(0).lose(0).lose(0)));
  add("talk, around the end of sequence numbers",
      as_it_is(Dialog(80).isn(0xfffffff0, 0xffffff00).open().client(distinct(60)).server(distinct(600)).close()));
  add("fragments", in_fragments(160, false));
  add("fragments, backwards", in_fragments(72, true));
  add("fragments that overlap", in_overlapping_fragments());
  add("fragments of IPv6", in_ip6(false));
  add("fragments of IPv6, atomic", in_ip6(true));
  add("fragments in fragments", fragments_in_fragments());
  add("datagrams", datagrams());
  add("VLANs",
      in_one_frame([](const std::string& ip, bool) { return eth() / vlan(5) / vlan(7).next(0x0800) / data(ip); }));
  add("MPLS", in_one_frame([](const std::string& ip, bool) { return eth() / mpls(17) / data(ip); }));
  add("cooked", in_one_frame([](const std::string& ip, bool) { return sll().next(0x0800) / data(ip); }));
  add("GRE", in_one_frame(in_gre));
  add("VXLAN", in_one_frame([](const std::string& ip, bool client) {
        return outer(client) / udp(50000, 4789) / vxlan(7) / eth().next(0x0800) / data(ip);
      }));
  add("GTP", in_one_frame([](const std::string& ip, bool client) {
        return outer(client) / udp(2152, 2152) / gtp(client ? 7 : 9) / data(ip);
      }));
  add("pcap, big-endian, nanoseconds", pcap_of_shape({.big = true, .nanoseconds = true}));
  add("pcap, cut short", pcap_of_shape({.snaplen = 300}, 300));
  add("pcapng", pcapng());
  all.push_back({"two taps", two_taps()});
  return all;
}

std::vector<WholeCapture> simulated_captures() {
  struct Profile {
    const char* name;
    Weather weather;
  };
  const Profile profiles[] = {
      {"clean", {.reset = 50}},
      {"lossy network", {.lost = 30, .doubled = 10, .delayed = 40, .reset = 100}},
      {"lossy tap", {.lost = 10, .missed = 50}},
      {"skew", {.reset = 50, .skew = 60ms}},
      {"midstream", {.lost = 10, .delayed = 20, .missed = 5, .late_start = 600, .no_syn = 500}},
      {"snaplen", {.lost = 20, .delayed = 20, .snaplen = 200}},
      {"one way", {.lost = 10, .delayed = 20, .missed = 20, .one_way = 1000}},
  };
  constexpr std::size_t kEach = 4, kMostPackets = 120;
  std::vector<WholeCapture> all;
  for (const Profile& profile : profiles) {
    std::size_t found = 0;
    for (std::uint64_t seed = 1; found < kEach; ++seed) {
      const Recording recording = record_conversation(seed, profile.weather);
      if (recording.packets.size() < 12 || recording.packets.size() > kMostPackets) continue;
      all.push_back({fmt::format("{}, seed {}", profile.name, seed), {to_pcap(recording)}});
      ++found;
    }
  }
  return all;
}

std::vector<WholeCapture> real_captures() {
  const std::filesystem::path folder = source_tree() / "../shared/captures";
  std::vector<WholeCapture> all;
  if (!std::filesystem::is_directory(folder)) {
    fmt::print("skipped: no collection of real captures in {}\n", folder.lexically_normal().string());
    return all;
  }
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".pcap" && extension != ".pcapng") continue;
    all.push_back({entry.path().filename().string(), {contents(entry.path())}});
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

}  // namespace unspool::test
