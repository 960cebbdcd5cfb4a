// All that the author of an output reads: what is said about sessions, transfers and the run, and to whom.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "plugin/plugin.h"
#include "plugin/session.h"
#include "settings/settings.h"
#include "stream/chunk.h"

namespace unspool {

/// The gaps of one stream or transfer: the first thousand, and how many more.
struct GapList {
  static constexpr std::size_t kListed = 1000;
  std::vector<Gap> listed;
  std::uint64_t omitted = 0;
  std::uint64_t bytes = 0;  // of all

  /// Behind the others. Neighbours of one cause are joined.
  void add(Gap gap);
  /// Between the others, where nothing is missing yet.
  void insert(Gap gap);
  bool empty() const { return bytes == 0; }
};

struct StreamRecord {
  std::uint64_t bytes = 0;  // given out, gaps left out
  GapList gaps;
  std::uint64_t unacknowledged = 0;     // given out, but nobody acknowledged them
  std::optional<Sha256::Value> sha256;  // of the bytes given out
};

/// What was odd about a session, each with how often; only names that occurred.
struct Observation {
  std::string_view name;  // lives as long as the program
  std::uint64_t count = 0;
};

struct FlowRecord {
  Session session;
  Ending ended = Ending::capture_end;
  Timestamp end;                              // dated by its deadline where a timer ended it
  std::array<std::uint64_t, 2> packets{};     // by Side
  std::array<std::uint64_t, 2> wire_bytes{};  // by Side, of whole frames
  std::array<StreamRecord, 2> streams;        // by Side; of TCP
  std::vector<Observation> observations;
};

struct TransferRecord {
  Session session;
  Side from = Side::client;
  std::string app_proto;
  std::string name;        // as the protocol gave it
  std::string mime_type;   // by its first bytes; empty when they tell nothing
  std::string path;        // of its first link, below the output directory; empty when it is not stored
  std::uint64_t size = 0;  // gaps counted
  GapList gaps;
  std::optional<Sha256::Value> sha256;  // of the bytes that are there
  bool whole = false;                   // its end was seen
  Timestamp end;                        // session.last when it ended
  std::string error;                    // why it is not stored, or not all of it; for the operator
};

struct ArpRecord {
  Timestamp time;
  std::uint16_t source = 0;
  VlanStack vlans;
  Bytes packet;  // RFC 826, valid until the call returns
};

/// A contradiction in what was captured, with both copies where there are two.
struct AnomalyRecord {
  Session session;
  Timestamp time;
  std::string_view type;  // "overlap_differs", "order_conflict", ...
  Side from = Side::client;
  std::uint64_t offset = 0;
  Bytes first, second;  // at most 256 bytes each; valid until the call returns
};

/// TCP handshakes that one target did not answer, in one minute of packets' time.
struct UnansweredRecord {
  Endpoint target;           // an endpoint of no address: what is past the bound on targets
  Timestamp minute;          // its beginning
  std::uint16_t source = 0;  // where the first of them was captured
  std::uint64_t sessions = 0, packets = 0;
};

/// A limit of the settings that was reached.
struct LimitRecord {
  Timestamp time;
  std::string_view setting;  // its key: "limits.sessions"; valid until the call returns
  std::uint64_t times = 0;   // since it was told last
};

/// What happened to the place where transfers are kept, and concerns all of them.
struct StoreRecord {
  enum class What : std::uint8_t { paused, resumed, behind, caught_up, removed };

  What what = What::paused;
  Timestamp time;           // of the run's clock, when it was heard of
  std::string reason;       // for the operator
  std::uint64_t files = 0;  // transfers that were not stored meanwhile, or files that were removed
  std::uint64_t bytes = 0;  // of transfers, left out meanwhile; or of files, removed
};
/// "writing_paused", "writing_resumed", "writing_behind", "writing_caught_up", "files_removed".
std::string_view name(StoreRecord::What what);

/// Live, more comes than can be followed, so that something is left out from now on; or it is taken in again.
struct OverloadRecord {
  Timestamp time;
  Shed what = Shed::transcripts;
  bool begins = false;
  std::uint32_t level = 0;             // so many are left out now
  std::uint32_t filled = 0;            // percent of a shard's queue, at its highest in the last second
  std::uint64_t lost = 0;              // packets: in the last second; or, when it ends, as long as it lasted
  std::chrono::milliseconds lasted{};  // when it ends
  std::uint64_t left_out = 0;          // of what it is, as long as it lasted
};
std::string_view name(Shed what);

/// A network interface that packets come from went down, away, or came back.
struct InterfaceRecord {
  Timestamp time;
  std::uint16_t source = 0;
  std::string_view state;  // "up", "down", "missing", "failed"
  std::string what;        // for the operator
};

/// A capture file that was set aside: it is none, or corrupt from somewhere on.
struct BadCapture {
  Timestamp time;  // when it was found out
  std::string path;
  std::string reason;    // for the operator
  std::string moved_to;  // empty: it is where it was
};

/// Totals of the run, by name: "capture.packets", "streams.gaps.not_captured" ... Dots make JSON objects, so names that
/// begin alike stand together.
using Counts = std::vector<std::pair<std::string, std::uint64_t>>;

/// Takes what is to be said. One for each shard: called from one thread only.
class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;
  virtual ~EventSink() = default;

  virtual void on_flow(const FlowRecord& flow) = 0;
  virtual void on_transfer(const TransferRecord& transfer) = 0;
  /// What a protocol said of a session.
  virtual void on_event(const Session& session, const Event& event) = 0;
  virtual void on_arp(const ArpRecord& arp) = 0;
  virtual void on_anomaly(const AnomalyRecord& anomaly) = 0;
  virtual void on_unanswered(const UnansweredRecord& unanswered) = 0;
  virtual void on_limit(const LimitRecord& limit) = 0;
  virtual void on_store(const StoreRecord& store) = 0;
  virtual void on_overload(const OverloadRecord& overload) = 0;
  virtual void on_interface(const InterfaceRecord& interface) = 0;
  virtual void on_bad_capture(const BadCapture& bad) = 0;
  virtual void on_stats(Timestamp time, const Counts& counts) = 0;
  /// All that was said so far is on its way to the kernel when this returns.
  virtual void flush() = 0;
};

/// Keeps transfers. One for each shard: called from one thread only.
class TransferSink {
 public:
  TransferSink() = default;
  TransferSink(const TransferSink&) = delete;
  TransferSink& operator=(const TransferSink&) = delete;
  virtual ~TransferSink() = default;

  /// As Outputs::open_transfer.
  virtual std::unique_ptr<Transfer> open(const Session& session, Side from, std::string_view name,
                                         std::string_view app_proto) = 0;
  /// Whether what is written from now on is left out, as gaps, since more comes than can be followed.
  virtual void shed_bodies(bool) {}
  /// Transfers of which something was left out for that, so far.
  virtual std::uint64_t bodies_shed() const { return 0; }
  /// No more transfers of this session will be opened; its names may be forgotten.
  virtual void session_ended(const Session& session) = 0;
  /// Says what has become of transfers that ended earlier, where that takes time. `now`: the run's clock. Called often.
  virtual void collect(Timestamp) {}
  /// Waits for what is on its way, and says what became of it. Nothing is opened after it.
  virtual void finish(Timestamp) {}
};

}  // namespace unspool
