#include "transfer/transfer_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "told.h"

namespace unspool::test {
namespace {

namespace fs = std::filesystem;

struct stat status_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status;
}

class TransferStoreTest : public testing::Test {
 protected:
  /// With other settings, or more than once.
  void start(const TransferSettings& settings, OutputDirectory::Reuse reuse = OutputDirectory::Reuse::append) {
    store.reset();
    store = std::make_unique<Store>(folder.path("out"), reuse, settings);
  }
  std::string path_of(const char* host, const std::string& name) const {
    return folder.path("out/transfers/") + host + "/" + std::string(kPrefix) + name;
  }

  ScratchFolder folder;
  std::unique_ptr<Store> store = std::make_unique<Store>(folder.path("out"));
};

TEST_F(TransferStoreTest, KeepsOneFileUnderBothHosts) {
  const auto transfer = store->open("/cat.png");
  transfer->write(as_bytes("ab"));
  transfer->write(as_bytes("c"));
  EXPECT_EQ(store->files(), "") << "nothing before there is a need";
  EXPECT_FALSE(fs::exists(folder.path("out/transfers")));
  transfer->close();
  EXPECT_EQ(store->files(), "transfers/10.0.0.5/^%2Fcat.png = abc\ntransfers/10.0.0.9/^%2Fcat.png = abc\n");
  EXPECT_EQ(store->said.text, "/cat.png: 3 bytes, sha256 ba7816bf in transfers/10.0.0.5/^%2Fcat.png\n");
  const struct stat one = status_of(path_of("10.0.0.5", "%2Fcat.png")),
                    other = status_of(path_of("10.0.0.9", "%2Fcat.png"));
  EXPECT_EQ(one.st_ino, other.st_ino);
  EXPECT_EQ(one.st_nlink, 2U) << "and none in partial/";
  EXPECT_EQ(one.st_mode & 0777U, 0640U);
  EXPECT_EQ(store->totals(), "1 files, 3 bytes, 0 incomplete, 0 not stored");
  EXPECT_FALSE(store->store->failed());
}

TEST_F(TransferStoreTest, SaysWhoAndWhen) {
  store->keep("/cat.png", "abc");
  ASSERT_EQ(store->said.records.size(), 1U);
  const TransferRecord& record = store->said.records[0];
  EXPECT_EQ(record.session.key, store->session.key);
  EXPECT_EQ(record.from, Side::server);
  EXPECT_EQ(record.app_proto, "http");
  EXPECT_EQ(record.end, store->session.last);
}

TEST_F(TransferStoreTest, KeepsOneEntryWhereBothSidesAreOneHost) {
  const Session session = session_between("::1", 1066, "::1", 80);
  store->keep(session, "x", "abc");
  EXPECT_EQ(store->files(), "transfers/::1/20061102T181500.123456Z-::1~1066-::1~80---x = abc\n");
}

TEST_F(TransferStoreTest, NumbersEqualNamesInTheOrderInWhichTheyWereOpened) {
  auto first = store->open("x"), second = store->open("x"), third = store->open("x");
  const Session other = session_between("10.0.0.5", 1067, "10.0.0.9", 80);
  third->write(as_bytes("3"));
  first->write(as_bytes("1"));
  second->write(as_bytes("2"));
  second->write_gap(1, Cause::end);
  third.reset();
  second->close();
  first->close();
  store->keep(other, "x", "other");
  store->keep("y", "y");
  const std::string under_client = store->files().substr(0, store->files().find("transfers/10.0.0.9"));
  EXPECT_EQ(under_client,
            "transfers/10.0.0.5/^x = 1\n"
            "transfers/10.0.0.5/^x~2.incomplete = 2.\n"
            "transfers/10.0.0.5/^x~3 = 3\n"
            "transfers/10.0.0.5/^y = y\n"
            "transfers/10.0.0.5/20061102T181500.123456Z-10.0.0.5~1067-10.0.0.9~80---x = other\n");
}

TEST_F(TransferStoreTest, PassesOverNamesThatAreTakenUnderEitherHost) {
  store->keep("x", "1");
  start({});
  fs::remove(path_of("10.0.0.5", "x"));
  fs::create_directories(folder.path("out/transfers/10.0.0.5"));
  folder.file("out/transfers/10.0.0.5/" + std::string(kPrefix) + "x~2", "mine");
  store->keep("x", "3");
  store->keep("x", "4");
  store->sink->session_ended(store->session);
  store->keep("x", "5");
  EXPECT_EQ(store->files(),
            "transfers/10.0.0.5/^x~2 = mine\ntransfers/10.0.0.5/^x~3 = 3\ntransfers/10.0.0.5/^x~4 = "
            "4\ntransfers/10.0.0.5/^x~5 = 5\n"
            "transfers/10.0.0.9/^x = 1\ntransfers/10.0.0.9/^x~3 = 3\ntransfers/10.0.0.9/^x~4 = "
            "4\ntransfers/10.0.0.9/^x~5 = 5\n");
}

TEST_F(TransferStoreTest, KeepsSessionsOfOneNameApart) {
  Session reused = store->session;
  reused.ordinal = 1;
  start({.open_files = 1});
  const auto one = store->open("x"), other = store->open(reused, "x");
  const std::string piece(100'000, 'a');
  one->write(as_bytes(piece));
  other->write(as_bytes(piece));
  other->write(as_bytes("!"));
  one->close();
  other->close();
  EXPECT_EQ(store->files(),
            "transfers/10.0.0.5/^x = 100000 bytes\ntransfers/10.0.0.5/^x~2 = 100001 bytes\n"
            "transfers/10.0.0.9/^x = 100000 bytes\ntransfers/10.0.0.9/^x~2 = 100001 bytes\n");
}

TEST_F(TransferStoreTest, LeavesHolesWhereBytesAreMissing) {
  const auto transfer = store->open("x");
  transfer->write_gap(2, Cause::before_capture);
  transfer->write(as_bytes("ab"));
  transfer->write_gap(3, Cause::not_captured);
  transfer->write_gap(1, Cause::limit);
  transfer->write(as_bytes("c"));
  transfer->write_gap(0, Cause::limit);
  transfer->write_gap(4, Cause::snaplen);
  transfer->close();
  EXPECT_EQ(store->files(),
            "transfers/10.0.0.5/^x.incomplete = ..ab....c....\ntransfers/10.0.0.9/^x.incomplete = ..ab....c....\n");
  EXPECT_EQ(store->said.text,
            "x: 13 bytes, 0<2 before_capture>, 4<3 not_captured>, 7<1 limit>, 9<4 snaplen>, sha256 ba7816bf in "
            "transfers/10.0.0.5/^x.incomplete\n");
  EXPECT_EQ(store->totals(), "1 files, 3 bytes, 1 incomplete, 0 not stored");
}

TEST_F(TransferStoreTest, WritesNothingByTheLengthOfAGap) {
  constexpr std::uint64_t kLong = std::uint64_t{1} << 30U;
  const auto transfer = store->open("x");
  transfer->write(as_bytes("ab"));
  transfer->write_gap(kLong, Cause::not_captured);
  transfer->write(as_bytes("c"));
  transfer->write_gap(kLong, Cause::end);
  transfer->close();
  const struct stat status = status_of(path_of("10.0.0.9", "x.incomplete"));
  EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), 2 * kLong + 3);
  EXPECT_LT(status.st_blocks, 64);
  EXPECT_EQ(store->said.text,
            "x: 2147483651 bytes, 2<1073741824 not_captured>, 1073741827<1073741824 end>, sha256 ba7816bf in "
            "transfers/10.0.0.5/^x.incomplete\n");
}

