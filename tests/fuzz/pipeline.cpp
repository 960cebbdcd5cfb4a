// The input is a capture file that goes all of the way: reader, dispatcher, one shard, every protocol, events. Whatever
// it is: every event is a line of JSON, each session ends once, its streams are what its files say, and another key of
// the session hash changes nothing. The first byte chooses settings; the file follows.
#include "pipeline/pipeline.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/file.h"
#include "capture/file_source.h"
#include "events/event_log.h"
#include "fuzz/json_check.h"
#include "fuzz/target.h"
#include "protocols/catalog.h"

namespace unspool::test {
namespace {

/// A file in memory.
class MemoryFile {
 public:
  MemoryFile() : fd_{::memfd_create("fuzz", MFD_CLOEXEC)} { check(static_cast<bool>(fd_), "no file in memory"); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }
  int get() const { return fd_.get(); }
  Fd twin() const { return Fd{::dup(fd_.get())}; }
  std::string text() const {
    std::string text(static_cast<std::size_t>(::lseek(fd_.get(), 0, SEEK_END)), '\0');
    check(::pread(fd_.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()), "it cannot be read");
    return text;
  }

 private:
  Fd fd_;
};

/// What `raw` left of one stream.
struct Left {
  std::uint64_t bytes = 0, missing = 0;
};

/// Writes events, and looks whether they agree.
class Judge : public EventSink {
 public:
  explicit Judge(std::unique_ptr<EventSink> writer) : writer_{std::move(writer)} {}

  void on_flow(const FlowRecord& flow) override {
    const std::uint64_t id = flow_id(flow.session);
    check(flow.session.is_tcp() || id != 0, "a session of nobody");
    for (const Side side : {Side::client, Side::server}) {
      const StreamRecord& stream = flow.streams[static_cast<std::size_t>(side)];
      const auto left = left_.find({id, side});
      if (left == left_.end()) continue;
      check(left->second.bytes == stream.bytes, "a stream has other bytes than its file");
      check(left->second.missing == stream.gaps.bytes, "a stream has other gaps than its file");
    }
    check(flow.packets[0] + flow.packets[1] > 0, "a session of no packets");
    check(ended_.insert({id, flow.session.ordinal}).second, "a session ends twice");
    writer_->on_flow(flow);
  }
  void on_transfer(const TransferRecord& transfer) override {
    if (transfer.app_proto.empty()) {  // of raw
      Left& left = left_[{flow_id(transfer.session), transfer.from}];
      check(left.bytes == 0 && left.missing == 0, "a stream has two files");
      left = {.bytes = transfer.size - transfer.gaps.bytes, .missing = transfer.gaps.bytes};
    }
    writer_->on_transfer(transfer);
  }
  void on_event(const Session& session, const Event& event) override { writer_->on_event(session, event); }
  void on_arp(const ArpRecord& arp) override { writer_->on_arp(arp); }
  void on_anomaly(const AnomalyRecord& anomaly) override { writer_->on_anomaly(anomaly); }
  void on_unanswered(const UnansweredRecord& unanswered) override { writer_->on_unanswered(unanswered); }
  void on_limit(const LimitRecord& limit) override { writer_->on_limit(limit); }
  void on_store(const StoreRecord& store) override { writer_->on_store(store); }
  void on_overload(const OverloadRecord& overload) override { writer_->on_overload(overload); }
  void on_interface(const InterfaceRecord& interface) override { writer_->on_interface(interface); }
  void on_bad_capture(const BadCapture& capture) override { writer_->on_bad_capture(capture); }
  void on_stats(Timestamp time, const Counts& counts) override { writer_->on_stats(time, counts); }
  void flush() override { writer_->flush(); }

 private:
  std::unique_ptr<EventSink> writer_;
  std::map<std::pair<std::uint64_t, Side>, Left> left_;
  std::set<std::pair<std::uint64_t, std::uint8_t>> ended_;
};

/// Counts what it is given, and tells it as an event.
class Counted : public Transfer {
 public:
  Counted(EventSink& events, TransferRecord record) : events_{events}, record_{std::move(record)} {}
  ~Counted() override {
    record_.end = record_.session.last;
    record_.path = std::to_string(hash_.value());
    if (!discarded_) events_.on_transfer(record_);
  }
  void write(Bytes bytes) override {
    check(!bytes.empty() && !record_.whole, "a transfer is written to in vain");
    record_.size += bytes.size();
    hash_.add(bytes);
  }
  void write_gap(std::uint64_t length, Cause cause) override {
    check(length > 0 && !record_.whole, "a transfer is given a gap in vain");
    record_.gaps.add({.offset = record_.size, .length = length, .cause = cause});
    record_.size += length;
  }
  void close() override { record_.whole = true; }
  void discard() override { discarded_ = true; }

