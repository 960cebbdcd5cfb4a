// --set key=value.
#include <gtest/gtest.h>

#include "settings/told.h"

namespace unspool::test {
namespace {

TEST(Set, Rows) {
  struct Row {
    const char* assignment;
    const char* expected;  // "!": the assignment as it stands in errors
  };
  const Row rows[] = {
      {"streams.grace=50ms", "streams.grace: 50ms"},
      {"streams.grace= 50ms # as the tap needs", "streams.grace: 50ms"},
      {"protocols=[http]", "protocols: [http]"},
      {"protocols=[{http: {}}, raw]", "protocols: [http, raw]"},
      {"protocols=[{transcript: {of: all}}, http]", "protocols: [{transcript: {of: all}}, http]"},
      {"protocols=[{transcript: {off: all}}]",
       "!: protocols[0].transcript.off: unknown key (did you mean protocols[0].transcript.of?)"},
      {"protocols.http.when=udp", "!: protocols: needs a list of protocols, such as [http, transcript], not a mapping"},
      {"streams={grace: 50ms, hole: 1s}", "streams.grace: 50ms\nstreams.hole: 1s"},
      {"pipeline.workers=auto", "defaults"},
      {"output=/a=b", "output: \"/a=b\""},
      {"output=\"\"", "defaults"},
      {"streams.grac=1", "!: streams.grac: unknown key (did you mean streams.grace?)"},
      {"workers=4", "!: workers: unknown key (did you mean pipeline.workers?)"},
      {"pipeline.workers=08", "!: pipeline.workers: \"08\" begins with 0, which some read as octal: write 8"},
      {"pipeline={worker: 1, seed: x}",
       "!: pipeline.worker: unknown key (did you mean pipeline.workers?)\n"
       "!: pipeline.seed: needs a whole number from 0 to 18446744073709551615, not \"x\""},
      {"pipeline=1",
       "!: pipeline: needs keys of its own: workers, shard_by, ignore_vlans, duplicates, seed, not \"1\""},
      {"pipeline=",
       "!: pipeline: has no value, needs keys of its own: workers, shard_by, ignore_vlans, duplicates, seed"},
      {"output=", "!: output: has no value, needs text (\"\" for none)"},
      {"output=a: b", "!: output: needs text (\"\" for none), not a mapping"},
      {"streams.grace.x=1",
       "!: streams.grace: needs a duration from 0 to 1m, such as 100ms, 30s, 5m, 2h or 1d, not a mapping"},
      {"pipeline.=1", "!: pipeline.\"\": unknown key (there are workers, shard_by, ignore_vlans, duplicates, seed)"},
      {"pipeline.seed =1", "!: pipeline.\"seed \": unknown key (did you mean pipeline.seed?)"},
      {"pipeline.<<=1", "!: pipeline: merge keys (<<) are not taken: write the keys out"},
      {"events.types=[flow", "!: a ']' is missing here, or a ','"},
      {"output=\"a", "!: is no YAML: illegal EOF in scalar"},
      {"output=&a b", "!: anchors and aliases (&, *) are not taken: write the value out"},
      {"streams.grace", "!: write key=value, such as streams.grace=50ms"},
      {"=1", "!: write key=value, such as streams.grace=50ms"},
      {"", "!: write key=value, such as streams.grace=50ms"},
  };
  for (const Row& row : rows) {
    std::string expected = row.expected;
    const std::string origin = "--set " + std::string{row.assignment};
    for (std::size_t line = 0; line < expected.size(); line = expected.find('\n', line) + 1) {
      if (expected[line] == '!') expected.replace(line, 1, origin);
      if (expected.find('\n', line) == std::string::npos) break;
    }
    EXPECT_EQ(told_set(row.assignment), expected) << row.assignment;
  }
}

TEST(Set, ShowsControlCharactersEscaped) {
  EXPECT_EQ(told_set("output=\x1b[31m"),
            "--set \"output=\\u001b[31m\": octet 0x1b is no text: a configuration is UTF-8");
}

TEST(Set, AddsToWhatIsSet) {
  Settings settings;
  for (const char* assignment : {"streams.grace=1s", "streams={hole: 2s}", "protocols=[{http: {when: udp}}]",
                                 "protocols=[{http: {header_bytes: 1KiB}}, raw]", "streams.grace=3s"}) {
    ASSERT_TRUE(apply_setting(settings, assignment, protocols())) << assignment;
  }
  EXPECT_EQ(changes(settings), "protocols: [{http: {header_bytes: 1KiB}}, raw]\nstreams.grace: 3s\nstreams.hole: 2s");
}

TEST(Set, LeavesTheSettingsAloneWhenItFails) {
  Settings settings;
  settings.output = "before";
  const Settings before = settings;
  EXPECT_FALSE(apply_setting(settings, "streams={grace: 1s, hole: 2}", protocols()));
  EXPECT_FALSE(apply_setting(settings, "protocols=[http, tftp]", protocols()));
  EXPECT_FALSE(apply_setting(settings, "protocols=[{http: {when: udp, header_bytes: 0}}]", protocols()));
  EXPECT_FALSE(apply_setting(settings, "events.types=[flow, x]", protocols()));
  EXPECT_TRUE(settings == before) << changes(settings);
}

}  // namespace
}  // namespace unspool::test
