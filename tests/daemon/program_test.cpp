// The program from the outside: what it reads, leaves, says and answers with.
#include "program.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "running.h"
#include "support/capture_file.h"
#include "support/dialog.h"
#include "support/first_look.h"
#include "support/packed.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace fs = std::filesystem;

std::string web_capture() { return to_pcap(Dialog(80).open().client("GET /").server("200").close().packets()); }

constexpr const char* kBase = "20061102T181500.000000Z-10.0.0.1~49152-10.0.0.2~80---";

class Program : public testing::Test {
 protected:
  std::string capture(const std::string& bytes = web_capture(), const std::string& name = "web.pcap") {
    return folder.file(name, bytes);
  }
  /// Runs with an output of its own, and only raw.
  Outcome read(std::vector<std::string> words, const std::string& input = {}) {
    words.insert(words.begin(), {"-o", out, "--set", "protocols=[raw]"});
    return unspool(words, input);
  }
  ScratchFolder folder;
  const std::string out = folder.path("out");
};

TEST_F(Program, LeavesWhatCrossedTheWireUnderBothHosts) {
  const Outcome run = read({"-r", capture()});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, HasSubstr("sessions     1 TCP, 0 UDP  (closed 1)"));
  EXPECT_THAT(tree(out), ElementsAre(fmt::format("transfers/10.0.0.1/{}client.raw 5", kBase),
                                     fmt::format("transfers/10.0.0.1/{}server.raw 3", kBase),
                                     fmt::format("transfers/10.0.0.2/{}client.raw 5", kBase),
                                     fmt::format("transfers/10.0.0.2/{}server.raw 3", kBase)));
  EXPECT_TRUE(fs::equivalent(fmt::format("{}/transfers/10.0.0.1/{}client.raw", out, kBase),
                             fmt::format("{}/transfers/10.0.0.2/{}client.raw", out, kBase)));
  EXPECT_EQ(content(fmt::format("{}/transfers/10.0.0.1/{}client.raw", out, kBase)), "GET /");
  EXPECT_THAT(lines_with(out + "/events.json", "\"event_type\":\"flow\""), SizeIs(1));
  EXPECT_THAT(lines_with(out + "/events.json", "\"event_type\":\"fileinfo\""), SizeIs(2));
  EXPECT_THAT(lines_with(out + "/events.json", "\"event_type\":\"stats\""), SizeIs(1));
}

TEST_F(Program, WithoutAnOutputItIsNamedAfterTheCapture) {
  capture();
  EXPECT_EQ(unspool({"web.pcap", "--set", "protocols=[raw]"}, {}, folder.path()).exit_code, 0);
  EXPECT_THAT(tree(folder.path("web.pcap.unspool")), SizeIs(4));
}

TEST_F(Program, IsQuiet) {
  const Outcome run = read({"-q", "-r", capture()});
  EXPECT_EQ(run.out + run.err, "");
}

TEST_F(Program, ReadsAPipe) {
  EXPECT_EQ(read({"-r", "-"}, web_capture()).exit_code, 0);
  EXPECT_THAT(tree(out), SizeIs(4));
}

TEST_F(Program, ReadsCompressedCaptures) {
  const std::string packed = gzipped(web_capture());
  EXPECT_EQ(read({"-r", capture(packed, "web.pcap.gz")}).exit_code, 0);
  EXPECT_THAT(tree(out), SizeIs(4));
  EXPECT_EQ(read({"--replace", "-r", "-"}, zstd_packed(web_capture())).exit_code, 0);
  EXPECT_THAT(tree(out), SizeIs(4));
  const Outcome cut = read({"--replace", "-r", capture(packed.substr(0, packed.size() - 8), "cut.gz")});
  EXPECT_EQ(cut.exit_code, 0);
  EXPECT_THAT(cut.err, HasSubstr("its gzip data ends too early: its writer stopped there"));
  const Outcome corrupt = read({"--replace", "-r", capture(packed + "rubbish", "corrupt.gz")});
  EXPECT_EQ(corrupt.exit_code, 1);
  EXPECT_THAT(corrupt.err, HasSubstr("its gzip data is corrupt"));
  EXPECT_THAT(tree(out), SizeIs(4));
}

