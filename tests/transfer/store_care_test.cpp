// What is removed from a store that has become too large, and what is not.
#include "transfer/store_care.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "small_disk.h"
#include "told.h"
#include "transfer/stored_files.h"

namespace unspool::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// A session of these hosts that began so many minutes after 18:15.
Session session_at(int minute, const char* client = "10.0.0.5", const char* server = "10.0.0.9") {
  Session session = session_between(client, 1066, server, 80);
  session.start += std::chrono::minutes{minute};
  session.last += std::chrono::minutes{minute};
  return session;
}

class StoreCareTest : public testing::Test {
 protected:
  void keep(int minute, const std::string& bytes, const char* client = "10.0.0.5", const char* server = "10.0.0.9") {
    Store store{folder.path("out"), OutputDirectory::Reuse::append};
    store.keep(session_at(minute, client, server), fmt::format("{}", minute), bytes);
  }
  /// Looks after what is there until this was said.
  std::unique_ptr<Store> care(const TransferSettings& settings, const std::string& until) {
    auto store = std::make_unique<Store>(folder.path("out"), OutputDirectory::Reuse::append, settings, Feed::live);
    store->wait_for(until);
    return store;
  }
  /// "5 9: 3 4 5, ...": hosts by their last digit, and the names of their files.
  std::string left(const std::string& below = "out") const {
    std::string text;
    std::vector<fs::path> hosts;
    for (const auto& host : fs::directory_iterator(folder.path(below) + "/transfers")) hosts.push_back(host.path());
    std::sort(hosts.begin(), hosts.end());
    for (const fs::path& host : hosts) {
      std::vector<std::string> names;
      for (const auto& file : fs::directory_iterator(host)) names.push_back(file.path().filename().string());
      std::sort(names.begin(), names.end());
      text += fmt::format("{}{}:", text.empty() ? "" : ", ", host.filename().string().back());
      for (const std::string& name : names) text += " " + name.substr(name.find("---") + 3);
    }
    return text;
  }
  static TransferSettings nothing() {
    return {.types = TypeSource::prefix, .quota_files = 0, .quota_files_host = 0, .low_space = 0};
  }

  ScratchFolder folder;
};

TEST_F(StoreCareTest, RemovesTheOldestPastAQuotaOfFiles) {
  for (const int minute : {7, 3, 9, 1, 5}) keep(minute, "abc");
  keep(2, "abc", "10.0.0.7", "10.0.0.8");
  TransferSettings settings = nothing();
  settings.quota_files = 3;
  const auto store = care(settings, "* files_removed: more than 3 files (transfers.quota_files): 3 files, ");
  EXPECT_EQ(left(), "5: 5 7 9, 9: 5 7 9") << "and no directories of hosts that have nothing";
  for (const int minute : {10, 11}) store->keep(session_at(minute), fmt::format("{}", minute), "abc");
  store->wait_for(": 2 files, ");
  EXPECT_EQ(left(), "5: 9 10 11, 9: 9 10 11");
  const Counts counts = store->store->counts();
  EXPECT_EQ(counts[counts.size() - 2], (Counts::value_type{"transfers.removed.files", 5}));
}

