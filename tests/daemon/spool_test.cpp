// The program on a directory in which captures arrive.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "program.h"
#include "running.h"
#include "support/capture_file.h"
#include "support/dialog.h"
#include "support/packed.h"

namespace unspool::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

namespace fs = std::filesystem;

class SpoolProgram : public testing::Test {
 protected:
  SpoolProgram() { fs::create_directory(in_); }
  std::vector<std::string> words(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{"--spool", in_, "-o", out_, "--set", "protocols=[raw]"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  void put(const std::string& name, std::string_view bytes) const {
    fs::rename(folder_.file("in/." + name, bytes), in_ + "/" + name);
  }
  /// Waits until so many files were read or set aside, in all runs.
  testing::AssertionResult reads(std::size_t files) const {
    if (soon([&] { return lines_with(out_ + "/spool.state", "read ").size() >= files; }))
      return testing::AssertionSuccess();
    return testing::AssertionFailure() << "it has not read " << files << " files";
  }
  static Outcome stop(Running& run) {
    run.signal(SIGTERM);
    EXPECT_TRUE(soon([&] { return run.has_ended(); }));
    return run.end();
  }
  std::vector<std::string> events(const std::string& part) const { return lines_with(out_ + "/events.json", part); }

  const ScratchFolder folder_;
  const std::string in_ = folder_.path("in"), out_ = folder_.path("out");
  const Stamped session_ = Dialog(80).open().client("GET /").server("200").close().packets();
  const std::string first_ = to_pcap({session_.begin(), session_.begin() + 4});
  const std::string second_ = to_pcap({session_.begin() + 4, session_.end()});
};

TEST_F(SpoolProgram, SessionsSpanFiles) {
  put("a.pcap", first_);
  Running run(words());
  ASSERT_TRUE(reads(1)) << run.err();
  put("b.pcap.gz", gzipped(second_));
  ASSERT_TRUE(reads(2)) << run.err();
  const Outcome outcome = stop(run);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(
      events("\"event_type\":\"flow\""),
      ElementsAre(AllOf(HasSubstr("\"ended\":\"closed\""), HasSubstr("/in/a.pcap\""), HasSubstr("\"bytes\":5"))));
  EXPECT_THAT(tree(out_), SizeIs(4));
  EXPECT_THAT(events("\"spool\":{\"read\":2,\"bad\":0,\"waiting\":0}"), SizeIs(1));
}

TEST_F(SpoolProgram, EveryFileHasItsNameInEvents) {
  put("a.pcap", to_pcap(Dialog(80).open().client("one").close().packets()));
  Running run(words());
  ASSERT_TRUE(reads(1)) << run.err();
  put("b.pcap", to_pcap(Dialog(81).pause(std::chrono::seconds(5)).open().client("two").close().packets()));
  ASSERT_TRUE(reads(2)) << run.err();
  EXPECT_EQ(stop(run).exit_code, 0);
  EXPECT_THAT(events("\"dest_port\":80,"), Each(HasSubstr("/in/a.pcap\"")));
  EXPECT_THAT(events("\"dest_port\":81,"), Each(HasSubstr("/in/b.pcap\"")));
}

TEST_F(SpoolProgram, ARestartGoesOn) {
  put("a.pcap", first_);
  put("rubbish", "this is no capture");
  {
    Running run(words());
    ASSERT_TRUE(reads(2)) << run.err();
    const Outcome outcome = stop(run);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("rubbish: is no pcap or pcapng file; it is set aside"));
  }
  put("b.pcap", to_pcap(Dialog(82).pause(std::chrono::seconds(5)).open().client("more").close().packets()));
  {
    Running run(words());
    ASSERT_TRUE(reads(3)) << run.err();
    EXPECT_EQ(stop(run).exit_code, 0);
  }
  EXPECT_THAT(events("\"event_type\":\"flow\""),
              ElementsAre(AllOf(HasSubstr("\"ended\":\"shutdown\""), HasSubstr("\"dest_port\":80")),
                          AllOf(HasSubstr("\"ended\":\"closed\""), HasSubstr("\"dest_port\":82"))));
  EXPECT_THAT(events("\"event\":\"file_set_aside\""), ElementsAre(HasSubstr("rubbish: is no pcap or pcapng file")));

  fs::remove(in_ + "/b.pcap");
  Running again(words({"--replace"}));
  ASSERT_TRUE(soon([&] { return again.err().find("set aside") != std::string::npos; })) << again.err();
  ASSERT_TRUE(reads(2)) << again.err();
  EXPECT_EQ(stop(again).exit_code, 0);
  EXPECT_THAT(events("\"event_type\":\"flow\""), ElementsAre(HasSubstr("\"dest_port\":80")));
}

/// Though no packet comes that would move the clock on.
TEST_F(SpoolProgram, WhatIsKnownIsSaidWhileItWaits) {
  Running run(words({"-j", "1"}));
  for (int i = 0; i < 3; ++i) {
    const Timestamp time = kTestTime + i * std::chrono::milliseconds(10);
    put(fmt::format("{}.pcap", i), to_pcap({{time, eth() / arp("10.0.0.1", "10.0.0.2")}}));
    ASSERT_TRUE(reads(static_cast<std::size_t>(i) + 1)) << run.err();
  }
  EXPECT_TRUE(soon([&] { return events("\"event_type\":\"arp\"").size() == 3; }));
  EXPECT_FALSE(run.has_ended());
  EXPECT_EQ(stop(run).exit_code, 0);
}

TEST_F(SpoolProgram, AsAConfigurationSays) {
  const std::string config = folder_.file(
      "u.yaml", fmt::format("output: {}\nprotocols: [raw]\nspool:\n  directory: {}\n  after: move\n  done: {}\n", out_,
                            in_, folder_.path("done")));
  put("a.pcap", first_ + second_.substr(24));
  Running run({"-c", config});
  ASSERT_TRUE(soon([&] { return fs::exists(folder_.path("done/a.pcap")); })) << run.err();
  const Outcome outcome = stop(run);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(tree(out_), SizeIs(4));
}

TEST_F(SpoolProgram, TheStoreIsKeptWithinItsLimits) {
  Running run(words({"--set", "transfers.quota_files=4"}));
  for (int i = 0; i < 4; ++i) {
    put(fmt::format("{}.pcap", i), to_pcap(Dialog(80, static_cast<std::uint16_t>(50'000 + i))
                                               .pause(std::chrono::seconds(i))
                                               .open()
                                               .client("GET /")
                                               .server("200")
                                               .close()
                                               .packets()));
    ASSERT_TRUE(reads(static_cast<std::size_t>(i) + 1)) << run.err();
  }
  put("later.pcap", to_pcap({{kTestTime + std::chrono::minutes(1), eth() / arp("10.0.0.1", "10.0.0.2")}}));
  EXPECT_TRUE(soon([&] { return !events("files_removed").empty(); })) << run.err();
  EXPECT_EQ(stop(run).exit_code, 0);
  EXPECT_THAT(events("more than 4 files (transfers.quota_files)"), SizeIs(1));
  EXPECT_THAT(tree(out_), SizeIs(8)) << "of eight files four, under both hosts";
}

TEST_F(SpoolProgram, ADirectoryThatIsNotThere) {
  const Outcome run = unspool({"--spool", folder_.path("none"), "-o", out_});
  EXPECT_EQ(run.exit_code, 4);
  EXPECT_THAT(run.err, HasSubstr("none: cannot be opened as a directory: No such file or directory"));
  EXPECT_FALSE(fs::exists(out_)) << "nothing is begun";
  const Outcome nothing = unspool({"--set", "pipeline.workers=1"});
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_THAT(nothing.err,
              HasSubstr("nothing to read: name a capture file, an interface with -i, or a directory with --spool"));
}

}  // namespace
}  // namespace unspool::test