TEST_F(Program, FollowsACaptureThatGrows) {
  const std::string bytes = web_capture();
  const std::string path = capture(bytes.substr(0, 300));
  Running run({"-f", path, "-o", out, "--set", "protocols=[raw]"});
  std::ofstream growing(path, std::ios::app | std::ios::binary);
  ASSERT_TRUE(soon([&] { return fs::exists(out + "/events.json"); })) << run.err();
  growing << bytes.substr(300, 10) << std::flush;
  EXPECT_FALSE(run.has_ended());
  growing << bytes.substr(310);
  growing.close();
  fs::rename(path, path + ".1");
  ASSERT_TRUE(soon([&] { return run.has_ended(); }));
  const Outcome outcome = run.end();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(tree(out), SizeIs(4));
  EXPECT_THAT(lines_with(out + "/events.json", "\"ended\":\"closed\""), SizeIs(1));
}

TEST_F(Program, FollowingEndsWithASignal) {
  const std::string bytes = web_capture();
  const std::string path = capture(bytes.substr(0, bytes.size() - 100));
  Running run({"-f", path, "-o", out, "--set", "protocols=[raw]", "--set", "events.stats_interval=1s"});
  ASSERT_TRUE(soon([&] { return !lines_with(out + "/events.json", "\"sessions\":{\"tcp\":1").empty(); })) << run.err();
  run.signal(SIGTERM);
  ASSERT_TRUE(soon([&] { return run.has_ended(); }));
  EXPECT_EQ(run.end().exit_code, 0);
  EXPECT_THAT(lines_with(out + "/events.json", "\"ended\":\"shutdown\""), SizeIs(1));
}

TEST_F(Program, TellsAScanWhileItFollows) {
  Stamped packets;
  for (std::uint16_t i = 0; i < 3; ++i)
    packets.emplace_back(kTestTime, eth() / ip4("10.0.0.1", "10.0.0.2") / tcp(50'000U + i, 22).syn());
  packets.emplace_back(kTestTime + 2min, eth() / arp("10.0.0.1", "10.0.0.2"));
  Running run({"-f", capture(to_pcap(packets)), "-o", out, "--set", "protocols=[raw]"});
  const auto told = [&] { return lines_with(out + "/events.json", "unanswered_handshakes"); };
  EXPECT_TRUE(soon([&] { return !told().empty(); })) << run.err();
  EXPECT_FALSE(run.has_ended());
  run.signal(SIGTERM);
  ASSERT_TRUE(soon([&] { return run.has_ended(); }));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("\"sessions\":3,\"packets\":3"))) << "once";
}

TEST_F(Program, ReadsADirectoryAndMergesByTime) {
  const auto packets = Dialog(80).open().client("one").server("two").client("three").close().packets();
  Stamped odd, even;
  for (std::size_t i = 0; i < packets.size(); ++i) (i % 2 == 0 ? even : odd).push_back(packets[i]);
  fs::create_directory(folder.path("day"));
  folder.file("day/a.pcap", to_pcap(odd));
  folder.file("day/b.pcap", to_pcap(even));
  EXPECT_EQ(read({folder.path("day")}).exit_code, 0);
  EXPECT_EQ(content(fmt::format("{}/transfers/10.0.0.1/{}client.raw", out, kBase)), "onethree");
  EXPECT_THAT(lines_with(out + "/events.json", "\"ended\":\"closed\""), SizeIs(1));
}

TEST_F(Program, StartsAtARecord) {
  const std::string bytes = web_capture();
  const std::string path = capture(bytes);
  const std::uint64_t fourth = 24 + 2 * (16 + 54) + 16 + 54;
  EXPECT_EQ(read({path + fmt::format(":::{}", fourth)}).exit_code, 0);
  EXPECT_THAT(lines_with(out + "/events.json", "\"midstream\":true"), SizeIs(1));
}

