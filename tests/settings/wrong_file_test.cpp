// What is wrong with a file, told all at once, each with its place.
#include <gtest/gtest.h>

#include "settings/told.h"
#include "support/capture_file.h"

namespace unspool::test {
namespace {

struct Row {
  const char* text;
  const char* expected;
};

template <std::size_t N>
void expect(const Row (&rows)[N]) {
  for (const Row& row : rows) EXPECT_EQ(told(row.text), row.expected) << row.text;
}

TEST(WrongFile, TellsAllErrorsAtOnceInTheirOrder) {
  EXPECT_EQ(told("streams:\n"
                 "  grac: 1s\n"
                 "  hole: 5\n"
                 "  held_bytes: 2MBytes\n"
                 "workers: 3\n"
                 "timeout: {idle: 1s}\n"
                 "limits: {sessions: 01000}\n"
                 "protocols: [http, tftp]\n"
                 "streams:\n"
                 "  checksums: on\n"),
            "f:2:3: streams.grac: unknown key (did you mean streams.grace?)\n"
            "f:3:9: streams.hole: \"5\" has no unit: ms, s, m, h or d, as in 100ms\n"
            "f:4:15: streams.held_bytes: needs a size from 0 to 1GiB, such as 4096, 64KiB or 10MB, not \"2MBytes\"\n"
            "f:5:1: workers: unknown key (did you mean pipeline.workers?)\n"
            "f:6:1: timeout: unknown key (did you mean timeouts?)\n"
            "f:7:20: limits.sessions: \"01000\" begins with 0, which some read as octal: write 1000\n"
            "f:8:19: protocols[1]: needs one of http, socks, dns, transcript, raw, not \"tftp\"\n"
            "f:9:1: streams: is given twice\n"
            "f:10:14: streams.checksums: needs one of off, count, drop, not \"on\"");
}

TEST(WrongFile, Keys) {
  expect({
      {"pipeline: {foo: 1}",
       "f:1:12: pipeline.foo: unknown key (there are workers, shard_by, ignore_vlans, duplicates, seed)"},
      {"pipeline: {shardby: hosts}", "f:1:12: pipeline.shardby: unknown key (did you mean pipeline.shard_by?)"},
      {"pipeline: {ssed: 1}", "f:1:12: pipeline.ssed: unknown key (did you mean pipeline.seed?)"},
      {"pipeline: {sede: 1}", "f:1:12: pipeline.sede: unknown key (did you mean pipeline.seed?)"},
      {"pipeline: {workers 1}", "f:1:12: pipeline.\"workers 1\": unknown key (did you mean pipeline.workers?)"},
      {"idle: 1s", "f:1:1: idle: unknown key (did you mean timeouts.idle?)"},
      {"x: 1",
       "f:1:1: x: unknown key (there are output, protocols, capture, pipeline, limits, timeouts, streams, transfers, "
       "events, process, spool, overload)"},
      {"\xc3\xbc\xc3\xbc: 1",
       "f:1:1: \"\xc3\xbc\xc3\xbc\": unknown key (there are output, protocols, capture, pipeline, limits, timeouts, "
       "streams, "
       "transfers, events, process, spool, overload)"},
      {"pipeline: {\"\\e[31m\": 1}",
       "f:1:12: pipeline.\"\\u001b[31m\": unknown key (there are workers, shard_by, ignore_vlans, duplicates, seed)"},
      {"pipeline: {aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee: 1}",
       "f:1:12: pipeline.\"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd\"...: unknown key (there are workers, shard_by, "
       "ignore_vlans, duplicates, seed)"},
      {"pipeline:\n  seed: 1\n  seed: 1\n  seed: x\n",
       "f:3:3: pipeline.seed: is given twice\n"
       "f:4:3: pipeline.seed: is given twice\n"
       "f:4:9: pipeline.seed: needs a whole number from 0 to 18446744073709551615, not \"x\""},
      {"pipeline: {seed: 1, \"seed\": 1}", "f:1:21: pipeline.seed: is given twice"},
      {"<<: {output: a}", "f:1:1: merge keys (<<) are not taken: write the keys out"},
      {"pipeline: {<<: 1}", "f:1:12: pipeline: merge keys (<<) are not taken: write the keys out"},
      {"[a]: 1\n~: 2\npipeline: {{a: b}: 3}\n",
       "f:1:1: a key must be a word\n"
       "f:2:1: a key must be a word\n"
       "f:3:12: pipeline: a key must be a word"},
  });
}

TEST(WrongFile, Mappings) {
  expect({
      {"pipeline: 5",
       "f:1:11: pipeline: needs keys of its own: workers, shard_by, ignore_vlans, duplicates, seed, not \"5\""},
      {"pipeline: [1]",
       "f:1:11: pipeline: needs keys of its own: workers, shard_by, ignore_vlans, duplicates, seed, not a list"},
      {"output: a\npipeline:\n",
       "f:2:1: pipeline: has no value, needs keys of its own: workers, shard_by, ignore_vlans, duplicates, seed"},
      {"pipeline: ~",
       "f:1:1: pipeline: has no value, needs keys of its own: workers, shard_by, ignore_vlans, duplicates, seed"},
      {"output", "f:1:1: needs keys with their values, such as output: /srv/unspool, not \"output\""},
      {"output:/srv", "f:1:1: needs keys with their values, such as output: /srv/unspool, not \"output:/srv\""},
      {"\n- output", "f:2:1: needs keys with their values, such as output: /srv/unspool, not a list"},
  });
}

TEST(WrongFile, Syntax) {
  expect({
      {"streams:\n\tgrace: 1s\n", "f:2:1: a tab: YAML is indented with spaces only"},
      {"streams:\n  grace: 1s\n  \thole: 2s\n", "f:3:3: a tab: YAML is indented with spaces only"},
      {"streams:\n  grace: 1s\n hole: 2s\n", "f:3:2: does not continue what stands above: is it indented rightly?"},
      {"protocols:\n  - \"raw\"\n    dns\n", "f:3:5: does not continue the list above: is it indented rightly?"},
      {"{output: a,\n", "f:2:1: a '}' is missing here, or a ','"},
      {"protocols: [raw\n", "f:2:1: a ']' is missing here, or a ','"},
      {"protocols: [raw]]\n", "f:1:17: is no YAML: illegal flow end"},
      {"output: a: b", "f:1:10: no ':' can stand here: is the line indented rightly, or does a value need quotes?"},
      {"output: @a", "f:1:9: is no YAML: unknown token"},
      {"output: \"\\q\"", "f:1:12: is no YAML: unknown escape character: q"},
      {"output: \"\\\xc3\xa9\"", "f:1:12: is no YAML: after a '\\' stands no character of an escape"},
      {"output: \"\\", "f:1:11: is no YAML: illegal EOF in scalar"},
      {"output: 'a' b", "f:1:13: does not continue what stands above: is it indented rightly?"},
      // What came before the error is told as well; what stands on its line is guesswork.
      {"pipeline:\n  seed: x\n  workers: y: z\n",
       "f:2:9: pipeline.seed: needs a whole number from 0 to 18446744073709551615, not \"x\"\n"
       "f:3:13: no ':' can stand here: is the line indented rightly, or does a value need quotes?"},
      {"protocols:\n  - raw:\n      @x\n", "f:3:7: is no YAML: unknown token"},
      {"idle:\n  @x\n", "f:1:1: idle: unknown key (did you mean timeouts.idle?)\nf:2:3: is no YAML: unknown token"},
      // yaml-cpp alone would take the rest of the file as the output's path.
      {"output: \"/srv\nstreams:\n  grace: 1s\n", "f:1:9: this quote is not closed on its line"},
      {"output: '/srv\nstreams:\n  grace: 'x'\n", "f:1:9: this quote is not closed on its line"},
      {"output: \"/srv\\\"\nx: 1\n", "f:1:9: this quote is not closed on its line"},
      {"output: \"/srv\\\n  x\"\n", "f:1:9: this quote is not closed on its line"},
      {"output: '/srv''\nx: 1'\n", "f:1:9: this quote is not closed on its line"},
      {"output: '/srv''s'\n", "output: \"/srv's\""},
      {"output: \"/srv\\\\\"\n", "output: \"/srv\\\\\""},
  });
}

TEST(WrongFile, YamlThatAConfigurationHasNoUseFor) {
  constexpr const char* kAnchor = "anchors and aliases (&, *) are not taken: write the value out";
  const std::pair<const char*, std::vector<const char*>> rows[] = {
      {"output: &x a\n", {"f:1:9: "}},
      {"output: *x\n", {"f:1:9: "}},
      {"output: &x a\ntransfers: {digest: *x}\n", {"f:1:9: ", "f:2:21: "}},
      {"protocols: [&x raw, *x]\n", {"f:1:13: ", "f:1:21: "}},
      {"streams: &s\n  grace: 1s\n", {"f:1:10: "}},
  };
  for (const auto& [text, places] : rows) {
    std::string expected;
    for (const char* place : places) expected += (expected.empty() ? "" : "\n") + std::string{place} + kAnchor;
    EXPECT_EQ(told(text), expected) << text;
  }
  expect({
      {"output: !!str a\npipeline: !x {seed: 1}\nprotocols: ! [raw]\n",
       "f:1:9: tags (!) are not taken: each key knows what it needs\n"
       "f:2:11: tags (!) are not taken: each key knows what it needs\n"
       "f:3:12: tags (!) are not taken: each key knows what it needs"},
      {"output: a\n---\noutput: b\n", "f:2:1: text after the end of the document: a file holds one document"},
      {"output: a\n...\noutput: b\n", "f:3:1: text after the end of the document: a file holds one document"},
      {"[a]\nb",
       "f:1:1: needs keys with their values, such as output: /srv/unspool, not a list\n"
       "f:2:1: text after the end of the document: a file holds one document"},
      {"%YAML 1.1\n---\noutput: a\n", "f:1:1: a line that begins with % would be a directive: none are taken"},
      {"output: a\n%x: b\n", "f:2:1: a line that begins with % would be a directive: none are taken"},
  });
}

TEST(WrongFile, Places) {
  expect({
      {"output: a\r\nstreams:\r\n  grac: 1s\r\n", "f:3:3: streams.grac: unknown key (did you mean streams.grace?)"},
      {"\xef\xbb\xbfgrac: 1s",
       "f:1:1: grac: unknown key (there are output, protocols, capture, pipeline, limits, timeouts, "
       "streams, transfers, events, process, spool, overload)"},
      // A column counts characters, not bytes.
      {"{output: \"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9f\", idle: 1}",
       "f:1:17: idle: unknown key (did you mean timeouts.idle?)"},
  });
}

TEST(ReadSettings, NamesTheFile) {
  const ScratchFolder folder;
  const std::string right = folder.file("right.yaml", "pipeline: {workers: 3}\n");
  const std::string wrong = folder.file("wrong.yaml", "pipeline:\n  worker: 3\n");
  const auto read = read_settings(right, protocols());
  ASSERT_TRUE(read);
  EXPECT_EQ(changes(*read), "pipeline.workers: 3");
  EXPECT_EQ(read_settings(wrong, protocols()).error().at(0).what,
            wrong + ":2:3: pipeline.worker: unknown key (did you mean pipeline.workers?)");
  EXPECT_EQ(read_settings(folder.path("none"), protocols()).error().at(0).what,
            folder.path("none") + ": cannot be opened: No such file or directory (os error 2)");
  EXPECT_EQ(read_settings(folder.path(), protocols()).error().at(0).what,
            folder.path() + ": cannot be read: Is a directory (os error 21)");
  const std::string large = folder.file("large.yaml", std::string((1U << 20U) + 1, '\n'));
  EXPECT_EQ(read_settings(large, protocols()).error().at(0).what, large + ": is larger than 1048576 bytes");
}

}  // namespace
}  // namespace unspool::test
