// A short language for TCP segments, and for what carries them:
//
//   HS; C 1 "AAA"; ~C 4 "BBB"; C 7 "CCC"; S [.] a10
//
// A script is a list of items, parted by ';' or lines. A segment is a side (C or S; side 0 or 1) and, in any order:
//   [S] [SA] [SF] [.] [F] [FA] [R] [RA] [U] [-]  flags; without, ACK. [F] and [U] carry an ACK, [R] and [-] do not.
//   4        the sequence number, relative to the side's own initial one: its first data byte is at 1. Without, next.
//   "BBB"    data; \0 is a NUL. 1+100: 100 bytes at 1, content free; +100: the same, next.
//   a7       acknowledges up to 7 of the other side. Without, all that was listed so far of it without a hole, captured
//            or not: that is what its host has. ack=N: the number itself.
//   isn=N    the side's initial sequence number from here on, with nothing listed yet; isn=+N: N behind the one that
//   the
//            script was started with. Alone it sends nothing.
//   win=N    the window field, from here on. wscale=N, ts=N, opt=HEX: options. urg=N: the urgent pointer
//   cut=N    no more than N bytes of its data were captured. drop: the capture lost packets just before it
//   #7       between another pair of endpoints, the seventh; 0 without
// ~C is sent and received, but not captured. Each segment is 1 ms after the last; with @10, at 10 s. Further items:
//   HS  HS(wscale=7)  HS(win=100)  HS(ts=1)   the three segments of a handshake; windows are 65535, unscaled otherwise
//   @10         alone: nothing but the time         pace=10us   between segments, from here on
//   port=S      the server's side, by its port      EOF         the capture ends
//   i=2..99/2: C {i}+1, S [.]   its parts, parted by ',', for i = 2, 4, ... 98; i=9..1 counts down
//
// Of what only frames show, in a segment: bad, badip (its checksums), id=N (of IP, else the number of the frame),
// ttl=N, doff=N (data offset), ihl=N (words of the IP header), iplen=N (the length that it names), end=N (the frame
// ends behind so many bytes of TCP), padded, routed (a strict source route), pieces (IPv4 fragments of 8 bytes), atomic
// (an IPv6 fragment header that parts nothing). Alone, from here on: v6, vlans=N, tunnels=N, xor (endpoints of sessions
// that XOR to the same), mark (memory is looked at). A fragment of a segment: F, and H (the header of C's next segment,
// 24 bytes, at 0) or "A8@16" (eight A at 16 behind it; with a '.', the last); id=N, vlan=N, proto=N
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.h"
#include "wire/tcp.h"

namespace unspool::test {

/// The initial sequence numbers of C and S.
using Isns = std::array<std::uint32_t, 2>;

/// How a segment travels, where it is not as it should be.
struct Carriage {
  bool bad_checksum = false, bad_ip_checksum = false, padded = false, source_routed = false, atomic = false,
       in_pieces = false;
  std::optional<unsigned> id, ttl, data_offset, header_words, ip_length, ends_behind;
};

struct ScriptedSegment {
  unsigned from = 0, session = 0;
  wire::Segment segment;
  Timestamp time;
  bool after_drop = false;
  Carriage carriage;
};

struct ScriptedFragment {
  bool header = false;  // what it brings is the header of a segment with this sequence number and ACK
  std::uint32_t seq = 0, ack = 0;
  std::string bytes;         // else
  std::uint16_t offset = 0;  // behind the header
  bool more = true;
  std::uint32_t id = 1;
  std::uint16_t vlan = 0;
  std::uint8_t protocol = 6;
  Timestamp time;
};

/// Reads the language; what is done with its segments is for those who derive from it.
class SegmentScript {
 public:
  explicit SegmentScript(const Isns& isns);
  virtual ~SegmentScript() = default;

  /// Goes on where the last call stopped. Throws std::invalid_argument for what it cannot read.
  void play(std::string_view script);

 protected:
  /// Another item begins, but for the three of HS.
  virtual void on_step() = 0;
  /// `segment` and its views are valid until the call returns.
  virtual void on_segment(const ScriptedSegment& segment) = 0;
  virtual void on_fragment(const ScriptedFragment& fragment);
  /// Nothing happens until `time`.
  virtual void on_time(Timestamp time) = 0;
  virtual void on_server(unsigned side) = 0;
  virtual void on_end() = 0;
  /// "v6", "vlans=3" ...
  virtual void on_link(std::string_view word);

 private:
  struct Packet;
  struct Sender {
    std::uint32_t isn = 0;
    std::uint16_t window = 65535;
    std::map<std::uint64_t, std::uint64_t> listed{{0, 1}};  // relative: begin, end
    std::uint64_t next = 1;                                 // behind all that is listed
    std::uint32_t timestamp = 0;                            // its latest

    void list(std::uint64_t from, std::uint64_t to);
    std::uint64_t complete();  // behind all that is listed without a hole
  };
  using Senders = std::array<Sender, 2>;

  void play_items(std::string_view script, std::string_view separators);
  void play_item(std::string_view item);
  void play_loop(std::string_view item);
  void play_packet(const std::vector<std::string_view>& words);
  void play_fragment(const std::vector<std::string_view>& words);
  void read_word(std::string_view word, Packet& packet);
  bool read_mark(std::string_view word, Packet& packet);
  void read_setting(std::string_view key, std::string_view value, Packet& packet);
  void handshake(std::string_view argument);
  void send(Packet& packet);
  Senders& senders(unsigned session);

  Isns isns_;
  std::map<unsigned, Senders> senders_;
  Timestamp time_;
  Duration pace_ = std::chrono::milliseconds(1);
};

}  // namespace unspool::test
