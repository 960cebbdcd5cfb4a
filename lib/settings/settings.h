// The whole configuration on one page. Defaults here are the documented ones (config/unspool.yaml; a test compares).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace unspool {

enum class ShardBy : std::uint8_t { hosts, session };
enum class Digest : std::uint8_t { none, sha256 };
enum class Checksums : std::uint8_t { off, count, drop };
enum class Urgent : std::uint8_t { in_line, out_of_band };
enum class Paws : std::uint8_t { off, count, drop };

struct PipelineSettings {
  int workers = -1;                          // threads with sessions; 0: all on the loop; -1: CPUs but one, at least 1
  ShardBy shard_by = ShardBy::hosts;         // what keeps sessions together in one shard
  bool ignore_vlans = false;                 // VLANs do not tell sessions apart
  std::chrono::milliseconds duplicates{10};  // the same packet again within it was captured twice; 0: never
  std::uint64_t seed = 1;                    // of random victims, when a limit bites

  bool operator==(const PipelineSettings&) const = default;
};

enum class Direction : std::uint8_t { both, in, out };
enum class MissingInterface : std::uint8_t { error, wait };

/// Of interfaces; captures in files know all this themselves.
struct CaptureSettings {
  std::vector<std::string> interfaces;    // which to listen on, where the command line names nothing to read
  std::string filter;                     // BPF expression; empty: all packets
  std::uint32_t snaplen = 262'144;        // bytes of a packet
  bool promiscuous = true;                // what is for others too
  std::uint64_t buffer = 32U << 20U;      // of the kernel, for each socket
  Direction direction = Direction::both;  // as the interface sees it
  std::chrono::milliseconds timeout{10};  // the kernel keeps packets back so long, to hand over several at once
  std::uint32_t sockets = 1;              // of each interface, for each loop; the kernel spreads sessions over them
  MissingInterface missing_interface = MissingInterface::error;  // at the start
  std::uint64_t queue = 512U << 20U;  // of packets on the way to threads with sessions; beyond, they are dropped
  std::uint32_t loops = 1;            // threads that capture

  /// The sources of a loop, which are numbered in a row, one loop behind the other.
  std::size_t sources_of_loop() const { return interfaces.size() * sockets; }
  bool operator==(const CaptureSettings&) const = default;
};

struct Limits {
  std::uint32_t sessions = 1'048'576;  // in all shards together; then the least useful one is evicted
  std::uint32_t unanswered =
      65'536;  // SYNs that nobody answered yet, in all shards together; then the oldest is forgotten
  std::uint32_t fragmented_datagrams = 8192;  // IP datagrams put together at a time
  std::uint64_t fragment_bytes = 16U << 20U;  // held for them

  bool operator==(const Limits&) const = default;
};