TEST_F(Program, Filters) {
  const auto both = together({Dialog(80).open().client("web"), Dialog(25).open().client("mail")});
  EXPECT_EQ(read({"-r", capture(to_pcap(both)), "tcp", "port", "25"}).exit_code, 0);
  EXPECT_THAT(lines_with(out + "/events.json", "\"event_type\":\"flow\""), ElementsAre(HasSubstr("\"dest_port\":25")));
}

TEST_F(Program, SaysWhyNothingCameOut) {
  EXPECT_THAT(read({"-r", capture(), "udp"}).out, HasSubstr("the filter expression matched nothing"));
}

// ---- an output that was used before

TEST_F(Program, RefusesAnOutputOfAnEarlierRun) {
  read({"-r", capture()});
  const Outcome again = read({"-r", capture()});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("--replace"));
  EXPECT_THAT(again.err, HasSubstr("--append"));
  EXPECT_THAT(tree(out), SizeIs(4));
}

TEST_F(Program, ReplacesAnEarlierRun) {
  read({"-r", capture()});
  folder.file("out/mine.txt", "keep");
  EXPECT_EQ(read({"-r", capture(), "--replace"}).exit_code, 0);
  EXPECT_THAT(tree(out), SizeIs(4));
  EXPECT_EQ(content(out + "/mine.txt"), "keep");
}

TEST_F(Program, AppendsToAnEarlierRun) {
  read({"-r", capture()});
  EXPECT_EQ(read({"-r", capture(), "--append"}).exit_code, 0);
  EXPECT_THAT(tree(out), SizeIs(8));
  EXPECT_EQ(content(fmt::format("{}/transfers/10.0.0.1/{}client.raw~2", out, kBase)), "GET /");
  EXPECT_THAT(lines_with(out + "/events.json", "\"event_type\":\"stats\""), SizeIs(2));
}

TEST_F(Program, OutputThatCannotBe) {
  folder.file("file", "");
  const Outcome run = unspool({"-r", capture(), "-o", folder.path("file")});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr(folder.path("file")));
}

TEST_F(Program, FullDiskIsSaidAndTheRestGoesOn) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount a small file system";
  fs::create_directory(out);
  if (std::system(fmt::format("mount -t tmpfs -o size=256k none {} 2>/dev/null", out).c_str()) != 0)
    GTEST_SKIP() << "a tmpfs cannot be mounted here";
  Dialog small(80), large(81), after(82);
  small.open().client("GET /").close();
  large.pause(1s).open();
  for (int i = 0; i < 10; ++i) large.server(std::string(60'000, 'x'));
  after.pause(2s).open().client("late").close();
  const Outcome run = read({"-r", capture(to_pcap(together({small, large, after})))});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("No space left"));
  EXPECT_EQ(content(fmt::format("{}/transfers/10.0.0.1/{}client.raw", out, kBase)), "GET /");
  EXPECT_EQ(std::system(fmt::format("umount {}", out).c_str()), 0);
}

// ---- captures that are none, or not whole

TEST_F(Program, CapturesThatCannotBeRead) {
  struct Row {
    std::string word;
    int exit_code;
    std::string says;
  };
  const Row rows[] = {
      {folder.path("nowhere.pcap"), 4, "nowhere.pcap: cannot be opened: No such file or directory"},
      {folder.file("text", "this is no capture"), 4, "text: is no pcap or pcapng file"},
      {folder.file("empty", ""), 4, "empty: is empty"},
      {folder.file("a.gz", "\x1f\x8b\x08"), 4, "a.gz: its gzip data ends too early"},
      {folder.file("b.gz", gzipped("this is no capture")), 4, "b.gz: once unpacked, is no pcap or pcapng file"},
      {folder.file("a.xz", std::string{"\xfd\x37zXZ\0..", 8}), 4,
       "a.xz: is compressed with xz: unpack it first, e.g. xzcat FILE | unspool -r -"},
      {folder.file("half", web_capture().substr(0, 20)), 4, "half: ends inside its header"},
      {folder.file("alien", to_pcap({{kTestTime, raw(195) / data("x")}})), 4, "link type 195 (IEEE802_15_4"},
  };
  for (const Row& row : rows) {
    const Outcome run = unspool({"-r", row.word, "-o", out, "--replace"});
    EXPECT_EQ(run.exit_code, row.exit_code) << row.word;
    EXPECT_THAT(run.err, HasSubstr(row.says));
  }
}

