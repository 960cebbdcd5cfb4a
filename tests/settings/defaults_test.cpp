// config/unspool.yaml, the settings' defaults and the schema say the same.
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "base/file.h"
#include "settings/schema.h"
#include "settings/told.h"
#include "support/source_tree.h"

namespace unspool::test {
namespace {

std::string documented() {
  const auto root = source_tree();
  return read_text_file((root / "config/unspool.yaml").string(), 1U << 20U).value();
}

std::string without_comments(const std::string& yaml) {
  std::string bare;
  std::istringstream in{yaml};
  for (std::string line; std::getline(in, line);) {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin != std::string::npos && line[begin] != '#') bare += line + "\n";
  }
  return bare;
}

TEST(Documentation, HoldsEveryKeyWithItsDefault) {
  EXPECT_EQ(without_comments(documented()), dump_settings(Settings{}));
}

TEST(Documentation, ReadsAsTheDefaults) {
  EXPECT_EQ(told(documented()), "defaults");
  const auto settings = parse_settings(documented(), "unspool.yaml", protocols());
  ASSERT_TRUE(settings);
  EXPECT_TRUE(*settings == Settings{});
}

/// The protocols that the documentation shows in a comment: its lines from the first entry's on, without their "#".
std::string documented_protocols() {
  const std::string all = documented();
  std::istringstream in{all.substr(std::min(all.find("#  # "), all.find("#  - ")))};
  std::string example = "protocols:\n";
  for (std::string line; std::getline(in, line) && line.starts_with("#  ");) example += line.substr(1) + "\n";
  return example;
}

TEST(Documentation, ShowsEverySettingOfEachProtocolWithItsDefault) {
  std::string expected = "protocols:\n";
  for (const char* name : {"http", "socks", "transcript", "raw"}) {
    ProtocolSettings protocol{.name = name};
    expected += std::string{"  - "} + name + ":\n";
    for (const SettingsKey& key : protocol_keys(protocol)) {
      expected += "      " + std::string{key.name} + ": " + key.written() + "\n";
    }
  }
  EXPECT_EQ(without_comments(documented_protocols()), expected);
}

TEST(Documentation, ShowsProtocolsThatReadAsTheDefaults) {
  EXPECT_EQ(told(documented_protocols()), "protocols: [http, socks, transcript, raw]");
}

TEST(Documentation, SaysSomethingAboutEachKey) {
  std::istringstream in{documented() + documented_protocols()};
  std::string before, undocumented;
  for (std::string line; std::getline(in, line); before = line) {
    const bool key = !line.empty() && line.find('#') == std::string::npos && !line.ends_with(':');
    if (key && before.find("# ") == std::string::npos) undocumented += line + "\n";
  }
  EXPECT_EQ(undocumented, "");
}

TEST(Defaults, AreWhatNothingSets) {
  for (const char* nothing :
       {"", "\n", "# only a comment\n", "---\n", "---\n...\n", "{}", "~", "\xef\xbb\xbf", "\r\n"}) {
    EXPECT_EQ(told(nothing), "defaults") << nothing;
  }
}

/// Nothing is as it is by default.
Settings others() {
  using namespace std::chrono_literals;
  return {.output = "/srv/\"un\\spool\" \xc3\xa9: # 1",
          .protocols = {{.name = "dns"},
                        {.name = "http",
                         .when = "tcp port \"80\"",
                         .http = {.decoded_bytes = 1'000'000, .decoded_ratio = 9, .header_bytes = 4097}},
                        {.name = "raw"},
                        {.name = "transcript",
                         .when = "udp",
                         .transcript = {.of = TranscriptOf::all, .bytes = 1025, .sessions = 9}}},
          .capture = {.interfaces = {"eth1", "ppp0"},
                      .filter = "tcp",
                      .snaplen = 96,
                      .promiscuous = false,
                      .buffer = 64U << 20U,
                      .direction = Direction::in,
                      .timeout = 20ms,
                      .sockets = 2,
                      .missing_interface = MissingInterface::wait,
                      .queue = 256U << 20U,
                      .loops = 3},
          .pipeline = {.workers = 0,
                       .shard_by = ShardBy::session,
                       .ignore_vlans = true,
                       .duplicates = 7ms,
                       .seed = 18'446'744'073'709'551'615U},
          .limits = {.sessions = 7, .unanswered = 70, .fragmented_datagrams = 8, .fragment_bytes = 100'000'000},
          .timeouts = {.idle = 36h, .handshake = 1ms, .closed = 0ms, .udp = 48h, .fragments = 1500ms},
          .streams = {.grace = 0ms,
                      .hole = 90s,
                      .start_bytes = 0,
                      .held_bytes = 1'000'001,
                      .held_segments = 1,
                      .held_bytes_host = 1U << 30U,
                      .held_bytes_run = 5'000'000'000,
                      .history = 1025,
                      .midstream = false,
                      .checksums = Checksums::drop,
                      .digest = Digest::sha256,
                      .urgent = Urgent::out_of_band,
                      .paws = Paws::drop},
          .transfers = {.digest = Digest::none,
                        .types = TypeSource::magic,
                        .open_files = 3,
                        .writers = 2,
                        .queue_bytes = 1U << 20U,
                        .quota_bytes = 1U << 30U,
                        .quota_files = 4,
                        .quota_files_host = 5,
                        .max_age = std::chrono::hours{48},
                        .low_space = 0},
          .events = {.types = {"stats", "flow"},
                     .unanswered = Unanswered::each,
                     .anomalies = 99,
                     .rotate_bytes = 1'000'000,
                     .rotate_interval = 24h,
                     .keep = 0,
                     .stats_interval = 60s},
          .process = {.user = "unspool", .group = "wheel", .confine = false},
          .spool = {.directory = "/var/spool/pcap",
                    .pattern = "*.pcap*",
                    .after = AfterReading::move,
                    .done = "/var/spool/done",
                    .bad = "/var/spool/bad",
                    .queue = 12},
          .overload = {.shed = {Shed::sessions, Shed::bodies}, .above = 90, .below = 5, .calm = 60s}};
}

TEST(Dump, WritesTheFriendliestExactUnits) {
  EXPECT_EQ(dump_settings(others()),
            "output: \"/srv/\\\"un\\\\spool\\\" \xc3\xa9: # 1\"\n"
            "protocols: [dns, {http: {when: \"tcp port \\\"80\\\"\", decoded_bytes: 1MB, decoded_ratio: 9, "
            "header_bytes: 4097}}, raw, {transcript: {when: \"udp\", of: all, bytes: 1025, sessions: 9}}]\n"
            "capture:\n"
            "  interfaces: [\"eth1\", \"ppp0\"]\n"
            "  filter: \"tcp\"\n"
            "  snaplen: 96\n"
            "  promiscuous: false\n"
            "  buffer: 64MiB\n"
            "  direction: in\n"
            "  timeout: 20ms\n"
            "  sockets: 2\n"
            "  missing_interface: wait\n"
            "  queue: 256MiB\n"
            "  loops: 3\n"
            "pipeline:\n"
            "  workers: 0\n"
            "  shard_by: session\n"
            "  ignore_vlans: true\n"
            "  duplicates: 7ms\n"
            "  seed: 18446744073709551615\n"
            "limits:\n"
            "  sessions: 7\n"
            "  unanswered: 70\n"
            "  fragmented_datagrams: 8\n"
            "  fragment_bytes: 100MB\n"
            "timeouts:\n"
            "  idle: 36h\n"
            "  handshake: 1ms\n"
            "  closed: 0\n"
            "  udp: 2d\n"
            "  fragments: 1500ms\n"
            "streams:\n"
            "  grace: 0\n"
            "  hole: 90s\n"
            "  start_bytes: 0\n"
            "  held_bytes: 1000001\n"
            "  held_segments: 1\n"
            "  held_bytes_host: 1GiB\n"
            "  held_bytes_run: 5GB\n"
            "  history: 1025\n"
            "  midstream: false\n"
            "  checksums: drop\n"
            "  digest: sha256\n"
            "  urgent: out_of_band\n"
            "  paws: drop\n"
            "transfers:\n"
            "  digest: none\n"
            "  types: magic\n"
            "  open_files: 3\n"
            "  writers: 2\n"
            "  queue_bytes: 1MiB\n"
            "  quota_bytes: 1GiB\n"
            "  quota_files: 4\n"
            "  quota_files_host: 5\n"
            "  max_age: 2d\n"
            "  low_space: 0\n"
            "events:\n"
            "  types: [stats, flow]\n"
            "  unanswered: each\n"
            "  anomalies: 99\n"
            "  rotate_bytes: 1MB\n"
            "  rotate_interval: 1d\n"
            "  keep: 0\n"
            "  stats_interval: 1m\n"
            "process:\n"
            "  user: \"unspool\"\n"
            "  group: \"wheel\"\n"
            "  confine: false\n"
            "spool:\n"
            "  directory: \"/var/spool/pcap\"\n"
            "  pattern: \"*.pcap*\"\n"
            "  after: move\n"
            "  done: \"/var/spool/done\"\n"
            "  bad: \"/var/spool/bad\"\n"
            "  queue: 12\n"
            "overload:\n"
            "  shed: [sessions, bodies]\n"
            "  above: 90\n"
            "  below: 5\n"
            "  calm: 1m\n");
}

TEST(Dump, ReadsBackAsItWas) {
  for (const Settings& settings : {others(), Settings{}, Settings{.protocols = {}, .events = {.types = {}}}}) {
    const std::string dumped = dump_settings(settings);
    const auto read = parse_settings(dumped, "f", protocols());
    ASSERT_TRUE(read) << told(dumped);
    EXPECT_TRUE(*read == settings) << dumped;
  }
}

// Lines have a bound when they are read: YamlBounds::kLineBytes.
TEST(Dump, GivesEachProtocolALineWhereOneWouldBeLong) {
  Settings settings{.protocols = {}};
  for (const std::string& name : protocols()) {
    settings.protocols.push_back({.name = name, .when = std::string(4096, '"')});
  }
  const std::string dumped = dump_settings(settings);
  for (const char* begin : {"\nprotocols: [{http: {", "\n  {dns: {", "\n  {transcript: {", "\n  {raw: {"}) {
    EXPECT_NE(dumped.find(begin), std::string::npos) << begin;
  }
  const auto read = parse_settings(dumped, "f", protocols());
  ASSERT_TRUE(read) << told(dumped).substr(0, 200);
  EXPECT_TRUE(*read == settings);
}

// Else the tests above would prove less than they seem to.
TEST(Dump, OfTheOthersDiffersInEveryLine) {
  std::istringstream defaults{dump_settings(Settings{})}, changed{dump_settings(others())};
  std::string same;
  for (std::string one, other; std::getline(defaults, one) && std::getline(changed, other);) {
    if (one == other && !one.ends_with(':')) same += one + "\n";
  }
  EXPECT_EQ(same, "");
}

}  // namespace
}  // namespace unspool::test
