#include "settings/schema.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "settings/keys.h"
#include "settings/walk.h"

namespace unspool {
namespace {

using namespace key;
using std::chrono::milliseconds;

constexpr std::uint64_t kKiB = 1U << 10U, kMiB = 1U << 20U, kGiB = 1U << 30U, kTiB = kGiB << 10U;
constexpr milliseconds kNone{0}, kBrief{1};
constexpr milliseconds kMinute = std::chrono::minutes{1}, kDay = std::chrono::hours{24}, kMonth = 30 * kDay,
                       kYear = 365 * kDay;

constexpr std::array<std::pair<Direction, std::string_view>, 3> kDirection{
    {{Direction::both, "both"}, {Direction::in, "in"}, {Direction::out, "out"}}};
constexpr std::array<std::pair<MissingInterface, std::string_view>, 2> kMissingInterface{
    {{MissingInterface::error, "error"}, {MissingInterface::wait, "wait"}}};
constexpr std::array<std::pair<ShardBy, std::string_view>, 2> kShardBy{
    {{ShardBy::hosts, "hosts"}, {ShardBy::session, "session"}}};
constexpr std::array<std::pair<Digest, std::string_view>, 2> kDigest{
    {{Digest::none, "none"}, {Digest::sha256, "sha256"}}};
constexpr std::array<std::pair<Checksums, std::string_view>, 3> kChecksums{
    {{Checksums::off, "off"}, {Checksums::count, "count"}, {Checksums::drop, "drop"}}};
constexpr std::array<std::pair<Urgent, std::string_view>, 2> kUrgent{
    {{Urgent::in_line, "inline"}, {Urgent::out_of_band, "out_of_band"}}};
constexpr std::array<std::pair<Paws, std::string_view>, 3> kPaws{
    {{Paws::off, "off"}, {Paws::count, "count"}, {Paws::drop, "drop"}}};
constexpr std::array<std::pair<TranscriptOf, std::string_view>, 2> kTranscriptOf{
    {{TranscriptOf::unclaimed, "unclaimed"}, {TranscriptOf::all, "all"}}};

constexpr std::array<std::pair<TypeSource, std::string_view>, 3> kTypeSource{
    {{TypeSource::none, "none"}, {TypeSource::prefix, "prefix"}, {TypeSource::magic, "magic"}}};
constexpr std::array<std::pair<Unanswered, std::string_view>, 2> kUnanswered{
    {{Unanswered::summary, "summary"}, {Unanswered::each, "each"}}};

constexpr std::array<std::pair<AfterReading, std::string_view>, 3> kAfterReading{
    {{AfterReading::keep, "keep"}, {AfterReading::move, "move"}, {AfterReading::erase, "delete"}}};

// Each of these names all members of its struct, so that a new member does not compile before it is given a key.

std::vector<SettingsKey> capture_keys(CaptureSettings& settings) {
  auto& [names, filter, snaplen, promiscuous, buffer, direction, timeout, sockets, missing_interface, queue, loops] =
      settings;
  return {
      interfaces("interfaces", names),
      text("filter", filter),
      number("snaplen", snaplen, {64, 262'144}),
      flag("promiscuous", promiscuous),
      size("buffer", buffer, {kMiB, kGiB}),
      word("direction", direction, kDirection),
      duration("timeout", timeout, {kBrief, milliseconds{500}}),
      number("sockets", sockets, {1, 64}),
      word("missing_interface", missing_interface, kMissingInterface),
      size("queue", queue, {kMiB, 64 * kGiB}),
      number("loops", loops, {1, 64}),
  };
}

std::vector<SettingsKey> pipeline_keys(PipelineSettings& settings) {
  auto& [worker_threads, shard_by, ignore_vlans, duplicates, seed] = settings;
  return {
      workers("workers", worker_threads),
      word("shard_by", shard_by, kShardBy),
      flag("ignore_vlans", ignore_vlans),
      duration("duplicates", duplicates, {kNone, kMinute}),
      number("seed", seed, {0, std::numeric_limits<std::uint64_t>::max()}),
  };
}

std::vector<SettingsKey> limit_keys(Limits& settings) {
  auto& [sessions, unanswered, fragmented_datagrams, fragment_bytes] = settings;
  return {
      number("sessions", sessions, {1, 16'000'000}),
      number("unanswered", unanswered, {1, 10'000'000}),
      number("fragmented_datagrams", fragmented_datagrams, {1, 1'000'000}),
      size("fragment_bytes", fragment_bytes, {64 * kKiB, 2 * kGiB}),
  };
}

std::vector<SettingsKey> timeout_keys(Timeouts& settings) {
  auto& [idle, handshake, closed, udp, fragments] = settings;
  return {
      duration("idle", idle, {kBrief, kMonth}),         duration("handshake", handshake, {kBrief, kMonth}),
      duration("closed", closed, {kNone, kMonth}),      duration("udp", udp, {kBrief, kMonth}),
      duration("fragments", fragments, {kBrief, kDay}),
  };
}

std::vector<SettingsKey> stream_keys(StreamSettings& settings) {
  auto& [grace, hole, start_bytes, held_bytes, held_segments, held_bytes_host, held_bytes_run, history, midstream,
         checksums, digest, urgent, paws] = settings;
  return {
      duration("grace", grace, {kNone, kMinute}),
      duration("hole", hole, {kBrief, kDay}),
      size("start_bytes", start_bytes, {0, 64 * kMiB}),
      size("held_bytes", held_bytes, {0, kGiB}),
      number("held_segments", held_segments, {1, 1'000'000}),
      size("held_bytes_host", held_bytes_host, {0, kTiB}),
      size("held_bytes_run", held_bytes_run, {0, kTiB}),
      size("history", history, {0, 16 * kMiB}),
      flag("midstream", midstream),
      word("checksums", checksums, kChecksums),
      word("digest", digest, kDigest),
      word("urgent", urgent, kUrgent),
      word("paws", paws, kPaws),
  };
}

std::vector<SettingsKey> transfer_keys(TransferSettings& settings) {
  auto& [digest, types, open_files, writers, queue_bytes, quota_bytes, quota_files, quota_files_host, max_age,
         low_space] = settings;
  return {
      word("digest", digest, kDigest),
      word("types", types, kTypeSource),
      number("open_files", open_files, {1, 1'000'000}),
      workers("writers", writers),
      size("queue_bytes", queue_bytes, {kMiB, kTiB}),
      size("quota_bytes", quota_bytes, {0, 1024 * kTiB}),
      number<std::uint64_t>("quota_files", quota_files, {0, 1'000'000'000}),
      number<std::uint64_t>("quota_files_host", quota_files_host, {0, 1'000'000'000}),
      duration("max_age", max_age, {kNone, 100 * kYear}),
      size("low_space", low_space, {0, kTiB}),
  };
}

std::vector<SettingsKey> event_keys(EventSettings& settings) {
  auto& [types, unanswered, anomalies, rotate_bytes, rotate_interval, keep, stats_interval] = settings;
  return {
      event_types("types", types),
      word("unanswered", unanswered, kUnanswered),
      number("anomalies", anomalies, {1, 100'000'000}),
      size("rotate_bytes", rotate_bytes, {0, kTiB}),
      duration("rotate_interval", rotate_interval, {kNone, kMonth}),
      number("keep", keep, {0, 1'000'000}),
      duration("stats_interval", stats_interval, {milliseconds{1000}, kDay}),
  };
}

std::vector<SettingsKey> process_keys(ProcessSettings& settings) {
  auto& [user, group, confine] = settings;
  return {text("user", user), text("group", group), flag("confine", confine)};
}

std::vector<SettingsKey> spool_keys(SpoolSettings& settings) {
  auto& [directory, pattern, after, done, bad, queue] = settings;
  return {
      text("directory", directory), text("pattern", pattern), word("after", after, kAfterReading),
      text("done", done),           text("bad", bad),         number("queue", queue, {1, 10'000'000}),
  };
}

std::vector<SettingsKey> overload_keys(OverloadSettings& settings) {
  auto& [shed, above, below, calm] = settings;
  return {
      what_is_shed("shed", shed),
      number("above", above, {1, 100}),
      number("below", below, {0, 100}),
      duration("calm", calm, {milliseconds{1000}, kDay}),
  };
}

std::vector<SettingsKey> http_keys(HttpSettings& settings) {
  auto& [decoded_bytes, decoded_ratio, header_bytes] = settings;
  return {
      size("decoded_bytes", decoded_bytes, {kKiB, kTiB}),
      number("decoded_ratio", decoded_ratio, {1, 1'000'000}),
      size("header_bytes", header_bytes, {kKiB, 16 * kMiB}),
  };
}

std::vector<SettingsKey> transcript_keys(TranscriptSettings& settings) {
  auto& [of, bytes, sessions] = settings;
  return {
      word("of", of, kTranscriptOf),
      size("bytes", bytes, {kKiB, kGiB}),
      number("sessions", sessions, {1, 100'000'000}),
  };
}

/// What stands under an entry's name.
void read_entry(const YamlNode& node, const std::string& path, ProtocolSettings& entry, Complaints& complaints) {
  if (node.kind == YamlNode::Kind::unreadable) return;
  if (node.kind == YamlNode::Kind::mapping) return read_keys(node, protocol_keys(entry), path, complaints);
  complaints.add(node.offset, path, wrong(node, "a mapping of settings: without any, write only " + entry.name));
}

/// The name alone when all is as it is by default, else {name: {what differs}}.
std::string entry_text(const ProtocolSettings& entry) {
  ProtocolSettings copy = entry, defaults{.name = entry.name};
  const auto keys = protocol_keys(copy), default_keys = protocol_keys(defaults);
  std::vector<std::string> changed;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string written = keys[i].written();
    if (written != default_keys[i].written()) changed.push_back(fmt::format("{}: {}", keys[i].name, written));
  }
  if (changed.empty()) return entry.name;
  return fmt::format("{{{}: {{{}}}}}", entry.name, fmt::join(changed, ", "));
}

/// An entry is a name, or a mapping of one name to its settings.
SettingsKey protocols(std::string_view name, std::vector<ProtocolSettings>& member,
                      std::span<const std::string> protocol_names) {
  const std::vector<std::string> allowed{protocol_names.begin(), protocol_names.end()};
  const auto read = [&member, allowed](const YamlNode& node, const std::string& path, Complaints& complaints) {
    if (node.kind != YamlNode::Kind::list) {
      return complaints.add(node.offset, path, wrong(node, "a list of protocols, such as [http, transcript]"));
    }
    std::vector<std::string> names;
    member.clear();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const YamlNode& item = node.items[i];
      const std::string place = fmt::format("{}[{}]", path, i);
      const bool with_settings = item.kind == YamlNode::Kind::mapping;
      if (with_settings && item.items.size() != 2) {
        complaints.add(item.offset, place,
                       "needs a protocol's name, or one name with its settings, indented further than it");
      } else if (add_name(with_settings ? item.items[0] : item, place, allowed, names, complaints)) {
        ProtocolSettings& entry = member.emplace_back();
        entry.name = names.back();
        if (with_settings) read_entry(item.items[1], fmt::format("{}.{}", place, entry.name), entry, complaints);
      }
    }
  };
  const auto written = [&member] {
    std::vector<std::string> entries;
    entries.reserve(member.size());
    for (const ProtocolSettings& entry : member) entries.push_back(entry_text(entry));
    return list_text(entries);
  };
  return {.name = name, .read = read, .written = written, .keys = {}};
}

}  // namespace

std::vector<SettingsKey> protocol_keys(ProtocolSettings& settings) {
  auto& [name, when, http, transcript] = settings;
  std::vector<SettingsKey> keys{text("when", when)};
  const auto add = [&keys](const std::vector<SettingsKey>& own) { keys.insert(keys.end(), own.begin(), own.end()); };
  if (name == "http") add(http_keys(http));
  if (name == "transcript") add(transcript_keys(transcript));
  return keys;
}

std::vector<SettingsKey> schema(Settings& settings, std::span<const std::string> protocol_names) {
  auto& [output, protocol_list, capture, pipeline, limits, timeouts, streams, transfers, events, process, spool,
         overload] = settings;
  return {
      text("output", output),
      protocols("protocols", protocol_list, protocol_names),
      mapping("capture", capture_keys(capture)),
      mapping("pipeline", pipeline_keys(pipeline)),
      mapping("limits", limit_keys(limits)),
      mapping("timeouts", timeout_keys(timeouts)),
      mapping("streams", stream_keys(streams)),
      mapping("transfers", transfer_keys(transfers)),
      mapping("events", event_keys(events)),
      mapping("process", process_keys(process)),
      mapping("spool", spool_keys(spool)),
      mapping("overload", overload_keys(overload)),
  };
}

}  // namespace unspool
