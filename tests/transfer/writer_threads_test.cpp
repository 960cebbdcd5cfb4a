// Transfers whose files are written on threads of the store: a disk that is slow, full or forbidden stalls nobody.
#include "transfer/writer_threads.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>

#include "small_disk.h"
#include "told.h"

namespace unspool::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 64U << 10U;  // a job's
constexpr std::uint64_t kRoomy = 64U << 20U;
const std::string kTooMany =
    "Too many open files (os error 24); raise the limit of open files, or lower transfers.open_files";
const std::string kFull = "No space left on device (os error 28); make room there, or choose another place with -o";

TransferSettings with_queue(std::uint64_t bytes, int writers = 1) {
  return {.types = TypeSource::prefix, .writers = writers, .queue_bytes = bytes, .low_space = 0};
}

std::string sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    lines.push_back(text.substr(at, text.find('\n', at) - at + 1));
  }
  std::sort(lines.begin(), lines.end());
  std::string sorted;
  for (const std::string& line : lines) sorted += line;
  return sorted;
}

/// No file can be opened while this lives, whatever is closed.
Limit no_descriptors() { return Limit{RLIMIT_NOFILE, 0}; }

class WriterThreadsTest : public testing::Test {
 protected:
  void start(const TransferSettings& settings, Feed feed) {
    store = std::make_unique<Store>(folder.path("out"), OutputDirectory::Reuse::append, settings, feed);
  }
  void finish() { store->sink->finish(store->session.last); }

  ScratchFolder folder;
  std::unique_ptr<Store> store;
};