TEST_F(TransferStoreTest, KeepsATransferOfManySmallHoles) {
  const auto transfer = store->open("x");
  for (int i = 0; i < 5000; ++i) {
    transfer->write(as_bytes("a"));
    transfer->write_gap(1, Cause::not_captured);
  }
  transfer->close();
  const TransferRecord& record = store->said.records.at(0);
  EXPECT_EQ(record.gaps.listed.size(), 1000U);
  EXPECT_EQ(record.gaps.omitted, 4000U);
  EXPECT_EQ(status_of(path_of("10.0.0.5", "x.incomplete")).st_size, 10'000);
  EXPECT_EQ(store->totals(), "1 files, 5000 bytes, 1 incomplete, 0 not stored");
}

TEST_F(TransferStoreTest, EndsATransferWhoseGapNoFileSystemTakes) {
  const auto transfer = store->open("x");
  transfer->write(as_bytes("ab"));
  for (int i = 0; i < 3; ++i) transfer->write_gap(UINT64_MAX, Cause::not_captured);
  transfer->write(as_bytes("c"));
  transfer->close();
  EXPECT_EQ(store->files(), "transfers/10.0.0.5/^x.incomplete = ab\ntransfers/10.0.0.9/^x.incomplete = ab\n");
  EXPECT_EQ(store->said.text,
            "x: 9223372036854775809 bytes, 2<9223372036854775806 not_captured>, sha256 fb8e20fc in "
            "transfers/10.0.0.5/^x.incomplete, "
            "error: only the first 2 bytes are stored: File too large (os error 27)\n");
  EXPECT_FALSE(store->store->failed()) << "the disk is not to blame";
}

TEST_F(TransferStoreTest, TellsWhatEmptyAndUnclosedOnesAre) {
  store->open("empty")->close();
  store->open("unclosed")->write(as_bytes("abc"));
  store->open("nothing at all");
  store->open("hole")->write_gap(5, Cause::end);
  const auto closed_twice = store->open("twice");
  closed_twice->close();
  closed_twice->write(as_bytes("late"));
  closed_twice->write_gap(1, Cause::end);
  closed_twice->close();
  EXPECT_EQ(store->said.text,
            "empty: 0 bytes, sha256 e3b0c442 in transfers/10.0.0.5/^empty\n"
            "unclosed: 3 bytes, truncated, sha256 ba7816bf in transfers/10.0.0.5/^unclosed\n"
            "nothing at all: 0 bytes, truncated, sha256 e3b0c442 in transfers/10.0.0.5/^nothing%20at%20all\n"
            "hole: 5 bytes, 0<5 end>, truncated, sha256 e3b0c442 in transfers/10.0.0.5/^hole.incomplete\n"
            "twice: 0 bytes, sha256 e3b0c442 in transfers/10.0.0.5/^twice\n");
}

TEST_F(TransferStoreTest, LeavesNothingOfWhatIsDiscarded) {
  const std::string big(200'000, 'a');
  for (const std::string& bytes : {std::string{}, std::string{"abc"}, big}) {
    const auto transfer = store->open("x");
    transfer->write(as_bytes(bytes));
    transfer->write_gap(1, Cause::end);
    transfer->discard();
    transfer->write(as_bytes("late"));
    transfer->close();
  }
  EXPECT_EQ(store->files(), "");
  EXPECT_EQ(store->said.text, "");
  EXPECT_EQ(store->totals(), "0 files, 0 bytes, 0 incomplete, 0 not stored");
}

TEST_F(TransferStoreTest, TakesNoDigestWhereNoneIsWanted) {
  start({.digest = Digest::none});
  store->keep("x", "abc");
  store->keep("empty", "");
  EXPECT_EQ(store->said.text, "x: 3 bytes in transfers/10.0.0.5/^x\nempty: 0 bytes in transfers/10.0.0.5/^empty\n");
}

TEST_F(TransferStoreTest, WritesEvery64KiB) {
  const std::string partial = "partial/" + std::string(kPrefix) + "x";
  const auto transfer = store->open("x");
  const std::string most(65'535, 'a');
  transfer->write(as_bytes(most));
  EXPECT_EQ(store->files(), "");
  transfer->write(as_bytes("bc"));
  EXPECT_EQ(store->files(), "partial/^x = 65536 bytes\n");
  transfer->write(as_bytes(most));
  EXPECT_EQ(store->files(), "partial/^x = 131072 bytes\n");
  transfer->close();
  EXPECT_EQ(store->files(), "transfers/10.0.0.5/^x = 131072 bytes\ntransfers/10.0.0.9/^x = 131072 bytes\n");
}

/// Descriptors that are open on files in partial/.
std::string open_partials() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone).string();
    if (target.find("/partial/") != target.npos) names.push_back(target.substr(target.rfind("---") + 3));
  }
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += name + " ";
  return text;
}