TEST_F(Program, CaptureThatItsWriterLeftIsNoError) {
  const std::string bytes = web_capture();
  const Outcome run = read({"-r", capture(bytes.substr(0, bytes.size() - 10))});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("ends inside record 8 at byte"));
  EXPECT_THAT(tree(out), SizeIs(4));
}

TEST_F(Program, CorruptRecordEndsACaptureAndAllBeforeItIsKept) {
  std::string bytes = web_capture();
  bytes.append(16, '\xff').append("rest");
  const Outcome run = read({"-r", capture(bytes)});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr(fmt::format("record 9 at byte {}", bytes.size() - 20)));
  EXPECT_THAT(run.err, HasSubstr("all before it is kept"));
  EXPECT_THAT(tree(out), SizeIs(4));
}

// ---- configuration

TEST_F(Program, ConfigurationWithEveryErrorAtOnce) {
  const std::string config = folder.file("u.yaml", "streams:\n  grac: 5ms\npipeline:\n  workers: lots\n");
  const Outcome run = read({"-r", capture(), "-c", config});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr(config + ":2:3: streams.grac: "));
  EXPECT_THAT(run.err, HasSubstr("did you mean"));
  EXPECT_THAT(run.err, HasSubstr(config + ":4:12: pipeline.workers: "));
  EXPECT_FALSE(fs::exists(out)) << "nothing is begun";
}

TEST_F(Program, ConfigurationIsCheckedAndDumped) {
  const std::string config = folder.file("u.yaml", "streams:\n  grace: 5ms\n");
  EXPECT_EQ(unspool({"-T", "-c", config}).exit_code, 0);
  const Outcome dump = unspool({"--dump-config", "-c", config});
  EXPECT_THAT(dump.out, HasSubstr("grace: 5ms"));
  const std::string again = folder.file("again.yaml", dump.out);
  EXPECT_EQ(unspool({"--dump-config", "-c", again}).out, dump.out);
}

TEST_F(Program, SetsKeys) {
  EXPECT_EQ(read({"-r", capture(), "--set", "protocols=[]", "--set", "streams.digest=sha256"}).exit_code, 0);
  EXPECT_THAT(tree(out), IsEmpty());
  EXPECT_THAT(lines_with(out + "/events.json", "\"sha256\""), SizeIs(1));
}

TEST_F(Program, WrongFilterIsAUsageError) {
  const Outcome run = read({"-r", capture(), "tcp prt 80"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("'tcp prt 80' is no filter expression"));
}

// ---- what there is without any configuration

TEST_F(Program, FindsFilesAndTellsTheRestAsTranscripts) {
  const Outcome run = unspool({"-r", capture(to_pcap(first_look())), "-o", out});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("recognised   http 2"));
  EXPECT_THAT(run.out, HasSubstr("unrecognised port 4000: 1 session, 140 bytes"));
  std::vector<std::string> names;
  for (const std::string& line : tree(out)) {
    if (line.find("/192.0.2.10/") != std::string::npos) names.push_back(line.substr(line.rfind("---") + 3));
  }
  EXPECT_THAT(names, ElementsAre(testing::StartsWith("%2Findex.html "),
                                 testing::StartsWith("%2Fimages%2Fspool.svg.incomplete "),
                                 testing::StartsWith("transcript.html ")));
  EXPECT_THAT(lines_with(out + "/events.json", "\"event_type\":\"http\""), SizeIs(2));
}

TEST_F(Program, ListsProtocols) { EXPECT_THAT(unspool({"--list-protocols"}).out, HasSubstr("raw ")); }

}  // namespace
}  // namespace unspool::test