/// All that a transfer may do, several at a time.
void tell_stories(Store& store) {
  const std::string piece(100'000, 'a');
  std::deque<Session> sessions;  // outlive their transfers
  std::vector<std::unique_ptr<Transfer>> transfers;
  for (int i = 0; i < 30; ++i) {
    const auto port = static_cast<std::uint16_t>(2000 + i / 3);
    const Session& session = sessions.emplace_back(session_between("10.0.0.5", port, "10.0.0.9", 80));
    transfers.push_back(store.open(session, fmt::format("x{}", i % 2)));
  }
  for (std::size_t turn = 0; turn < 3; ++turn) {
    for (std::size_t i = 0; i < transfers.size(); ++i) {
      transfers[i]->write(as_bytes(piece).first(i * 1000 + turn));
      if (i % 5 == turn) transfers[i]->write_gap(7, Cause::not_captured);
    }
  }
  for (std::size_t i = 0; i < transfers.size(); ++i) {
    if (i % 7 == 3) transfers[i]->discard();
    if (i % 7 != 4) transfers[i]->close();
    transfers[i].reset();
  }
  store.open("empty")->close();
  store.open("discarded")->discard();
}

TEST_F(WriterThreadsTest, LeaveTheSameAsTheShardItself) {
  std::string expected_said, expected_files;
  for (const int writers : {0, 1, 3}) {
    for (const std::uint64_t queue : {std::uint64_t{1}, std::uint64_t{200'000}, kRoomy}) {
      const ScratchFolder own;
      Store other{own.path("out"), OutputDirectory::Reuse::refuse, with_queue(queue, writers)};
      tell_stories(other);
      other.sink->finish(other.session.last);
      const std::string said = sorted_lines(other.said.text), files = other.files();
      if (writers == 0) expected_said = said, expected_files = files;
      EXPECT_EQ(said, expected_said) << writers << " threads, " << queue << " bytes";
      EXPECT_EQ(files, expected_files) << writers << " threads, " << queue << " bytes";
      EXPECT_EQ(files.find("partial/"), files.npos);
      EXPECT_EQ(other.said.records.size(), 27U);
      EXPECT_FALSE(other.store->failed());
    }
  }
}

TEST_F(WriterThreadsTest, ListenedInterfacesHaveOneByThemselves) {
  start({.types = TypeSource::prefix}, Feed::live);
  store->keep("x", "abc");
  store->wait_for("x: 3 bytes, sha256 ba7816bf in transfers/10.0.0.5/^x\n");
  EXPECT_EQ(store->files(), "transfers/10.0.0.5/^x = abc\ntransfers/10.0.0.9/^x = abc\n");
  EXPECT_EQ(store->store->counts().size(), 9U);
}

TEST_F(WriterThreadsTest, LetSinksGoWithoutBeingAskedForAnswers) {
  start(with_queue(kRoomy), Feed::live);
  for (int i = 0; i < 100; ++i) store->keep("x", "abc");
  store->sink.reset();
  EXPECT_EQ(store->said.records.size(), 100U);
  EXPECT_EQ(store->totals(), "100 files, 300 bytes, 0 incomplete, 0 not stored");
}

TEST_F(WriterThreadsTest, GoOnWhereTheyStoppedWhenThereAreDescriptorsAgain) {
  start(with_queue(kRoomy), Feed::live);
  {
    const Limit limit = no_descriptors();
    store->keep("x", "abc");
    store->wait_for("* writing_paused: " + kTooMany + ": 0 files, 0 bytes\n");
    store->keep("y", "abc");
  }
  store->wait_for("y: ");
  EXPECT_EQ(store->said.text, "* writing_paused: " + kTooMany + ": 0 files, 0 bytes\n* writing_resumed: " + kTooMany +
                                  ": 0 files, 0 bytes\n" +
                                  "x: 3 bytes, sha256 ba7816bf in transfers/10.0.0.5/^x\n"
                                  "y: 3 bytes, sha256 ba7816bf in transfers/10.0.0.5/^y\n");
  EXPECT_FALSE(store->store->failed()) << "nothing was lost";
}

TEST_F(WriterThreadsTest, LeaveOutWhatDoesNotFitIntoTheirQueue) {
  start(with_queue(200'000), Feed::live);
  const std::string piece(kPiece, 'a');
  const auto growing = store->open("growing");
  {
    const Limit limit = no_descriptors();
    growing->write(as_bytes(piece));
    store->wait_for("* writing_paused: ");
    growing->write(as_bytes(piece));
    growing->write(as_bytes(piece));  // does not fit
    growing->write(as_bytes("abc"));
    growing->write_gap(2, Cause::not_captured);
    growing->write(as_bytes("de"));
    for (int i = 0; i < 40; ++i) store->keep("small", "abc");
  }
  store->wait_for("* writing_resumed: ");
  growing->write(as_bytes("f"));
  growing->close();
  finish();
  EXPECT_EQ(store->said.records.size(), 41U);
  const TransferRecord& last = store->said.records.back();
  EXPECT_EQ(last.name, "growing");
  EXPECT_EQ(last.size, 3 * piece.size() + 8);
  EXPECT_NE(store->said.text.find("growing: 196616 bytes, 131072<65536 limit>, 196611<2 not_captured>, sha256 "),
            std::string::npos)
      << store->said.text;
  EXPECT_TRUE(last.path.ends_with("growing.incomplete")) << last.path;
  Sha256 sha256;
  sha256.add(as_bytes(piece + piece + "abcdef"));
  EXPECT_EQ(hex(*last.sha256), hex(sha256.finish()));
  std::ifstream file(store->output->path() + "/" + last.path, std::ios::binary);
  const std::string hole(piece.size(), '\0');
  EXPECT_TRUE((std::string{std::istreambuf_iterator<char>{file}, {}}) ==
              piece + piece + hole + "abc" + std::string(2, '\0') + "def");

  const auto nowhere = static_cast<std::uint64_t>(
      std::count_if(store->said.records.begin(), store->said.records.end(), [](const TransferRecord& record) {
        return record.path.empty() && record.error == "writing is paused: " + kTooMany;
      }));
  EXPECT_GT(nowhere, 0U);
  EXPECT_NE(store->said.text.find(fmt::format("* writing_resumed: {}: {} files, {} bytes\n", kTooMany, nowhere,
                                              piece.size() + 3 * nowhere)),
            std::string::npos)
      << store->said.text;
  EXPECT_EQ(store->totals(), fmt::format("{} files, {} bytes, 1 incomplete, {} not stored", 41 - nowhere,
                                         2 * piece.size() + 6 + 3 * (40 - nowhere), nowhere));
  EXPECT_EQ(store->files().find("partial/"), std::string::npos);
}

// Else whoever reads the captures would stand still with them.
TEST_F(WriterThreadsTest, CapturesThatArriveWaitForRoomButNotForADiskThatTakesNothing) {
  start(with_queue(200'000), Feed::arriving);
  const std::string piece(kPiece, 'a');
  for (int i = 0; i < 50; ++i) store->keep("early", piece);
  store->keep("last", piece);
  store->wait_for("last: ");
  const auto growing = store->open("growing");
  {
    const Limit limit = no_descriptors();
    for (int i = 0; i < 50; ++i) growing->write(as_bytes(piece));
    store->wait_for("* writing_paused: ");
  }
  store->wait_for("* writing_resumed: ");
  growing->close();
  finish();
  EXPECT_EQ(store->said.records.size(), 52U);
  const auto complete = [](const auto& record) { return !record.path.ends_with(".incomplete"); };
  EXPECT_EQ(std::ranges::count_if(store->said.records, complete), 51) << "for the queue they waited";
  EXPECT_EQ(store->said.records.back().size, 50 * piece.size());
  EXPECT_NE(store->said.text.find(" limit>"), std::string::npos) << store->said.text;
  EXPECT_FALSE(store->store->failed());
}

TEST_F(WriterThreadsTest, SayWhenTheDiskIsTooSlowAndWhenItHasCaughtUp) {
  start(with_queue(200'000), Feed::live);
  const std::string piece(std::size_t{1} << 20U, 'a');
  const auto transfer = store->open("x");
  for (int i = 0; i < 1000 && store->said.text.empty(); ++i) {
    transfer->write(as_bytes(piece));
    store->sink->collect(store->session.last);
  }
  transfer->close();
  store->wait_for("* writing_caught_up: ");
  finish();
  EXPECT_EQ(store->said.text.find("* writing_behind: "), 0U) << store->said.text;
  const TransferRecord& record = store->said.records.at(0);
  EXPECT_TRUE(record.path.ends_with("x.incomplete"));
  EXPECT_GT(record.gaps.bytes, 0U);
  EXPECT_EQ(record.gaps.listed.at(0).cause, Cause::limit);
  EXPECT_EQ(record.error, fmt::format("{} bytes are left out: the disk is slower than what is captured; raise "
                                      "transfers.queue_bytes, or find a faster one",
                                      record.gaps.bytes));
  EXPECT_EQ(store->totals(),
            fmt::format("1 files, {} bytes, 1 incomplete, 0 not stored", record.size - record.gaps.bytes));
}

TEST_F(WriterThreadsTest, WaitForNoDiskAtTheEnd) {
  start(with_queue(kRoomy), Feed::live);
  {
    const Limit limit = no_descriptors();
    store->keep("x", "abc");
    finish();
  }
  EXPECT_NE(store->said.text.find("x: 3 bytes, nowhere, error: " + kTooMany + "\n"), std::string::npos)
      << store->said.text;
  EXPECT_EQ(store->files(), "");
  ASSERT_TRUE(store->store->failed());
}

/// What is in transfers/ is whole, or says that it is not.
void expect_nothing_half_finished(const Store& store, const std::string& whole) {
  for (const auto& entry : fs::recursive_directory_iterator(store.output->path() + "/transfers")) {
    if (!entry.is_regular_file() || entry.path().extension() == ".incomplete") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    EXPECT_TRUE((std::string{std::istreambuf_iterator<char>{file}, {}}) == whole) << entry.path();
  }
}

/// Writes until the disk is full, makes room, and looks at what is there then.
void survive_a_full_disk(const SmallDisk& disk, const std::string& file, const TransferSettings& settings) {
  Store store{disk.path("out"), OutputDirectory::Reuse::refuse, settings, Feed::live};
  int written = 0;
  while (store.said.text.find("* writing_paused: " + kFull) == std::string::npos && written < 10'000) {
    store.keep("x", file);
    ++written;
    store.sink->collect(store.session.last);
  }
  for (int i = 0; i < 100; ++i) store.keep("y", file);
  expect_nothing_half_finished(store, file);
  const auto before = std::chrono::steady_clock::now();
  fs::remove_all(disk.path("out/transfers"));
  store.wait_for("* writing_resumed: ");
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{5});
  store.sink->finish(store.session.last);
  EXPECT_EQ(store.said.records.size(), static_cast<std::size_t>(written) + 100);
  expect_nothing_half_finished(store, file);
  EXPECT_FALSE(fs::exists(disk.path("out/partial")) && !fs::is_empty(disk.path("out/partial"))) << store.files();
}

TEST_F(WriterThreadsTest, PauseOnAFullDiskAndGoOnWhenThereIsRoom) {
  const SmallDisk disk{"size=1m"};
  if (!disk.mounted) GTEST_SKIP() << "only root may mount a small disk";
  survive_a_full_disk(disk, std::string(30'000, 'a'), with_queue(500'000));
}

TEST_F(WriterThreadsTest, PauseOnADiskWithoutInodesAndGoOnWhenThereAreSome) {
  const SmallDisk disk{"size=10m,nr_inodes=20"};
  if (!disk.mounted) GTEST_SKIP() << "only root may mount a small disk";
  survive_a_full_disk(disk, "abc", with_queue(50'000));
}

TEST_F(WriterThreadsTest, ManageManyTransfersWithFewDescriptors) {
  start(with_queue(kRoomy), Feed::live);
  const std::string piece(70'000, 'a');
  const Limit limit{RLIMIT_NOFILE, 32};
  std::vector<std::unique_ptr<Transfer>> transfers;
  for (int i = 0; i < 48; ++i) transfers.push_back(store->open(std::to_string(i)));
  for (int turn = 0; turn < 3; ++turn) {
    for (const auto& transfer : transfers) transfer->write(as_bytes(piece));
  }
  for (const auto& transfer : transfers) transfer->close();
  finish();
  EXPECT_EQ(store->totals(), "48 files, 10080000 bytes, 0 incomplete, 0 not stored");
}

/// As somebody who is not root, to whom rights mean something. What `story` returns, or that it could not be told.
int as_nobody(const std::string& owned, const std::function<int()>& story) {
  constexpr uid_t kNobody = 65534;
  if (::getuid() == 0 && ::chown(owned.c_str(), kNobody, kNobody) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::getuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) ::_exit(77);
    ::_exit(story());
  }
  int status = -1;
  if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

TEST_F(WriterThreadsTest, PauseWhileADirectoryIsReadOnly) {
  ASSERT_EQ(::chmod(folder.path("").c_str(), 0755), 0);
  for (const char* const directory : {"partial", "transfers"}) {
    const std::string output = folder.path(fmt::format("out-{}", directory));
    fs::create_directories(output + "/" + directory);
    ASSERT_EQ(::chmod((output + "/" + directory).c_str(), 0755), 0);
    if (::getuid() == 0) {
      ASSERT_EQ(::chown((output + "/" + directory).c_str(), 65534, 65534), 0);
    }
    const int code = as_nobody(output, [&] {
      Store own{output, OutputDirectory::Reuse::append, with_queue(kRoomy), Feed::live};
      ::chmod((output + "/" + directory).c_str(), 0555);
      own.keep("x", "abc");
      own.wait_for("* writing_paused: ");
      const bool is_seen = fs::exists(output + "/transfers/10.0.0.5");
      own.keep("y", "abc");
      ::chmod((output + "/" + directory).c_str(), 0755);
      own.wait_for("y: 3 bytes, sha256 ba7816bf in transfers/10.0.0.5/^y\n");
      const bool all = own.files() ==
                       "transfers/10.0.0.5/^x = abc\ntransfers/10.0.0.5/^y = abc\ntransfers/10.0.0.9/^x = "
                       "abc\ntransfers/10.0.0.9/^y = abc\n";
      return testing::Test::HasFailure() || is_seen || !all ? 1 : 0;
    });
    EXPECT_EQ(code, 0) << directory;
  }
}

TEST_F(WriterThreadsTest, LoseOneHostsLinkOnlyWhileItsDirectoryIsReadOnly) {
  ASSERT_EQ(::chmod(folder.path("").c_str(), 0755), 0);
  const std::string output = folder.path("out");
  fs::create_directories(output);
  const int code = as_nobody(output, [&] {
    Store own{output, OutputDirectory::Reuse::append, with_queue(kRoomy), Feed::live};
    const std::string host = output + "/transfers/10.0.0.9";
    fs::create_directories(host);
    ::chmod(host.c_str(), 0555);
    own.keep("x", "abc");
    own.wait_for("x: ");
    ::chmod(host.c_str(), 0755);
    own.keep("y", "abc");
    own.wait_for("y: ");
    const bool as_expected =
        own.said.text ==
        "x: 3 bytes, sha256 ba7816bf in transfers/10.0.0.5/^x, error: transfers/10.0.0.9: Permission denied (os error "
        "13); change its rights, or choose another place with -o\n"
        "y: 3 bytes, sha256 ba7816bf in transfers/10.0.0.5/^y\n";
    return testing::Test::HasFailure() || !as_expected ? 1 : 0;
  });
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace unspool::test
