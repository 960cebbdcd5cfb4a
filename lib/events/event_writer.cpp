#include "events/event_writer.h"

#include <fmt/format.h>

#include "base/cursor.h"
#include "events/community_id.h"

namespace unspool {
namespace {

constexpr std::size_t kBuffer = 64U << 10U;

std::string_view protocol_name(const Session& session) { return session.is_tcp() ? "TCP" : "UDP"; }

void write_vlans(JsonWriter& json, VlanStack vlans) {
  if (vlans.size() == 0) return;
  json.key("vlan").begin_array();
  for (unsigned i = 0; i < vlans.size(); ++i) json.value(vlans[i]);
  json.end_array();
}

void write_tunnels(JsonWriter& json, TunnelStack tunnels) {
  if (tunnels.size() == 0) return;
  json.key("tunnels").begin_array();
  for (unsigned i = 0; i < tunnels.size(); ++i) json.value(name(tunnels[i]));
  json.end_array();
  if (const auto network = tunnels.network()) json.member("vni", *network);
}

void write_gaps(JsonWriter& json, const GapList& gaps) {
  json.key("gaps").begin_array();
  for (const Gap& gap : gaps.listed) {
    json.begin_array().value(gap.offset).value(gap.length).value(name(gap.cause)).end_array();
  }
  json.end_array();
  if (gaps.omitted > 0) json.member("gaps_omitted", gaps.omitted);
}

void write_stream(JsonWriter& json, Side side, const StreamRecord& stream) {
  json.begin_object().member("from", name(side)).member("bytes", stream.bytes);
  if (!stream.gaps.empty()) {
    json.member("gap_bytes", stream.gaps.bytes);
    write_gaps(json, stream.gaps);
  }
  if (stream.unacknowledged > 0) json.member("unacknowledged", stream.unacknowledged);
  if (stream.sha256) json.member("sha256", hex(*stream.sha256));
  json.end_object();
}

/// Whether the same is said of both.
bool is_same(const Session& one, const Session& other) {
  return one.start == other.start && one.key == other.key && one.ordinal == other.ordinal &&
         one.client_is_low == other.client_is_low;
}

/// In whole seconds, as EVE counts it: between the times' seconds, so from 0.9 s to 1.1 s it is 1.
std::int64_t age(const Session& session) {
  using std::chrono::floor, std::chrono::seconds;
  return (floor<seconds>(session.last) - floor<seconds>(session.start)).count();
}

/// EVE's word for how far a session came.
std::string_view flow_state(const FlowRecord& flow) {
  if (flow.ended == Ending::closed || flow.ended == Ending::reset || flow.ended == Ending::rejected) return "closed";
  const bool answered = flow.packets[0] > 0 && flow.packets[1] > 0;
  return answered ? "established" : "new";
}

/// EVE's word for why it is told now.
std::string_view flow_reason(Ending ending) {
  switch (ending) {
    case Ending::closed:
    case Ending::reset:
    case Ending::rejected:
    case Ending::idle: return "timeout";
    case Ending::reused: return "tcp_reuse";
    case Ending::evicted: return "forced";
    case Ending::shutdown:
    case Ending::capture_end: return "shutdown";
  }
  return "unknown";
}

std::string mac(Bytes six) {
  std::string text;
  for (const std::byte b : six) text += fmt::format("{}{:02x}", text.empty() ? "" : ":", std::to_integer<unsigned>(b));
  return text;
}

std::string arp_opcode(std::uint16_t opcode) {
  switch (opcode) {
    case 1: return "request";
    case 2: return "reply";
    case 3: return "request_reverse";
    case 4: return "reply_reverse";
  }
  return fmt::format("{}", opcode);
}

}  // namespace

EventWriter::EventWriter(EventLog& log)
    : log_{log},
      sources_{log.sources_},
      flow_{log.wants("flow")},
      fileinfo_{log.wants("fileinfo")},
      arp_{log.wants("arp")},
      anomaly_{log.wants("anomaly")},
      interface_{log.wants("interface")},
      stats_{log.wants("stats")} {}

JsonWriter EventWriter::begin(std::string_view type, Timestamp time) {
  last_ = time;
  JsonWriter json{lines_};
  json.begin_object().member("timestamp", EveTime{time}).member("event_type", type);
  return json;
}

/// Of packets from `start` on.
void EventWriter::source(JsonWriter& json, std::uint16_t source, Timestamp start) {
  const SourceName* from = sources_.of(source, start);
  if (from != nullptr) json.member(from->is_file ? "pcap_filename" : "in_iface", from->name);
}

JsonWriter EventWriter::begin(std::string_view type, Timestamp time, const Session& session,
                              std::string_view app_proto) {
  last_ = time;
  JsonWriter json{lines_};
  if (!about_.session || !is_same(*about_.session, session)) remember(session);
  json.begin_object().member("timestamp", EveTime{time}).member("flow_id", about_.flow);
  source(json, session.source, session.start);
  json.member("event_type", type);
  json.members(about_.endpoints);
  if (!app_proto.empty()) json.member("app_proto", app_proto);
  json.members(about_.community);
  return json;
}

void EventWriter::remember(const Session& session) {
  about_.endpoints.clear();
  about_.community.clear();
  about_.session = session;
  about_.flow = flow_id(session);
  JsonWriter endpoints{about_.endpoints}, community{about_.community};
  write_vlans(endpoints, session.key.vlans());
  endpoints.member("src_ip", to_string(session.client().address)).member("src_port", session.client().port);
  endpoints.member("dest_ip", to_string(session.server().address)).member("dest_port", session.server().port);
  endpoints.member("proto", protocol_name(session));
  community.member("community_id", community_id(session.key, sha1_));
}

void EventWriter::end(JsonWriter& json) {
  json.end_object();
  lines_ += '\n';
  if (lines_.size() >= kBuffer) flush();
}

void EventWriter::flush() {
  if (lines_.empty()) return;
  log_.file_.append(lines_, last_);
  lines_.clear();
}

void EventWriter::on_flow(const FlowRecord& flow) {
  if (!flow_) return;
  const Session& session = flow.session;
  JsonWriter json = begin("flow", flow.end, session);
  json.key("flow").begin_object();
  json.member("pkts_toserver", flow.packets[0]).member("pkts_toclient", flow.packets[1]);
  json.member("bytes_toserver", flow.wire_bytes[0]).member("bytes_toclient", flow.wire_bytes[1]);
  json.member("start", EveTime{session.start}).member("end", EveTime{session.last}).member("age", age(session));
  json.member("state", flow_state(flow)).member("reason", flow_reason(flow.ended)).end_object();

  json.key("unspool").begin_object();
  if (session.is_tcp()) {
    json.key("streams").begin_array();
    for (const Side side : {Side::client, Side::server}) {
      write_stream(json, side, flow.streams[static_cast<std::size_t>(side)]);
    }
    json.end_array();
  }
  json.member("roles", name(session.roles)).member("ended", name(flow.ended));
  if (session.midstream) json.member("midstream", true);
  write_tunnels(json, session.key.tunnels());
  if (!flow.observations.empty()) {
    json.key("observations").begin_object();
    for (const Observation& seen : flow.observations) json.member(seen.name, seen.count);
    json.end_object();
  }
  json.end_object();
  end(json);
}

void EventWriter::on_transfer(const TransferRecord& transfer) {
  if (!fileinfo_) return;
  JsonWriter json = begin("fileinfo", transfer.end, transfer.session, transfer.app_proto);
  json.key("fileinfo").begin_object();
  json.member("filename", transfer.name).member("size", transfer.size);
  if (!transfer.mime_type.empty()) json.member("mimetype", transfer.mime_type);
  if (transfer.sha256) json.member("sha256", hex(*transfer.sha256));
  json.member("gaps", !transfer.gaps.empty()).member("state", transfer.whole ? "CLOSED" : "TRUNCATED");
  json.member("stored", !transfer.path.empty()).end_object();
  json.key("unspool").begin_object();
  if (!transfer.path.empty()) json.member("transfer", transfer.path);
  json.member("from", name(transfer.from));
  if (!transfer.gaps.empty()) write_gaps(json, transfer.gaps);
  if (!transfer.error.empty()) json.member("error", transfer.error);
  json.end_object();
  end(json);
}

void EventWriter::on_event(const Session& session, const Event& event) {
  if (!log_.wants(event.type)) return;
  JsonWriter json = begin(event.type, event.time, session, event.app_proto);
  if (!event.members.empty()) json.members(event.members);
  end(json);
}

/// RFC 826, as far as the packet goes; in words what EVE has words for.
void EventWriter::on_arp(const ArpRecord& arp) {
  if (!arp_) return;
  constexpr std::uint16_t kEthernet = 1, kIp4 = 0x0800;
  Cursor in{arp.packet};
  const auto hardware = in.get<std::uint16_t>();
  const auto protocol = in.get<std::uint16_t>();
  const auto hardware_length = in.get<std::uint8_t>();
  const auto protocol_length = in.get<std::uint8_t>();
  const auto opcode = in.get<std::uint16_t>();
  const bool has_header = in.ok();
  const Bytes source_mac = in.take(hardware_length);
  const Bytes source_ip = in.take(protocol_length);
  const Bytes target_mac = in.take(hardware_length);
  const Bytes target_ip = in.take(protocol_length);
  const auto address = [&](Bytes bytes) {
    return protocol == kIp4 && bytes.size() == 4 ? to_string(IpAddress::v4(bytes)) : hex(bytes);
  };

  JsonWriter json = begin("arp", arp.time);
  source(json, arp.source, arp.time);
  write_vlans(json, arp.vlans);
  json.key("arp").begin_object();
  if (has_header) {
    json.member("hw_type", hardware == kEthernet ? std::string{"ethernet"} : fmt::format("{}", hardware));
    json.member("proto_type", protocol == kIp4 ? std::string{"ipv4"} : fmt::format("0x{:04x}", protocol));
    json.member("opcode", arp_opcode(opcode));
  }
  if (in.ok()) {
    json.member("src_mac", mac(source_mac)).member("src_ip", address(source_ip));
    json.member("dest_mac", mac(target_mac)).member("dest_ip", address(target_ip));
  } else {
    json.member("malformed", true);
  }
  json.end_object();
  end(json);
}

void EventWriter::on_anomaly(const AnomalyRecord& anomaly) {
  if (!anomaly_) return;
  JsonWriter json = begin("anomaly", anomaly.time, anomaly.session);
  json.key("anomaly").begin_object().member("type", "stream").member("event", anomaly.type).end_object();
  if (!anomaly.first.empty()) {
    json.key("unspool").begin_object().member("from", name(anomaly.from)).member("offset", anomaly.offset);
    json.member("first", as_text(anomaly.first)).member("second", as_text(anomaly.second)).end_object();
  }
  end(json);
}

void EventWriter::on_unanswered(const UnansweredRecord& unanswered) {
  if (!anomaly_) return;
  JsonWriter json = begin("anomaly", unanswered.minute);
  source(json, unanswered.source, unanswered.minute);
  if (unanswered.target != Endpoint{}) {
    json.member("dest_ip", to_string(unanswered.target.address)).member("dest_port", unanswered.target.port);
  }
  json.member("proto", "TCP");
  json.key("anomaly").begin_object().member("type", "stream").member("event", "unanswered_handshakes").end_object();
  json.key("unspool").begin_object().member("sessions", unanswered.sessions).member("packets", unanswered.packets);
  json.member("seconds", 60).end_object();
  end(json);
}

void EventWriter::on_limit(const LimitRecord& limit) {
  if (!anomaly_) return;
  JsonWriter json = begin("anomaly", limit.time);
  json.key("anomaly").begin_object().member("type", "limit").member("event", limit.setting).end_object();
  json.key("unspool").begin_object().member("times", limit.times).end_object();
  end(json);
}

void EventWriter::on_store(const StoreRecord& store) {
  if (!anomaly_) return;
  JsonWriter json = begin("anomaly", store.time);
  json.key("anomaly").begin_object().member("type", "store").member("event", name(store.what)).end_object();
  json.key("unspool").begin_object();
  if (!store.reason.empty()) json.member("reason", store.reason);
  json.member("files", store.files).member("bytes", store.bytes).end_object();
  end(json);
}

void EventWriter::on_overload(const OverloadRecord& overload) {
  if (!anomaly_) return;
  JsonWriter json = begin("anomaly", overload.time);
  json.key("anomaly").begin_object().member("type", "overload");
  json.member("event", fmt::format("{}_{}", name(overload.what), overload.begins ? "shed" : "resumed")).end_object();
  json.key("unspool").begin_object().member("level", overload.level).member("queue_percent", overload.filled);
  json.member("packets_lost", overload.lost);
  if (!overload.begins) {
    json.member("since", EveTime{overload.time - overload.lasted});
    json.member("seconds", std::chrono::duration_cast<std::chrono::seconds>(overload.lasted).count());
    json.member("left_out", overload.left_out);
  }
  json.end_object();
  end(json);
}

void EventWriter::on_interface(const InterfaceRecord& interface) {
  if (!interface_) return;
  JsonWriter json = begin("interface", interface.time);
  source(json, interface.source, interface.time);
  json.key("interface").begin_object().member("state", interface.state).member("message", interface.what).end_object();
  end(json);
}

void EventWriter::on_bad_capture(const BadCapture& bad) {
  if (!anomaly_) return;
  JsonWriter json = begin("anomaly", bad.time);
  json.member("pcap_filename", bad.path);
  json.key("anomaly").begin_object().member("type", "capture").member("event", "file_set_aside").end_object();
  json.key("unspool").begin_object().member("reason", bad.reason);
  if (!bad.moved_to.empty()) json.member("moved_to", bad.moved_to);
  json.end_object();
  end(json);
}

/// "a.b.c" counts as c in b in a. Names that share a prefix stand together.
void EventWriter::on_stats(Timestamp time, const Counts& counts) {
  if (!stats_) return;
  JsonWriter json = begin("stats", time);
  json.key("stats").begin_object();
  std::vector<std::string_view> open;
  for (const auto& [path, count] : counts) {
    std::string_view rest = path;
    std::size_t depth = 0;
    for (std::size_t dot = rest.find('.'); dot != rest.npos; dot = rest.find('.'), ++depth) {
      const std::string_view part = rest.substr(0, dot);
      rest.remove_prefix(dot + 1);
      if (depth < open.size() && open[depth] == part) continue;
      for (; open.size() > depth; open.pop_back()) json.end_object();
      json.key(part).begin_object();
      open.push_back(part);
    }
    for (; open.size() > depth; open.pop_back()) json.end_object();
    json.member(rest, count);
  }
  for (; !open.empty(); open.pop_back()) json.end_object();
  json.end_object();
  end(json);
}

}  // namespace unspool