TEST_F(TransferStoreTest, ClosesTheFilesThatWereQuietLongest) {
  start({.open_files = 2});
  std::vector<std::unique_ptr<Transfer>> transfers;
  std::vector<std::string> contents(5);
  for (const char* const name : {"0", "1", "2", "3", "4"}) transfers.push_back(store->open(name));
  std::string open;
  for (int turn = 0; turn < 5; ++turn) {
    for (std::size_t i = 0; i < transfers.size(); ++i) {
      const std::string piece(30'000 + 20'000 * i, static_cast<char>('a' + turn));
      contents[i] += piece;
      transfers[i]->write(as_bytes(piece));
      if (i == 2 && turn > 0) transfers[i]->write_gap(1, Cause::end), contents[i] += '\0';
    }
    open += open_partials() + "| ";
  }
  EXPECT_EQ(open, "3 4 | 3 4 | 3 4 | 3 4 | 3 4 | ");
  for (const auto& transfer : transfers) transfer->close();
  EXPECT_EQ(open_partials(), "");
  for (std::size_t i = 0; i < transfers.size(); ++i) {
    std::string bytes = contents[i];
    std::erase(bytes, '\0');
    Sha256 sha256;
    sha256.add(as_bytes(bytes));
    EXPECT_EQ(hex(*store->said.records.at(i).sha256), hex(sha256.finish())) << i;
    std::ifstream file(path_of("10.0.0.9", std::to_string(i) + (i == 2 ? ".incomplete" : "")), std::ios::binary);
    EXPECT_TRUE((std::string{std::istreambuf_iterator<char>{file}, {}}) == contents[i]) << i;
  }
}