struct Timeouts {
  std::chrono::milliseconds idle{300'000};      // a TCP session without packets
  std::chrono::milliseconds handshake{30'000};  // a TCP session whose handshake is not answered
  std::chrono::milliseconds closed{5'000};      // how long an ended one still takes in late packets
  std::chrono::milliseconds udp{60'000};        // a UDP session without packets
  std::chrono::milliseconds fragments{30'000};  // a datagram whose fragments do not all come

  bool operator==(const Timeouts&) const = default;
};

struct StreamSettings {
  std::chrono::milliseconds grace{
      100};  // between an acknowledgement that passes a hole and its gap; after a reset; at a start
  std::chrono::milliseconds hole{30'000};      // a hole that nobody acknowledges, before it is given up
  std::uint32_t start_bytes = 64U << 10U;      // held at a start without SYN
  std::uint32_t held_bytes = 2U << 20U;        // that wait, for each session, both sides
  std::uint32_t held_segments = 8192;          // that wait, for each session, both sides
  std::uint64_t held_bytes_host = 64U << 20U;  // that wait, for each sending host
  std::uint64_t held_bytes_run = 512U << 20U;  // that wait, in all shards together
  std::uint32_t history = 0;                   // delivered bytes a side kept, to compare retransmissions with
  bool midstream = true;                       // follow sessions whose SYN was not seen
  Checksums checksums = Checksums::count;      // of IPv4 and TCP: offload makes wrong ones common
  Digest digest = Digest::none;                // of each stream, in `flow` events
  Urgent urgent = Urgent::in_line;             // bytes that TCP's urgent pointer names
  Paws paws = Paws::count;                     // segments whose timestamp is older than the last one (RFC 7323, 5)

  bool operator==(const StreamSettings&) const = default;
};

enum class TypeSource : std::uint8_t { none, prefix, magic };

struct TransferSettings {
  Digest digest = Digest::sha256;  // of each transfer, in `fileinfo` events
  TypeSource types =
      TypeSource::prefix;  // of each transfer, by its first bytes: nothing, a small table, or libmagic behind it
  std::uint32_t open_files = 512;          // at a time, in all shards together
  int writers = -1;                        // threads that write; 0: shards do; -1: one when live, else 0
  std::uint64_t queue_bytes = 64U << 20U;  // that wait for these threads; live, what does not fit is left out
  // Of what is stored, while interfaces are listened to; what is oldest is removed first. 0: none.
  std::uint64_t quota_bytes = 0;             // on disk, in all; the floor bounds them too
  std::uint64_t quota_files = 1'000'000;     // in all
  std::uint64_t quota_files_host = 100'000;  // of one host
  std::chrono::milliseconds max_age{0};      // since the session began, and since the last byte was written
  std::uint64_t low_space = 1U << 30U;       // bytes that stay free on disk, at most an eighth of it

  bool operator==(const TransferSettings&) const = default;
};

enum class Unanswered : std::uint8_t { summary, each };

struct EventSettings {
  std::vector<std::string> types{"flow", "fileinfo", "http",      "socks",
                                 "arp",  "anomaly",  "interface", "stats"};  // which are written
  Unanswered unanswered =
      Unanswered::summary;           // of handshakes: one `anomaly` for a target and minute, or a `flow` each
  std::uint32_t anomalies = 10'000;  // events of contradictions a minute, in all shards together; the rest is counted
  std::uint64_t rotate_bytes = 0;    // of events.json, before it is renamed and begun anew; 0: never
  std::chrono::milliseconds rotate_interval{0};      // likewise, at multiples of it in UTC; 0: never
  std::uint32_t keep = 30;                           // rotated files that are not removed; 0: all
  std::chrono::milliseconds stats_interval{10'000};  // live: between two `stats`

  bool operator==(const EventSettings&) const = default;
};

struct HttpSettings {
  std::uint64_t decoded_bytes =
      256U << 20U;  // of one body, when its content coding is undone; then the rest is kept as it came
  std::uint32_t decoded_ratio = 200;        // decoded to coded bytes, past the first MiB; likewise
  std::uint32_t header_bytes = 64U << 10U;  // of one message's head; then the session is not followed any more

  bool operator==(const HttpSettings&) const = default;
};

enum class TranscriptOf : std::uint8_t { unclaimed, all };

struct TranscriptSettings {
  TranscriptOf of = TranscriptOf::unclaimed;  // TCP sessions that no other protocol claimed, or all
  std::uint64_t bytes = 1U << 20U;            // of one session, both sides; the rest is counted
  std::uint32_t sessions = 10'000;            // a run, in each shard; the rest is counted

  bool operator==(const TranscriptSettings&) const = default;
};

/// One entry of `protocols:`.
struct ProtocolSettings {
  std::string name;
  std::string when;               // filter expression: offered only sessions that match; empty: all
  HttpSettings http;              // of http
  TranscriptSettings transcript;  // of transcript

  bool operator==(const ProtocolSettings&) const = default;
};

struct ProcessSettings {
  std::string user;     // whom it becomes when root starts it, and everything is open; empty: nobody else
  std::string group;    // likewise; empty: the user's
  bool confine = true;  // with Landlock: no file elsewhere, no program, no TCP

  bool operator==(const ProcessSettings&) const = default;
};

enum class AfterReading : std::uint8_t { keep, move, erase };

/// A directory in which others put captures when they are complete.
struct SpoolSettings {
  std::string directory;                    // empty: none
  std::string pattern;                      // of the names to be read, as a shell has them; empty: all
  AfterReading after = AfterReading::keep;  // what becomes of a file that was read
  std::string done;                         // directory to move it to
  std::string bad;               // directory to move a file to that is no capture or is corrupt; empty: it stays
  std::uint32_t queue = 65'536;  // names held at a time; the directory is read again for the rest

  bool operator==(const SpoolSettings&) const = default;
};

enum class Shed : std::uint8_t { transcripts, bodies, sessions };

/// Live, where more comes than can be followed: what is left out for it.
struct OverloadSettings {
  std::vector<Shed> shed{Shed::transcripts, Shed::bodies, Shed::sessions};  // one after another; empty: nothing
  std::uint32_t above =
      75;  // percent of a thread's part of capture.queue: one more is left out; where packets are lost, too
  std::uint32_t below = 25;  // likewise, and no loss, for as long as `calm`: the last one is taken in again
  std::chrono::milliseconds calm{10'000};

  bool operator==(const OverloadSettings&) const = default;
};

struct Settings {
  std::string output;  // directory; empty: ./<first capture or interface>.unspool
  std::vector<ProtocolSettings> protocols{{"http"}, {"socks"}, {"transcript"}};
  CaptureSettings capture;
  PipelineSettings pipeline;
  Limits limits;
  Timeouts timeouts;
  StreamSettings streams;
  TransferSettings transfers;
  EventSettings events;
  ProcessSettings process;
  SpoolSettings spool;
  OverloadSettings overload;

  bool operator==(const Settings&) const = default;
};

}  // namespace unspool
