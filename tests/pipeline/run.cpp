#include "run.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "capture/file_source.h"
#include "pipeline/pipeline.h"
#include "protocols/raw.h"
#include "support/capture_file.h"

namespace unspool::test {
namespace {

std::string endpoint(const Endpoint& e) { return fmt::format("{}:{}", to_string(e.address), e.port); }

std::string gaps(const GapList& list) {
  std::string text;
  for (const Gap& gap : list.listed) text += fmt::format("[{}+{} {}]", gap.offset, gap.length, name(gap.cause));
  return text;
}

/// What all shards say. Shared by them, so that it is locked: only here.
struct Said {
  std::mutex lock;
  Ran ran;
};

class Events : public EventSink {
 public:
  explicit Events(Said& said) : said_{said} {}
  void on_flow(const FlowRecord& flow) override {
    const Session& s = flow.session;
    std::string line = fmt::format("{} {} > {} {} {}", s.is_tcp() ? "TCP" : "UDP", endpoint(s.client()),
                                   endpoint(s.server()), name(s.roles), name(flow.ended));
    if (s.is_tcp()) {
      line += fmt::format(" C{}{} S{}{}", flow.streams[0].bytes, gaps(flow.streams[0].gaps), flow.streams[1].bytes,
                          gaps(flow.streams[1].gaps));
    } else {
      line += fmt::format(" {}:{}", flow.packets[0], flow.packets[1]);
    }
    if (s.midstream) line += " midstream";
    for (const Observation& seen : flow.observations) line += fmt::format(" {}={}", seen.name, seen.count);
    add(said_.ran.flows, std::move(line));
  }
  void on_transfer(const TransferRecord& transfer) override {
    add(said_.ran.transfers,
        fmt::format("{} {} {}", transfer.name, transfer.path, transfer.whole ? "CLOSED" : "TRUNCATED"));
  }
  void on_event(const Session&, const Event& event) override {
    add(said_.ran.anomalies, fmt::format("{} {}", event.type, event.members));
  }
  void on_arp(const ArpRecord& arp) override {
    add(said_.ran.anomalies, fmt::format("arp of {} bytes", arp.packet.size()));
  }
  void on_anomaly(const AnomalyRecord& anomaly) override {
    add(said_.ran.anomalies, fmt::format("{} {}@{} \"{}\" \"{}\"", anomaly.type, name(anomaly.from), anomaly.offset,
                                         as_text(anomaly.first), as_text(anomaly.second)));
  }
  void on_unanswered(const UnansweredRecord& u) override {
    add(said_.ran.anomalies, fmt::format("unanswered {} {}x{}", endpoint(u.target), u.sessions, u.packets));
  }
  void on_limit(const LimitRecord& limit) override {
    add(said_.ran.anomalies, fmt::format("reached {} {} times", limit.setting, limit.times));
  }
  void on_store(const StoreRecord&) override {}
  void on_overload(const OverloadRecord&) override {}
  void on_bad_capture(const BadCapture&) override {}
  void on_interface(const InterfaceRecord&) override {}
  void on_stats(Timestamp, const Counts&) override {}
  void flush() override {}

 private:
  void add(std::vector<std::string>& lines, std::string line) {
    const std::lock_guard held{said_.lock};
    lines.push_back(std::move(line));
  }
  Said& said_;
};

/// Keeps a transfer in memory; its content is told as the record's path.
class Kept : public Transfer {
 public:
  Kept(EventSink& events, const Session& session, Side from, std::string_view name) : events_{events} {
    record_.session = session;
    record_.from = from;
    record_.name = name;
  }
  ~Kept() override {
    if (keep_) events_.on_transfer(record_);
  }
  void write(Bytes bytes) override { record_.path += as_text(bytes); }
  void write_gap(std::uint64_t length, Cause) override { record_.path += fmt::format("<{}>", length); }
  void close() override { record_.whole = true; }
  void discard() override { keep_ = false; }

 private:
  EventSink& events_;
  TransferRecord record_;
  bool keep_ = true;
};

class Transfers : public TransferSink {
 public:
  explicit Transfers(EventSink& events) : events_{events} {}
  std::unique_ptr<Transfer> open(const Session& session, Side from, std::string_view name, std::string_view) override {
    return std::make_unique<Kept>(events_, session, from, name);
  }
  void session_ended(const Session&) override {}
  void shed_bodies(bool shed) override {
    events_.on_limit({.setting = shed ? "(bodies are shed)" : "(bodies are kept)", .times = 1});
  }

 private:
  EventSink& events_;
};

Ran run_fed(const std::function<void(Pipeline&)>& feed, const Settings& settings, unsigned workers,
            const MakeProtocols& make_protocols, WhenBehind when_behind, unsigned loops = 1) {
  Said said;
  const HashSecret secret = HashSecret::draw();
  const auto outputs_of_shard = [&](unsigned) {
    ShardOutputs outputs{.events = std::make_unique<Events>(said), .transfers = nullptr, .protocols = make_protocols()};
    outputs.transfers = std::make_unique<Transfers>(*outputs.events);
    return outputs;
  };
  {
    Pipeline pipeline{settings, workers, secret, outputs_of_shard, when_behind, loops};
    feed(pipeline);
    pipeline.finish(Ending::shutdown);
    for (const auto& [name, count] : pipeline.counts()) {
      if (count > 0) said.ran.counts += fmt::format("{}{}={}", said.ran.counts.empty() ? "" : " ", name, count);
    }
  }
  for (auto* lines : {&said.ran.flows, &said.ran.transfers, &said.ran.anomalies})
    std::sort(lines->begin(), lines->end());
  return said.ran;
}

}  // namespace

std::uint64_t Ran::count(const std::string& name) const {
  const std::size_t at = (" " + counts).find(" " + name + "=");
  return at == std::string::npos ? 0 : std::stoull(counts.substr(at + name.size() + 1));
}

std::string Ran::all() const {
  std::string text;
  for (const auto* lines : {&flows, &transfers, &anomalies}) {
    for (const std::string& line : *lines) text += line + "\n";
  }
  return text + counts;
}

std::vector<OfferedProtocol> only_raw() {
  std::vector<OfferedProtocol> offered;
  offered.push_back({.protocol = std::make_unique<Raw>()});
  return offered;
}

Ran run(const Stamped& packets, const Settings& settings, unsigned workers, const MakeProtocols& make_protocols) {
  return run_capture(to_pcap(packets), settings, workers, make_protocols);
}

Ran run_capture(const std::string& image, const Settings& settings, unsigned workers,
                const MakeProtocols& make_protocols) {
  return run_captures({image}, settings, workers, make_protocols);
}

Ran run_captures(const std::vector<std::string>& images, const Settings& settings, unsigned workers,
                 const MakeProtocols& make_protocols) {
  const ScratchFolder folder;
  BlockPool pool;
  const auto feed = [&](Pipeline& pipeline) {
    for (const std::string& image : images) {
      const auto source = open_capture_file({.path = folder.file("capture", image)}, 0, pool);
      Packet packet;
      while ((*source)->next(packet) == Source::State::packet) pipeline.dispatcher().take(packet);
    }
    pipeline.finish(Ending::capture_end);
  };
  return run_fed(feed, settings, workers, make_protocols, WhenBehind::wait);
}

Ran run_live(const std::function<void(Pipeline&)>& feed, const Settings& settings, unsigned workers,
             const MakeProtocols& make_protocols, unsigned loops) {
  return run_fed(feed, settings, workers, make_protocols, WhenBehind::drop, loops);
}

}  // namespace unspool::test