TEST_F(TransferStoreTest, SharesOpenFilesOutAmongShards) {
  store->store = std::make_unique<TransferStore>(*store->output, TransferSettings{.open_files = 4}, 2);
  const std::string piece(70'000, 'a');
  const Session elsewhere = session_between("10.0.0.1", 1, "10.0.0.2", 2);
  const auto one = store->store->sink(store->said), other = store->store->sink(store->said);
  std::vector<std::unique_ptr<Transfer>> transfers;
  for (const char* const name : {"0", "1", "2"}) {
    transfers.push_back(one->open(store->session, Side::client, name, "http"));
    transfers.back()->write(as_bytes(piece));
  }
  for (const char* const name : {"3", "4", "5"}) {
    transfers.push_back(other->open(elsewhere, Side::client, name, "http"));
    transfers.back()->write(as_bytes(piece));
  }
  EXPECT_EQ(open_partials(), "1 2 4 5 ");
  for (const auto& transfer : transfers) transfer->close();
  EXPECT_EQ(store->totals(), "6 files, 420000 bytes, 0 incomplete, 0 not stored");
}

TEST_F(TransferStoreTest, LetsShardsWorkSideBySide) {
  store->store = std::make_unique<TransferStore>(*store->output, TransferSettings{}, 3);
  std::vector<std::thread> shards;
  for (int i = 0; i < 3; ++i) {
    shards.emplace_back([&] {
      TransferLines said;
      const auto sink = store->store->sink(said);
      for (int n = 0; n < 100; ++n) sink->open(store->session, Side::client, "x", "http")->write(as_bytes("abc"));
    });
  }
  for (std::thread& shard : shards) shard.join();
  EXPECT_EQ(store->totals(), "300 files, 900 bytes, 0 incomplete, 0 not stored");
  for (const char* const host : {"10.0.0.5", "10.0.0.9"}) {
    EXPECT_TRUE(fs::exists(path_of(host, "x")) && fs::exists(path_of(host, "x~300"))) << "none was passed over";
    EXPECT_FALSE(fs::exists(path_of(host, "x~301")));
  }
}

TEST_F(TransferStoreTest, WritesEarlyWhenTooMuchIsHeld) {
  store->store =
      std::make_unique<TransferStore>(*store->output, TransferSettings{.open_files = 1000}, 1024);  // 128 KiB for each
  store->sink = store->store->sink(store->said);
  const std::string piece(41'000, 'a');  // takes 48 KiB
  std::vector<std::unique_ptr<Transfer>> transfers;
  for (const char* const name : {"0", "1", "2", "3", "4"}) {
    transfers.push_back(store->open(name));
    transfers.back()->write(as_bytes(piece));
    transfers.front()->write(as_bytes("b"));  // never quiet
  }
  EXPECT_EQ(store->files(), "partial/^1 = 41000 bytes\npartial/^2 = 41000 bytes\npartial/^3 = 41000 bytes\n");
  for (const auto& transfer : transfers) transfer->close();
  EXPECT_EQ(store->totals(), "5 files, 205005 bytes, 0 incomplete, 0 not stored");
}

TEST_F(TransferStoreTest, BodiesThatAreShedAreToldAndNotStored) {
  for (const Feed feed : {Feed::files, Feed::live}) {
    ScratchFolder other;
    Store shed{other.path("out"), OutputDirectory::Reuse::refuse, {.types = TypeSource::prefix, .low_space = 0}, feed};
    const std::string piece(64U << 10U, 'x');
    auto under_way = shed.open("/grows"), buffered = shed.open("/small"), page = shed.open("transcript.html");
    page->keep_under_load();
    under_way->write(as_bytes(piece));
    buffered->write(as_bytes("abc"));
    shed.sink->shed_bodies(true);
    under_way->write(as_bytes("abc"));
    under_way->write_gap(2, Cause::not_captured);
    under_way->write(as_bytes("defg"));
    buffered->close();
    page->write(as_bytes("kept"));
    page->close();
    shed.keep("/new", "abcdef");
    shed.keep("/empty", "");
    auto later = shed.open("/later");
    later->write(as_bytes("ab"));
    shed.sink->shed_bodies(false);
    later->write(as_bytes("c"));
    later->close();
    under_way->write(as_bytes("h"));
    under_way->close();
    shed.keep("/after", "abc");
    shed.sink->finish(shed.session.last);
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < shed.said.text.size(); at = shed.said.text.find('\n', at) + 1)
      lines.push_back(shed.said.text.substr(at, shed.said.text.find('\n', at) - at));
    const std::string why = " bytes are left out: more came than could be followed (overload.shed)";
    EXPECT_THAT(lines,
                testing::UnorderedElementsAre(
                    "/small: 3 bytes, sha256 ba7816bf in transfers/10.0.0.5/^%2Fsmall",
                    testing::StartsWith("transcript.html: 4 bytes, sha256"),
                    "/new: 6 bytes, 0<6 limit>, nowhere, error: 6" + why, testing::StartsWith("/empty: 0 bytes, "),
                    testing::AllOf(testing::StartsWith("/later: 3 bytes, 0<2 limit>, sha256"),
                                   testing::HasSubstr("^%2Flater.incomplete, error: 2" + why)),
                    testing::AllOf(testing::StartsWith("/grows: 65546 bytes, 65536<3 limit>, 65539<2 not_captured>, "
                                                       "65541<4 limit>, sha256"),
                                   testing::HasSubstr("^%2Fgrows.incomplete, error: 7" + why)),
                    "/after: 3 bytes, sha256 ba7816bf in transfers/10.0.0.5/^%2Fafter"));
    EXPECT_EQ(shed.sink->bodies_shed(), 3U);
    EXPECT_EQ(shed.totals(), "6 files, 65548 bytes, 2 incomplete, 1 not stored");
    EXPECT_FALSE(shed.store->failed());
  }
}

}  // namespace
}  // namespace unspool::test
