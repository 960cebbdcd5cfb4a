#include "pipeline_script.h"

#include <fmt/format.h>

#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "support/encapsulation.h"

namespace unspool::test {
namespace {

/// Of session 0, 1, 2 ...: each has a port of its own, and 40,000 share a host.
constexpr unsigned kSessionsOfAHost = 40'000;

constexpr std::size_t kSessionsTold = 100;  // by what was not acknowledged

std::string address(unsigned first, unsigned host) {
  return fmt::format("{}.{}.{}.{}", first, host >> 16U & 255U, host >> 8U & 255U, host & 255U);
}

std::uint16_t port_of(unsigned session, std::uint16_t first) {
  return session == 0 ? first : static_cast<std::uint16_t>(9'000 + session % kSessionsOfAHost);
}

Endpoint endpoint(const std::string& ip4, std::uint16_t port) {
  std::array<unsigned, 4> parts{};
  std::sscanf(ip4.c_str(), "%u.%u.%u.%u", &parts[0], &parts[1], &parts[2], &parts[3]);
  std::array<std::byte, 4> bytes{};
  std::transform(parts.begin(), parts.end(), bytes.begin(), [](unsigned part) { return std::byte(part); });
  return {.address = IpAddress::v4(bytes), .port = port};
}

/// What is counted in every row, or stands in its story.
bool is_ordinary(std::string_view count) {
  constexpr std::string_view kOrdinary[] = {"capture.packets", "capture.bytes",    "decoded.tcp",
                                            "fragments.seen",  "decoded.fragment", "fragments.reassembled",
                                            "sessions.tcp",    "sessions.ended.",  "streams.bytes",
                                            "streams.gap",     "parsers."};
  return std::any_of(std::begin(kOrdinary), std::end(kOrdinary),
                     [&](std::string_view prefix) { return count.starts_with(prefix); });
}

std::string_view short_name(std::string_view count) {
  for (const std::string_view prefix : {"streams.odd.", "sessions.", "capture.", "limits_reached."}) {
    if (count.starts_with(prefix)) return count.substr(prefix.size());
  }
  return count;
}

}  // namespace

// ---- who listens

class PipelineScript::ListenerParser : public Parser {
 public:
  ListenerParser(PipelineScript& script, unsigned session) : script_{script}, session_{session} {}

  Appetite on_chunk(const Chunk& chunk) override {
    if (chunk.is_gap() != chunk.bytes.empty()) script_.story_.add("NEITHER BYTES NOR A GAP");
    std::uint64_t& next = next_[static_cast<std::size_t>(chunk.from)];
    if (chunk.offset != next) script_.story_.add(fmt::format("NOT AT {}", next));
    next = chunk.offset + chunk.length();
    script_.story_.add(chunk, session_);
    if (next_[0] + next_[1] < script_.enough_) return Appetite::more;
    script_.story_.add("ENOUGH");
    return Appetite::enough;
  }
  void on_fin(Side side) override { script_.story_.add_fin(side); }
  void on_end(Ending) override {}  // its flow event tells it

 private:
  PipelineScript& script_;
  unsigned session_;
  std::array<std::uint64_t, 2> next_{};
};

class PipelineScript::Listener : public Protocol {
 public:
  explicit Listener(PipelineScript& script) : script_{script} {}
  std::string_view name() const override { return "listener"; }
  Stance stance() const override { return Stance::observer; }
  std::unique_ptr<Parser> follow(const Session&, Outputs&) override {
    if (script_.enough_ == 0) return nullptr;
    return std::make_unique<ListenerParser>(script_, ++sessions_);
  }

 private:
  PipelineScript& script_;
  unsigned sessions_ = 0;
};

class PipelineScript::Events : public EventSink {
 public:
  explicit Events(PipelineScript& script) : script_{script} {}

  void on_flow(const FlowRecord& flow) override {
    ++script_.sessions_;
    if (flow.ended != Ending::capture_end) script_.story_.add(fmt::format("={}", unspool::name(flow.ended)));
    if (flow.session.roles != Roles::syn) {
      const std::string_view what = flow.session.midstream ? "midstream by " : "roles by ";
      script_.roles_.insert(fmt::format("{}{}", what, unspool::name(flow.session.roles)));
    }
    if (script_.sessions_ > kSessionsTold) return;
    append_word(script_.unacknowledged_,
                fmt::format("C{} S{}", flow.streams[0].unacknowledged, flow.streams[1].unacknowledged));
  }
  void on_anomaly(const AnomalyRecord& anomaly) override {
    ++script_.anomalies_;
    if (anomaly.first.empty()) return;
    append_word(script_.conflicts_, fmt::format("{}@{}\"{}\"!=\"{}\"", anomaly.from == Side::client ? 'C' : 'S',
                                                anomaly.offset, as_text(anomaly.first), as_text(anomaly.second)));
  }
  void on_transfer(const TransferRecord&) override {}
  void on_event(const Session&, const Event&) override {}
  void on_arp(const ArpRecord&) override {}
  void on_unanswered(const UnansweredRecord&) override {}  // counted, as limits are
  void on_limit(const LimitRecord&) override {}
  void on_store(const StoreRecord&) override {}
  void on_overload(const OverloadRecord&) override {}
  void on_interface(const InterfaceRecord&) override {}
  void on_bad_capture(const BadCapture&) override {}
  void on_stats(Timestamp, const Counts&) override {}
  void flush() override {}

