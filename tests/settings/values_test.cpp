// What each kind of key takes.
#include <gtest/gtest.h>

#include "settings/told.h"

namespace unspool::test {
namespace {

struct Row {
  const char* value;
  const char* expected;
};

/// Each row's value as that of the key `path`, "group.name", alone in a file. "P" in what is expected stands for the
/// path.
template <std::size_t N>
void expect(const std::string& path, const Row (&rows)[N]) {
  const std::size_t dot = path.find('.');
  for (const Row& row : rows) {
    const std::string text = path.substr(0, dot) + ":\n  " + path.substr(dot + 1) + ": " + row.value;
    std::string expected = row.expected;
    if (const std::size_t at = expected.find('P'); at != std::string::npos) expected.replace(at, 1, path);
    const std::string said = told(text);
    const std::string before = "f:2:" + std::to_string(path.size() - dot + 4) + ": ";
    EXPECT_EQ(said.starts_with(before) ? said.substr(before.size()) : said, expected) << text;
  }
}

TEST(Value, Duration) {
  constexpr const char* kNot = "P: needs a duration from 0 to 1m, such as 100ms, 30s, 5m, 2h or 1d, not ";
  const std::string path = "streams.grace";
  expect(path, {{"50ms", "P: 50ms"},
                {"1500ms", "P: 1500ms"},
                {"2000ms", "P: 2s"},
                {"60s", "P: 1m"},
                {"1m", "P: 1m"},
                {"0", "P: 0"},
                {"0s", "P: 0"},
                {"\"50ms\"", "P: 50ms"},
                {"50", "P: \"50\" has no unit: ms, s, m, h or d, as in 100ms"},
                {"00", "P: \"00\" has no unit: ms, s, m, h or d, as in 100ms"},
                {"050ms", "P: \"050ms\" begins with 0, which some read as octal: write 50ms"},
                {"00ms", "P: \"00ms\" begins with 0, which some read as octal: write 0ms"}});
  for (const char* wrong : {"1h", "1d", "60001ms", "50 ms", "50MS", "50us", "1w", "1m30s", "0.5s", "-1s", "+1s", "ms",
                            "soon", "18446744073709551615s", "18446744073709551616ms", "99999999999999999999999999d"}) {
    expect(path, {{wrong, (std::string{kNot} + '"' + wrong + '"').c_str()}});
  }
  expect(path, {{"\"0\"", (std::string{kNot} + "the text \"0\"").c_str()},
                {"[1s]", (std::string{kNot} + "a list").c_str()},
                {"{a: 1s}", (std::string{kNot} + "a mapping").c_str()}});
  expect("timeouts.idle",
         {{"1d", "P: 1d"}, {"48h", "P: 2d"}, {"25h", "P: 25h"}, {"720h", "P: 30d"}, {"90m", "P: 90m"}});
  constexpr const char* kIdleNot = "P: needs a duration from 1ms to 30d, such as 100ms, 30s, 5m, 2h or 1d, not ";
  expect("timeouts.idle",
         {{"0", (std::string{kIdleNot} + "\"0\"").c_str()}, {"31d", (std::string{kIdleNot} + "\"31d\"").c_str()}});
}

TEST(Value, Size) {
  constexpr const char* kNot = "P: needs a size from 64KiB to 2GiB, such as 4096, 64KiB or 10MB, not ";
  const std::string path = "limits.fragment_bytes";
  expect(path, {{"65536", "P: 64KiB"},
                {"65537", "P: 65537"},
                {"65537B", "P: 65537"},
                {"66kB", "P: 66kB"},
                {"10MB", "P: 10MB"},
                {"10240KiB", "P: 10MiB"},
                {"2GiB", "P: 2GiB"},
                {"1GB", "P: 1GB"},
                {"\"1MiB\"", "P: 1MiB"},
                {"064KiB", "P: \"064KiB\" begins with 0, which some read as octal: write 64KiB"},
                {"0200000", "P: \"0200000\" begins with 0, which some read as octal: write 200000"}});
  for (const char* wrong : {"0", "65535", "2147483649", "3GiB", "1TiB", "64K", "64k", "64KB", "64kib", "64 KiB",
                            "1.5MiB", "0x10000", "-1", "1e6", "many", "18446744073709551616", "18014398509481985KiB"}) {
    expect(path, {{wrong, (std::string{kNot} + '"' + wrong + '"').c_str()}});
  }
  expect(path, {{"\"65536\"", (std::string{kNot} + "the text \"65536\"").c_str()}});
  expect("streams.held_bytes_run", {{"1TiB", "P: 1TiB"}, {"0", "P: 0"}, {"1TB", "P: 1TB"}});
}

TEST(Value, Number) {
  constexpr const char* kNot = "P: needs a whole number from 1 to 1000000, not ";
  const std::string path = "limits.fragmented_datagrams";
  expect(path, {{"1", "P: 1"},
                {"1000000", "P: 1000000"},
                {"0755", "P: \"0755\" begins with 0, which some read as octal: write 755"},
                {"00", "P: \"00\" begins with 0, which some read as octal: write 0"},
                {"\"755\"", (std::string{kNot} + "the text \"755\"").c_str()},
                {"\"0755\"", (std::string{kNot} + "the text \"0755\"").c_str()}});
  for (const char* wrong :
       {"0", "1000001", "0x10", "0o17", "1_000", "1,000", "1.0", "1e3", "-1", "+1", "true", "10k"}) {
    expect(path, {{wrong, (std::string{kNot} + '"' + wrong + '"').c_str()}});
  }
  expect("pipeline.seed", {{"18446744073709551615", "P: 18446744073709551615"},
                           {"18446744073709551616",
                            "P: needs a whole number from 0 to 18446744073709551615, not \"18446744073709551616\""}});
}

TEST(Value, Workers) {
  expect("pipeline.workers", {{"0", "P: 0"},
                              {"256", "P: 256"},
                              {"auto", "defaults"},
                              {"\"auto\"", "defaults"},
                              {"257", "P: needs auto or a whole number from 0 to 256, not \"257\""},
                              {"-1", "P: needs auto or a whole number from 0 to 256, not \"-1\""},
                              {"many", "P: needs auto or a whole number from 0 to 256, not \"many\""},
                              {"08", "P: \"08\" begins with 0, which some read as octal: write 8"}});
}

TEST(Value, FlagsAndWords) {
  expect("streams.midstream", {{"true", "defaults"}, {"false", "P: false"}});
  for (const char* wrong : {"yes", "no", "on", "off", "True", "FALSE", "0", "1"}) {
    expect("streams.midstream", {{wrong, (std::string{"P: needs true or false, not \""} + wrong + '"').c_str()}});
  }
  expect("streams.midstream", {{"\"true\"", "P: needs true or false, not the text \"true\""}});
  expect("streams.checksums", {{"off", "P: off"},
                               {"\"drop\"", "P: drop"},
                               {"Drop", "P: needs one of off, count, drop, not \"Drop\""},
                               {"[off]", "P: needs one of off, count, drop, not a list"}});
  expect("pipeline.shard_by", {{"session", "P: session"}, {"host", "P: needs one of hosts, session, not \"host\""}});
  expect("transfers.digest", {{"none", "P: none"}, {"md5", "P: needs one of none, sha256, not \"md5\""}});
}

TEST(Value, EventTypes) {
  expect("events.types", {{"[flow]", "P: [flow]"},
                          {"[]", "P: []"},
                          {"\n  - stats\n  - \"flow\"\n", "P: [stats, flow]"},
                          {"flow", "P: needs a list of event types, such as [flow, stats], not \"flow\""},
                          {"", "f:2:3: P: has no value, needs a list of event types, such as [flow, stats]"}});
  EXPECT_EQ(
      told("events: {types: [flow, flows, flow, 1, [arp], ~]}"),
      "f:1:24: events.types[1]: needs one of flow, fileinfo, http, socks, arp, anomaly, interface, stats, not "
      "\"flows\"\n"
      "f:1:31: events.types[2]: flow is listed twice\n"
      "f:1:37: events.types[3]: needs one of flow, fileinfo, http, socks, arp, anomaly, interface, stats, not \"1\"\n"
      "f:1:40: events.types[4]: needs one of flow, fileinfo, http, socks, arp, anomaly, interface, stats, not a list\n"
      "f:1:47: events.types[5]: has no value, needs one of flow, fileinfo, http, socks, arp, anomaly, interface, "
      "stats");
}

TEST(Value, WhatIsShed) {
  expect("overload.shed",
         {{"[bodies]", "P: [bodies]"},
          {"[]", "P: []"},
          {"[sessions, transcripts, bodies]", "P: [sessions, transcripts, bodies]"},
          {"bodies", "P: needs a list of what is left out, such as [transcripts, bodies], not \"bodies\""}});
  EXPECT_EQ(told("overload: {shed: [bodies, flows, bodies]}"),
            "f:1:27: overload.shed[1]: needs one of transcripts, bodies, sessions, not \"flows\"\n"
            "f:1:34: overload.shed[2]: bodies is listed twice");
}

TEST(Value, Text) {
  const Row rows[] = {
      {"/srv/unspool", "output: \"/srv/unspool\""},
      {"\"\"", "defaults"},
      {"0755", "output: \"0755\""},
      {"true", "output: \"true\""},
      {"\"null\"", "output: \"null\""},
      {"'it''s'", "output: \"it's\""},
      {"a#b # c", "output: \"a#b\""},
      {"\"\\u00e9\\\"\"", "output: \"\xc3\xa9\\\"\""},
      {"", "f:1:1: output: has no value, needs text (\"\" for none)"},
      {"null", "f:1:1: output: has no value, needs text (\"\" for none)"},
      {"[a]", "f:1:9: output: needs text (\"\" for none), not a list"},
      {"{a: b}", "f:1:9: output: needs text (\"\" for none), not a mapping"},
      {"\"a\\nb\"", "f:1:9: output: has a control character: \"a\\nb\""},
      {"\"a\\0b\"", "f:1:9: output: has a control character: \"a\\u0000b\""},
  };
  for (const Row& row : rows) EXPECT_EQ(told(std::string{"output: "} + row.value), row.expected) << row.value;
  const std::string longest(4096, 'a');
  EXPECT_EQ(told("output: " + longest), "output: \"" + longest + "\"");
  EXPECT_EQ(told("output: " + longest + "a"), "f:1:9: output: is longer than 4096 bytes");
}

TEST(Value, Protocols) {
  const Row rows[] = {
      {"[http, socks, transcript]", "defaults"},
      {"[]", "protocols: []"},
      {"\n- http\n- dns: {}\n- raw\n", "protocols: [http, dns, raw]"},
      {"raw", "f:1:12: protocols: needs a list of protocols, such as [http, transcript], not \"raw\""},
      {"{raw: {}}", "f:1:12: protocols: needs a list of protocols, such as [http, transcript], not a mapping"},
      {"[rwa, raw, raw, {raw: {}}]",
       "f:1:13: protocols[0]: needs one of http, socks, dns, transcript, raw, not \"rwa\"\n"
       "f:1:23: protocols[2]: raw is listed twice\n"
       "f:1:29: protocols[3]: raw is listed twice"},
      {"[{raw: 5}]", "f:1:19: protocols[0].raw: needs a mapping of settings: without any, write only raw, not \"5\""},
      {"\n  - raw:\n",
       "f:2:5: protocols[0].raw: has no value, needs a mapping of settings: without any, write only raw"},
      {"[{rwa: {x: 1}}]", "f:1:14: protocols[0]: needs one of http, socks, dns, transcript, raw, not \"rwa\""},
      {"[{http: {}, dns: {}}, {}]",
       "f:1:13: protocols[0]: needs a protocol's name, or one name with its settings, indented further than it\n"
       "f:1:34: protocols[1]: needs a protocol's name, or one name with its settings, indented further than it"},
      {"\n  - http:\n    when: udp\n",
       "f:2:5: protocols[0]: needs a protocol's name, or one name with its settings, indented further than it"},
      {"[[raw]]", "f:1:13: protocols[0]: needs one of http, socks, dns, transcript, raw, not a list"},
      // A value that was left out has no place of its own.
      {"\n  - raw\n  -\n  - dns\n",
       "f:2:3: protocols[1]: has no value, needs one of http, socks, dns, transcript, raw"},
  };
  for (const Row& row : rows) EXPECT_EQ(told(std::string{"protocols: "} + row.value), row.expected) << row.value;
}

TEST(Value, ProtocolSettings) {
  const Row rows[] = {
      {"[{http: {decoded_bytes: 64MiB}}]", "protocols: [{http: {decoded_bytes: 64MiB}}]"},
      {"\n- http:\n    header_bytes: 65536\n    decoded_ratio: 200\n    decoded_bytes: 256MiB\n    when: \"\"\n"
       "- socks\n- transcript: {of: unclaimed, bytes: 1MiB, sessions: 10000}\n",
       "defaults"},
      {"\n- http\n- transcript: {when: tcp port 6667, of: all, bytes: 1MiB, sessions: 10000}\n- raw: {when: udp}\n",
       "protocols: [http, {transcript: {when: \"tcp port 6667\", of: all}}, {raw: {when: \"udp\"}}]"},
      {"[{http: {decoded_bytes: 1TiB, decoded_ratio: 1, header_bytes: 16MiB}}]",
       "protocols: [{http: {decoded_bytes: 1TiB, decoded_ratio: 1, header_bytes: 16MiB}}]"},
      {"[{transcript: {bytes: 1KiB, sessions: 1}}]", "protocols: [{transcript: {bytes: 1KiB, sessions: 1}}]"},
      {"[{dns: {when: \"'\\\"\\\\[0]: # {\"}}]", "protocols: [{dns: {when: \"'\\\"\\\\[0]: # {\"}}]"},
      // Each takes its own keys only.
      {"\n  - raw: {of: all, \"a b\": 1}\n",
       "f:2:11: protocols[0].raw.of: unknown key (there are when)\n"
       "f:2:20: protocols[0].raw.\"a b\": unknown key (there are when)"},
      {"[raw, {http: {of: all, whem: udp}}]",
       "f:1:26: protocols[1].http.of: unknown key (there are when, decoded_bytes, decoded_ratio, header_bytes)\n"
       "f:1:35: protocols[1].http.whem: unknown key (did you mean protocols[1].http.when?)"},
      {"[{transcript: {decoded_bytes: 1MiB, byte: 1MiB, 5: 1, <<: {}}}]",
       "f:1:27: protocols[0].transcript.decoded_bytes: unknown key (there are when, of, bytes, sessions)\n"
       "f:1:48: protocols[0].transcript.byte: unknown key (did you mean protocols[0].transcript.bytes?)\n"
       "f:1:60: protocols[0].transcript.5: unknown key (there are when, of, bytes, sessions)\n"
       "f:1:66: protocols[0].transcript: merge keys (<<) are not taken: write the keys out"},
      // Whatever is wrong is told at its place.
      {"[{http: {decoded_bytes: 0, decoded_bytes: 64M, decoded_ratio: 0, header_bytes: 17MiB, when: [udp]}}]",
       "f:1:36: protocols[0].http.decoded_bytes: needs a size from 1KiB to 1TiB, such as 4096, 64KiB or 10MB, not "
       "\"0\"\n"
       "f:1:39: protocols[0].http.decoded_bytes: is given twice\n"
       "f:1:54: protocols[0].http.decoded_bytes: needs a size from 1KiB to 1TiB, such as 4096, 64KiB or 10MB, not "
       "\"64M\"\n"
       "f:1:74: protocols[0].http.decoded_ratio: needs a whole number from 1 to 1000000, not \"0\"\n"
       "f:1:91: protocols[0].http.header_bytes: needs a size from 1KiB to 16MiB, such as 4096, 64KiB or 10MB, not "
       "\"17MiB\"\n"
       "f:1:104: protocols[0].http.when: needs text (\"\" for none), not a list"},
      {"\n- transcript:\n    of: claimed\n    bytes: 2GiB\n    sessions: 0\n    when:\n- transcrpt\n",
       "f:3:9: protocols[0].transcript.of: needs one of unclaimed, all, not \"claimed\"\n"
       "f:4:12: protocols[0].transcript.bytes: needs a size from 1KiB to 1GiB, such as 4096, 64KiB or 10MB, not "
       "\"2GiB\"\n"
       "f:5:15: protocols[0].transcript.sessions: needs a whole number from 1 to 100000000, not \"0\"\n"
       "f:6:5: protocols[0].transcript.when: has no value, needs text (\"\" for none)\n"
       "f:7:3: protocols[1]: needs one of http, socks, dns, transcript, raw, not \"transcrpt\""},
      {"[{http: {when: tcp[13] = 2}}]", "f:1:30: a '}' is missing here, or a ','"},
      {"[{http: {when: \"udp\\n\"}}]", "f:1:27: protocols[0].http.when: has a control character: \"udp\\n\""},
  };
  for (const Row& row : rows) EXPECT_EQ(told(std::string{"protocols: "} + row.value), row.expected) << row.value;
}

}  // namespace
}  // namespace unspool::test