 private:
  EventSink& events_;
  TransferRecord record_;
  Hash hash_;
  bool discarded_ = false;
};

class Transfers : public TransferSink {
 public:
  explicit Transfers(EventSink& events) : events_{events} {}
  std::unique_ptr<Transfer> open(const Session& session, Side from, std::string_view name,
                                 std::string_view app_proto) override {
    TransferRecord record{.session = session, .from = from};
    record.app_proto = app_proto;
    record.name = name;
    return std::make_unique<Counted>(events_, std::move(record));
  }
  void session_ended(const Session&) override {}

 private:
  EventSink& events_;
};

constexpr unsigned kCramped = 2;

Settings draw_settings(unsigned how) {
  Settings settings;
  settings.protocols.clear();
  for (const CatalogEntry& entry : catalog()) {
    ProtocolSettings& protocol = settings.protocols.emplace_back();
    protocol.name = entry.name;
    protocol.http.decoded_bytes = 1U << 20U;
    if ((how & 1U) != 0) protocol.transcript = {.of = TranscriptOf::all, .bytes = 500, .sessions = 10};
  }
  if ((how & kCramped) != 0) {
    settings.limits = {.sessions = 3, .unanswered = 4, .fragmented_datagrams = 2, .fragment_bytes = 4000};
    settings.streams.held_bytes = 3000;
    settings.streams.held_segments = 5;
    settings.streams.held_bytes_run = 5000;
    settings.streams.start_bytes = 200;
  }
  settings.limits.unanswered = std::min(settings.limits.unanswered, 1024U);  // their table is made at the start
  if ((how & 4U) != 0) settings.streams.digest = Digest::sha256, settings.streams.history = 1000;
  if ((how & 8U) != 0) settings.streams.checksums = Checksums::drop;
  settings.streams.midstream = (how & 16U) == 0;
  if ((how & 32U) != 0) settings.events.unanswered = Unanswered::each;
  settings.pipeline.ignore_vlans = (how & 64U) != 0;
  return settings;
}

std::vector<OfferedProtocol> offered(const Settings& settings) {
  std::vector<OfferedProtocol> protocols;
  for (ConfiguredProtocol& configured : make_protocols(settings.protocols)) {
    protocols.push_back({.protocol = std::move(configured.protocol)});
  }
  return protocols;
}

void check_counts(const Counts& counts) {
  for (const auto& [name, count] : counts) {
    check(name.find("failed") == name.npos || count == 0, "a parser failed");
    check(count < UINT64_MAX / 2, "a count has gone below 0");
  }
}

/// The lines of the run, sorted.
std::vector<std::string> run(const std::string& path, const Settings& settings, const HashSecret& secret) {
  const MemoryFile file;
  EventPlace place{.open = [&file]() -> Result<Fd> { return file.twin(); }, .path = "events"};
  auto log = EventLog::open(std::move(place), settings.events, {{.name = "fuzz"}});
  check(log.has_value(), "no log");
  BlockPool pool;
  {
    const auto make_outputs = [&](unsigned) {
      ShardOutputs outputs{
          .events = std::make_unique<Judge>((*log)->sink()), .transfers = nullptr, .protocols = offered(settings)};
      outputs.transfers = std::make_unique<Transfers>(*outputs.events);
      return outputs;
    };
    Pipeline pipeline{settings, 0, secret, make_outputs};
    const auto source = open_capture_file({.path = path}, 0, pool);
    if (!source) return {};
    Packet packet;
    while ((*source)->next(packet) == Source::State::packet) pipeline.dispatcher().take(packet);
    pipeline.finish(Ending::capture_end);
    const Counts counts = pipeline.counts();
    check_counts(counts);
    pipeline.outputs(0).events->on_stats(pipeline.now(), counts);
    pipeline.outputs(0).events->flush();
  }
  std::vector<std::string> lines;
  const std::string text = file.text();
  for (std::string_view rest{text}; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    check(end != rest.npos, "a line has no end");
    check(JsonCheck::is_object(rest.substr(0, end)), rest.substr(0, end));
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace
}  // namespace unspool::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace unspool;
  using namespace unspool::test;
  if (size == 0) return 0;
  const MemoryFile capture;
  check(write_all(capture.get(), std::as_bytes(std::span{data, size}).subspan(1)) == 0, "no capture");
  const Settings settings = draw_settings(data[0]);
  const bool cramped = (data[0] & kCramped) != 0;  // then victims are random
  const auto lines = run(capture.path(), settings, HashSecret::from_seed(1));
  if (cramped) return 0;
  const auto again = run(capture.path(), settings, HashSecret::from_seed(2));
  check(lines.size() == again.size(), "another key of the hash gives other events");
  for (std::size_t i = 0; i < lines.size(); ++i) check_same(again[i], lines[i], "another key gives another event");
  return 0;
}