TEST_F(StoreCareTest, RemovesTheOldestPastAQuotaOfBytes) {
  const std::string large(100'000, 'a');  // 25 blocks of 4 KiB
  for (const int minute : {3, 1, 2}) keep(minute, large);
  {
    Store store{folder.path("out"), OutputDirectory::Reuse::append};
    const Session session = session_at(0);
    const auto sparse = store.open(session, "0");
    sparse->write_gap(1U << 30U, Cause::not_captured);
    sparse->write(as_bytes("abc"));
  }
  TransferSettings settings = nothing();
  settings.quota_bytes = 220'000;
  const auto store = care(settings, "* files_removed: more than 220000 bytes (transfers.quota_bytes): 2 files, ");
  EXPECT_EQ(left(), "5: 2 3, 9: 2 3") << "holes are free, but what is oldest goes first";
}

TEST_F(StoreCareTest, CountsTheBytesThatComeAfterItsWalk) {
  for (const Feed feed : {Feed::live, Feed::arriving}) {
    keep(0, "abc");
    TransferSettings settings = nothing();
    settings.quota_files = 1;
    settings.quota_bytes = 150'000;
    Store store{folder.path("out"), OutputDirectory::Reuse::append, settings, feed};
    store.keep(session_at(1), "1", "abc");
    store.wait_for("(transfers.quota_files): 1 files, ");  // so it has walked
    store.keep(session_at(2), "2", std::string(200'000, 'a'));
    store.wait_for(": 2 files, ");  // it alone is too much
    fs::remove_all(folder.path("out"));
  }
}

TEST_F(StoreCareTest, CountsAFileThatGrowsButLeavesIt) {
  for (const int minute : {1, 2}) keep(minute, std::string(100'000, 'a'));
  TransferSettings settings = nothing();
  settings.quota_bytes = 300'000;
  Store store{folder.path("out"), OutputDirectory::Reuse::append, settings, Feed::live};
  const Session session = session_at(0);
  const auto growing = store.open(session, "0");
  growing->write(as_bytes(std::string(150'000, 'a')));
  store.wait_for("* files_removed: more than 300000 bytes (transfers.quota_bytes): 1 files, ");
  EXPECT_EQ(left(), "5: 2, 9: 2");
  store.said.text.clear();
  growing->write(as_bytes(std::string(300'000, 'a')));
  store.wait_for(": 1 files, ");
  EXPECT_EQ(left(), "");
  EXPECT_TRUE(fs::exists(folder.path("out/partial/") + "20061102T181500.123456Z-10.0.0.5~1066-10.0.0.9~80---0"));
  growing->close();
  store.wait_for("0: 450000 bytes, sha256 ");
}

TEST_F(StoreCareTest, RemovesTheOldestOfAHostThatHasTooMany) {
  for (int minute = 10; minute < 50; ++minute) keep(minute, "abc", minute % 2 == 0 ? "10.0.0.5" : "10.0.0.6");
  TransferSettings settings = nothing();
  settings.quota_files_host = 32;
  const auto store =
      care(settings, "* files_removed: a host has more than 32 files (transfers.quota_files_host): 10 files, ");
  EXPECT_EQ(
      left(),
      "5: 20 22 24 26 28 30 32 34 36 38 40 42 44 46 48, 6: 21 23 25 27 29 31 33 35 37 39 41 43 45 47 49, 9: 20 21 22 "
      "23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49");
  for (int minute = 50; minute < 53; ++minute) store->keep(session_at(minute), fmt::format("{}", minute), "abc");
  store->wait_for(": 3 files, ");
  EXPECT_EQ(left().substr(0, 6), "5: 24 ") << "told while they come, too";
}

TEST_F(StoreCareTest, RemovesWhatIsTooOldByItsSessionAndItsLastByte) {
  for (const int minute : {1, 2, 3}) keep(minute, "abc");
  for (const int minute : {1, 3}) {
    for (const auto& file : fs::directory_iterator(folder.path("out/transfers/10.0.0.5"))) {
      if (file.path().string().ends_with(fmt::format("---{}", minute)))
        fs::last_write_time(file.path(), fs::file_time_type::clock::now() - 49h);
    }
  }
  TransferSettings settings = nothing();
  settings.max_age = 48h;
  const auto store = care(settings, "* files_removed: older than 172800 s (transfers.max_age): 2 files, ");
  EXPECT_EQ(left(), "5: 2, 9: 2");
}

TEST_F(StoreCareTest, RemovesWhatBecomesTooOld) {
  TransferSettings settings = nothing();
  settings.max_age = 1500ms;
  Store store{folder.path("out"), OutputDirectory::Reuse::append, settings, Feed::live};
  store.keep("x", "abc");
  store.wait_for("* files_removed: older than 1 s (transfers.max_age): 1 files, ");
  EXPECT_EQ(left(), "");
}

TEST_F(StoreCareTest, LeavesAloneWhatItDidNotMake) {
  for (const int minute : {1, 2, 3}) keep(minute, "abc");
  const std::string host = "out/transfers/10.0.0.5/";
  folder.file(host + "notes.txt", "mine");
  folder.file("mine", "mine");
  const std::string first = "20061102T181600.123456Z-10.0.0.5~1066-10.0.0.9~80---1";
  fs::create_symlink(folder.path("mine"), folder.path(host) + "20061102T181400.123456Z-10.0.0.5~1066-10.0.0.9~80---0");
  fs::create_directory(folder.path("out/transfers/elsewhere"));
  TransferSettings settings = nothing();
  settings.quota_files = 1;
  const auto store = care(settings, "* files_removed: ");
  EXPECT_EQ(store->said.text.find("more than 1 files (transfers.quota_files)"),
            std::string("* files_removed: ").size());
  EXPECT_TRUE(fs::exists(folder.path(host) + "notes.txt"));
  EXPECT_TRUE(fs::exists(folder.path("mine")));
  EXPECT_TRUE(fs::is_symlink(folder.path(host) + "20061102T181400.123456Z-10.0.0.5~1066-10.0.0.9~80---0"));
  EXPECT_FALSE(fs::exists(folder.path(host) + first));
}

TEST_F(StoreCareTest, DoesNothingWhenCapturesAreRead) {
  for (const int minute : {1, 2, 3}) keep(minute, "abc");
  TransferSettings settings = nothing();
  settings.quota_files = 1;
  settings.max_age = 1s;
  { const Store store{folder.path("out"), OutputDirectory::Reuse::append, settings, Feed::files}; }
  EXPECT_EQ(left(), "5: 1 2 3, 9: 1 2 3");
}

TEST_F(StoreCareTest, LosesNoFileWhileDirectoriesGoAwayUnderItsHands) {
  TransferSettings settings = nothing();
  settings.quota_files = 1;
  Store store{folder.path("out"), OutputDirectory::Reuse::append, settings, Feed::live};
  std::atomic<bool> stop{false};
  std::thread remover([&] {
    while (!stop) {
      for (const char* const host : {"10.0.0.5", "10.0.0.9", "10.0.0.6"}) {
        std::error_code none;
        fs::path path = folder.path("out/transfers/") + host;
        for (const auto& file : fs::directory_iterator(path, none))
          remove_stored(store.output->root(), file.path().filename());
      }
    }
  });
  for (int i = 0; i < 3000; ++i) store.keep(session_at(i % 60, i % 2 == 0 ? "10.0.0.5" : "10.0.0.6"), "x", "abc");
  store.sink->finish(store.session.last);
  stop = true;
  remover.join();
  EXPECT_EQ(store.totals(), "3000 files, 9000 bytes, 0 incomplete, 0 not stored");
  EXPECT_FALSE(store.store->failed());
}

TEST_F(StoreCareTest, KeepsSomeOfTheDiskFree) {
  const SmallDisk disk{"size=4m"};
  if (!disk.mounted) GTEST_SKIP() << "only root may mount a small disk";
  TransferSettings settings = nothing();
  settings.low_space = 1U << 30U;  // an eighth of the disk, then
  settings.queue_bytes = 300'000;
  Store store{disk.path("out"), OutputDirectory::Reuse::append, settings, Feed::live};
  const auto free = [&] { return fs::space(disk.path("")).available; };
  int minute = 10;
  for (; free() > (4U << 20U) / 8; ++minute) {
    store.keep(session_at(minute), fmt::format("{}", minute), std::string(100'000, 'a'));
    std::this_thread::sleep_for(2ms);
  }
  store.wait_for("* files_removed: too little is free on disk (transfers.low_space): ");
  EXPECT_GE(free(), (4U << 20U) / 8);
  EXPECT_FALSE(fs::exists(disk.path("out/transfers/10.0.0.5/20061102T182500.123456Z-10.0.0.5~1066-10.0.0.9~80---10")));
}

TEST_F(StoreCareTest, WritesNothingWhereNothingIsLeftToBeRemoved) {
  const SmallDisk disk{"size=4m"};
  if (!disk.mounted) GTEST_SKIP() << "only root may mount a small disk";
  Store{disk.path("out"), OutputDirectory::Reuse::append}.keep("x", std::string(100'000, 'a'));
  std::ofstream(disk.path("filler")) << std::string(3'700'000, 'a');  // somebody else's
  TransferSettings settings = nothing();
  settings.low_space = 1U << 30U;
  Store store{disk.path("out"), OutputDirectory::Reuse::append, settings, Feed::live};
  store.wait_for("* files_removed: too little is free on disk (transfers.low_space): 1 files, 102400 bytes\n");
  std::this_thread::sleep_for(100ms);
  store.keep("y", "abc");
  store.wait_for(
      "* writing_paused: too little is free on disk (transfers.low_space), and nothing is left to be removed; make "
      "room "
      "there: 0 files, 0 bytes\n");
  EXPECT_EQ(store.files(), "");
  fs::remove(disk.path("filler"));
  const auto before = std::chrono::steady_clock::now();
  store.wait_for("y: 3 bytes, sha256 ");
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
  EXPECT_NE(store.said.text.find("* writing_resumed: "), std::string::npos);
}

TEST(StoreUsage, CountsWhatComesWhileAWalkGoesOn) {
  const std::string name = "20061102T181500.123456Z-10.0.0.5~1066-10.0.0.9~80---x";
  StoreUsage usage{3};
  usage.added(name, 10);
  usage.begin_census();
  usage.added(name, 20);
  EXPECT_EQ(usage.total().files, 2U);
  usage.count_host("10.0.0.5", 2);
  usage.count_host("10.0.0.7", 4);
  usage.end_census(7, 100);
  EXPECT_EQ(usage.total().files, 8U);
  EXPECT_EQ(usage.total().bytes, 120U);
  EXPECT_EQ(usage.files_of("10.0.0.5"), 3U);
  EXPECT_EQ(usage.files_of("10.0.0.9"), 1U);
  EXPECT_EQ(usage.take_crowded(), std::vector<std::string>{"10.0.0.7"});
  usage.added(name, 1);
  EXPECT_EQ(usage.take_crowded(), std::vector<std::string>{"10.0.0.5"});
  EXPECT_TRUE(usage.take_crowded().empty());
  for (int i = 0; i < 20; ++i) usage.removed(name, 50);
  EXPECT_EQ(usage.total().files, 0U);
  EXPECT_EQ(usage.total().bytes, 0U);
  EXPECT_EQ(usage.files_of("10.0.0.5"), 0U);
}

}  // namespace
}  // namespace unspool::test