 private:
  PipelineScript& script_;
};

class PipelineScript::NoTransfers : public TransferSink {
 public:
  std::unique_ptr<Transfer> open(const Session&, Side, std::string_view, std::string_view) override {
    throw std::logic_error("a listener opens no transfer");
  }
  void session_ended(const Session&) override {}
};

ShardOutputs PipelineScript::outputs() {
  ShardOutputs all{
      .events = std::make_unique<Events>(*this), .transfers = std::make_unique<NoTransfers>(), .protocols = {}};
  all.protocols.push_back({.protocol = std::make_unique<Listener>(*this), .when = {}});
  return all;
}

PipelineScript::PipelineScript(const Settings& settings, const Isns& isns, bool client_is_low, std::uint64_t enough)
    : SegmentScript{isns}, enough_{enough}, client_is_low_{client_is_low}, settings_{settings} {
  pipeline_ = std::make_unique<Pipeline>(settings_, 0, secret_, [this](unsigned) { return outputs(); });
}

PipelineScript::~PipelineScript() = default;

// ---- frames

void PipelineScript::on_link(std::string_view word) {
  const auto number = [&] { return static_cast<unsigned>(std::stoul(std::string{word.substr(word.find('=') + 1)})); };
  if (word == "v6") v6_ = true;
  if (word == "xor") xor_ = true;
  if (word == "mark") marks_.push_back(mallinfo2().uordblks);
  if (word.starts_with("vlans=")) vlans_ = number();
  if (word.starts_with("tunnels=")) tunnels_ = number();
}

Frame PipelineScript::link() const {
  Frame frame = eth();
  for (unsigned i = 0; i < vlans_; ++i) frame = frame / vlan(static_cast<std::uint16_t>(i + 1));
  for (unsigned i = 0; i < tunnels_; ++i) frame = frame / ip4("192.0.2.1", "192.0.2.2");
  return frame;
}

void PipelineScript::on_segment(const ScriptedSegment& scripted) {
  const Carriage& carriage = scripted.carriage;
  const wire::Segment& segment = scripted.segment;
  const std::uint16_t client_port = xor_ ? ports_[0] : port_of(scripted.session, ports_[0]);
  Tcp tcp_header = scripted.from == 0 ? tcp(client_port, ports_[1]) : tcp(ports_[1], client_port);
  tcp_header.seq(segment.seq).ack(segment.ack).urg(segment.urgent).flags(segment.flags).window(segment.window);
  tcp_header.options(std::string{as_text(segment.options)}).payload(std::string{as_text(segment.payload)});
  if (carriage.data_offset) tcp_header.header_words(*carriage.data_offset);
  if (carriage.bad_checksum) tcp_header.bad_checksum();
  if (carriage.ends_behind) tcp_header.ends_behind(*carriage.ends_behind);

  const auto addresses = hosts(scripted.session);
  const char *const from = addresses[scripted.from].c_str(), *const to = addresses[1 - scripted.from].c_str();
  if (xor_) hosts_seen_.emplace(addresses[0], addresses[1]);
  if (scripted.after_drop) dropped_ += 1;
  if (v6_) {
    const Frame around = link() / ip6(from, to);
    return send((carriage.atomic ? around / fragment6(1, 0, false) : around) / tcp_header, scripted.time, 0);
  }
  Ip4 ip = ip4(from, to);
  ip.fragment(static_cast<std::uint16_t>(carriage.id.value_or(static_cast<unsigned>(record_ + 1))), 0, false);
  if (carriage.ttl) ip.ttl(*carriage.ttl);
  if (carriage.source_routed) ip.options(std::string{"\x89\x07\x04\x0a\x09\x09\x09", 7});
  if (carriage.bad_ip_checksum) ip.bad_checksum();
  if (carriage.header_words) ip.header_words(*carriage.header_words);
  if (segment.missing > 0) {
    ip.total_length(static_cast<unsigned>(20 + 20 + (segment.options.size() + 3) / 4 * 4 + segment.length()));
  }
  if (carriage.ip_length) ip.total_length(*carriage.ip_length);
  if (carriage.in_pieces) return send_in_pieces(ip, tcp_header, scripted.time);
  Frame frame = link();
  if (carriage.padded) frame = Frame{eth().padded()};
  send(frame / ip / tcp_header, scripted.time, segment.missing);
}

void PipelineScript::on_fragment(const ScriptedFragment& fragment) {
  constexpr std::uint16_t kHeader = 24;
  const std::string header =
      raw() / tcp(ports_[0], ports_[1]).seq(fragment.seq).ack(fragment.ack).options(std::string(4, '\1'));
  const auto offset = static_cast<std::uint16_t>(fragment.header ? 0 : kHeader + fragment.offset);
  const auto bytes = data(fragment.header ? header : fragment.bytes, fragment.protocol);
  Frame frame = link();
  if (fragment.vlan != 0) frame = frame / vlan(fragment.vlan);
  const auto [from, to] = hosts(0);
  if (v6_) {
    frame = frame / ip6(from.c_str(), to.c_str()) / fragment6(fragment.id, offset, fragment.more);
  } else {
    const auto id = static_cast<std::uint16_t>(fragment.id);
    frame = frame / ip4(from.c_str(), to.c_str()).fragment(id, offset, fragment.more);
  }
  send(frame / bytes, fragment.time, 0);
}

void PipelineScript::send_in_pieces(const Ip4& ip, const Tcp& segment, Timestamp time) {
  constexpr std::size_t kPiece = 8, kHeader = 20;
  const std::string bytes = std::string{raw() / ip / segment}.substr(kHeader);
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
    Ip4 piece = ip;
    piece.fragment(1, static_cast<std::uint16_t>(at), at + kPiece < bytes.size());
    send(link() / piece / data(bytes.substr(at, kPiece), 6), time, 0);
  }
}

std::array<std::string, 2> PipelineScript::hosts(unsigned session) const {
  if (v6_) return {"2001:db8::1", client_is_low_ ? "2001:db8::2" : "2001:db8::"};
  if (xor_) return {address(10, session), address(11, session)};
  return {address(10, 0x10001 + session / kSessionsOfAHost), client_is_low_ ? "172.16.0.2" : "9.0.0.2"};
}

void PipelineScript::send(const Frame& frame, Timestamp time, std::uint32_t missing) {
  const std::string bytes = frame.bytes();
  if (used_ + bytes.size() > BlockPool::kBlockSize) {
    block_ = pool_.take();
    used_ = 0;
  }
  const auto space = block_->space().subspan(used_, bytes.size());
  std::memcpy(space.data(), bytes.data(), bytes.size());
  used_ += bytes.size();
  pipeline_->dispatcher().take({.time = time,
                                .bytes = space,
                                .wire_length = static_cast<std::uint32_t>(bytes.size()) + missing,
                                .link_type = 1,
                                .source = 0,
                                .record = ++record_,
                                .dropped = dropped_,
                                .block = block_.get()});
  pipeline_->dispatcher().flush();
}

/// Other traffic moves the clock: one packet, or so many that a leap is confirmed.
void PipelineScript::on_time(Timestamp time) {
  constexpr unsigned kMost = 20;
  for (unsigned i = 0; i < kMost && pipeline_->dispatcher().now() < time; ++i, ++ticks_) {
    send(eth().next(0x88cc) / data("LLDP"), time, 0);
    --record_;
  }
}

void PipelineScript::on_end() {
  if (ended_) return;
  ended_ = true;
  story_.next_step();
  pipeline_->finish(Ending::capture_end);
}

// ---- what is told

std::string PipelineScript::told() const {
  std::string odd;
  const auto add = [&odd](const std::string& what) { odd += (odd.empty() ? "" : ", ") + what; };
  for (const std::string& words : roles_) add(words);
  if (sessions_ != 1) add(fmt::format("sessions {}", sessions_));
  for (const auto& [name, all] : pipeline_->counts()) {
    const std::uint64_t count = all - (name == "decoded.other_network" ? ticks_ : 0);
    if (count == 0 || is_ordinary(name)) continue;
    add(count == 1 ? std::string{short_name(name)} : fmt::format("{} {}", short_name(name), count));
  }
  std::string text = story_.whole();
  if (!odd.empty()) append_word(text, "| " + odd);
  return text;
}

std::string PipelineScript::spread() const {
  constexpr std::size_t kShards = 8;
  std::array<std::size_t, kShards> shards{};
  std::set<std::uint32_t> hashes;
  for (const auto& [client, server] : hosts_seen_) {
    const SessionKey key{6, endpoint(client, ports_[0]), endpoint(server, ports_[1]), {}};
    const SessionHash hashed = hash(key, secret_);
    ++shards[std::uint64_t{hashed.hosts} * kShards >> 32U];
    hashes.insert(hashed.session);
  }
  const auto [least, most] = std::minmax_element(shards.begin(), shards.end());
  const std::size_t even = hosts_seen_.size() / kShards;
  if (*least * 5 < even * 4 || *most * 5 > even * 6) return fmt::format("{} to {} of {} a shard", *least, *most, even);
  // So many random numbers of 32 bits have about n * n / 2^33 pairs of equal ones.
  const std::size_t pairs = hosts_seen_.size() - hashes.size();
  const std::size_t chance = hosts_seen_.size() * hosts_seen_.size() >> 33U;
  return pairs > 10 + 10 * chance ? fmt::format("{} equal hashes", pairs) : "even";
}

/// Only where malloc is the C library's: under a sanitizer it counts nothing, and what is lost is found in another way.
std::string PipelineScript::memory() const {
  constexpr std::size_t kSlack = 64U << 10U;
  if (marks_.size() < 2) return "not marked";
  if (marks_.back() <= marks_.front() + kSlack) return "flat";
  return fmt::format("{} bytes, then {}", marks_.front(), marks_.back());
}

}  // namespace unspool::test
