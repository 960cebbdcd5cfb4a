// What becomes of transfers when the disk does not do as it should, or somebody plants traps in it.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <filesystem>

#include "small_disk.h"
#include "told.h"

namespace unspool::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNotFollowed = "only directories are expected there, and symbolic links are not followed";

TEST(DiskFailure, FollowsNoSymbolicLinkThatSomebodyPlanted) {
  struct Row {
    const char* planted;
    std::string said, files;
  };
  const std::string abc = "x: 3 bytes, sha256 ba7816bf in transfers/";
  const std::string none = "Not a directory (os error 20); ";
  const std::string loop = "Too many levels of symbolic links (os error 40); ";
  const Row rows[] = {
      {"transfers", "x: 3 bytes, nowhere, error: transfers/10.0.0.9: " + loop + kNotFollowed + "\n",
       "transfers -> elsewhere\n"},
      {"transfers/10.0.0.5", abc + "10.0.0.9/^x, error: transfers/10.0.0.5: " + none + kNotFollowed + "\n",
       "transfers/10.0.0.5 -> elsewhere\ntransfers/10.0.0.9/^x = abc\n"},
      {"transfers/10.0.0.9", abc + "10.0.0.5/^x, error: transfers/10.0.0.9: " + none + kNotFollowed + "\n",
       "transfers/10.0.0.5/^x = abc\ntransfers/10.0.0.9 -> elsewhere\n"},
      {"partial", "x: 3 bytes, nowhere, error: " + loop + kNotFollowed + "\n", "partial -> elsewhere\n"},
  };
  for (const Row& row : rows) {
    const ScratchFolder folder;
    fs::create_directory(folder.path("elsewhere"));
    Store store{folder.path("out")};
    const fs::path link = folder.path("out/") + row.planted;
    fs::create_directories(link.parent_path());
    fs::create_directory_symlink(folder.path("elsewhere"), link);
    store.keep("x", "abc");
    EXPECT_EQ(store.said.text, row.said) << row.planted;
    EXPECT_EQ(store.files(), row.files);
    EXPECT_EQ(tree(folder.path("elsewhere")), "") << row.planted;
    EXPECT_TRUE(store.store->failed());
    fs::remove(link);
  }
}

TEST(DiskFailure, OverwritesNothingThatSomebodyPlantedUnderItsName) {
  const ScratchFolder folder;
  const std::string target = folder.file("target", "keep");
  const std::string name = fmt::format("{}x", kPrefix);
  Store store{folder.path("out")};
  for (const char* const directory : {"out/partial", "out/transfers/10.0.0.5"}) {
    fs::create_directories(folder.path(directory));
    fs::create_symlink(target, folder.path(directory) + "/" + name);
  }
  store.keep("x", "abc");
  EXPECT_EQ(store.files(),
            "partial/^x -> target\ntransfers/10.0.0.5/^x -> target\ntransfers/10.0.0.5/^x~2 = "
            "abc\ntransfers/10.0.0.9/^x~2 = abc\n");
  EXPECT_EQ(tree(folder.path()).substr(0, 4), "out/");
  EXPECT_NE(tree(folder.path()).find("target = keep\n"), std::string::npos);
}

TEST(DiskFailure, SaysTheFirstOneAndWhatToDo) {
  const ScratchFolder folder;
  Store store{folder.path("out")};
  folder.file("out/partial", "");
  store.keep("x", "abc");
  fs::remove(folder.path("out/partial"));
  folder.file("out/transfers", "");
  store.keep("y", "abc");
  fs::remove(folder.path("out/transfers"));
  store.keep("z", "abc");
  const std::string first = fmt::format("Not a directory (os error 20); {}", kNotFollowed);
  EXPECT_EQ(store.said.text,
            fmt::format("x: 3 bytes, nowhere, error: {}\ny: 3 bytes, nowhere, error: transfers/10.0.0.9: {}\n", first,
                        first) +
                "z: 3 bytes, sha256 ba7816bf in transfers/10.0.0.5/^z\n");
  ASSERT_TRUE(store.store->failed());
  EXPECT_EQ(store.store->failed()->what,
            fmt::format("{}: not all transfers are stored: {}", store.output->path(), first));
  EXPECT_EQ(store.totals(), "1 files, 3 bytes, 0 incomplete, 2 not stored") << "later ones are tried again";
}

TEST(DiskFailure, MakesDirectoriesAgainThatSomebodyRemoved) {
  const ScratchFolder folder;
  Store store{folder.path("out")};
  store.keep("x", "abc");
  fs::remove_all(folder.path("out/transfers"));
  fs::remove_all(folder.path("out/partial"));
  store.keep("y", "abc");
  EXPECT_EQ(store.files(), "transfers/10.0.0.5/^y = abc\ntransfers/10.0.0.9/^y = abc\n");
  EXPECT_FALSE(store.store->failed());
}

TEST(DiskFailure, SurvivesTheLossOfAGrowingFile) {
  const ScratchFolder folder;
  Store store{folder.path("out"), OutputDirectory::Reuse::refuse, {.open_files = 1}};
  const std::string piece(70'000, 'a');
  const auto lost = store.open("lost"), kept = store.open("kept");
  lost->write(as_bytes(piece));
  kept->write(as_bytes(piece));
  fs::remove(folder.path("out/partial/") + std::string(kPrefix) + "lost");
  lost->write(as_bytes(piece));
  lost->close();
  kept->close();
  EXPECT_EQ(store.files(), "transfers/10.0.0.5/^kept = 70000 bytes\ntransfers/10.0.0.9/^kept = 70000 bytes\n");
  EXPECT_EQ(store.totals(), "1 files, 70000 bytes, 0 incomplete, 1 not stored");
}

TEST(DiskFailure, KeepsWhatFitsBelowALimitOnFileSizes) {
  const ScratchFolder folder;
  ::signal(SIGXFSZ, SIG_IGN);  // as the application does
  Store store{folder.path("out")};
  const Limit limit{RLIMIT_FSIZE, 100'000};
  const auto bytes = store.open("bytes"), gap = store.open("gap"), tail = store.open("tail");
  const std::string piece(150'000, 'a');
  bytes->write(as_bytes(piece));
  bytes->close();
  gap->write(as_bytes("ab"));
  gap->write_gap(200'000, Cause::not_captured);
  gap->write(as_bytes("c"));
  gap->close();
  tail->write_gap(200'000, Cause::not_captured);
  tail->close();
  EXPECT_EQ(store.said.text,
            "bytes: 150000 bytes, sha256 6d1cf22d in transfers/10.0.0.5/^bytes.incomplete, "
            "error: only the first 100000 bytes are stored: File too large (os error 27)\n"
            "gap: 200003 bytes, 2<200000 not_captured>, sha256 fb8e20fc in transfers/10.0.0.5/^gap.incomplete, "
            "error: only the first 2 bytes are stored: File too large (os error 27)\n"
            "tail: 200000 bytes, 0<200000 not_captured>, nowhere, error: File too large (os error 27)\n");
  EXPECT_EQ(store.totals(), "2 files, 100002 bytes, 2 incomplete, 1 not stored");
  EXPECT_FALSE(fs::exists(folder.path("out/transfers/10.0.0.5/") + std::string(kPrefix) + "bytes"));
}

TEST(DiskFailure, KeepsWhatFitsOntoAFullDisk) {
  const SmallDisk disk{"size=256k"};
  if (!disk.mounted) GTEST_SKIP() << "only root may mount a small disk";
  Store store{disk.path("out")};
  const std::string piece(300'000, 'a');
  store.keep("big", piece);
  store.keep("later", "abc");
  const std::string full = "No space left on device (os error 28); make room there, or choose another place with -o";
  ASSERT_EQ(store.said.records.size(), 2U);
  const TransferRecord& big = store.said.records[0];
  EXPECT_EQ(with_short_prefix(big.path), "transfers/10.0.0.5/^big.incomplete");
  const std::uint64_t stored = fs::file_size(store.output->path() + "/" + big.path);
  EXPECT_GT(stored, 100'000U);
  EXPECT_EQ(big.error, fmt::format("only the first {} bytes are stored: {}", stored, full));
  EXPECT_EQ(store.said.records[1].error, full);
  EXPECT_EQ(store.totals(), fmt::format("1 files, {} bytes, 1 incomplete, 1 not stored", stored));
  EXPECT_TRUE(fs::is_empty(store.output->path() + "/partial")) << "nothing lies around";

  fs::remove_all(store.output->path() + "/transfers");
  store.keep("again", "abc");
  EXPECT_EQ(store.files(), "transfers/10.0.0.5/^again = abc\ntransfers/10.0.0.9/^again = abc\n")
      << "when there is room again";
}

TEST(DiskFailure, RefusesADiskThatIsReadOnly) {
  const SmallDisk disk{"size=256k"};
  if (!disk.mounted) GTEST_SKIP() << "only root may mount a small disk";
  fs::create_directory(disk.path("out"));
  ASSERT_EQ(::mount("none", disk.path("").c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=256k"), 0);
  for (const char* const name : {"out", "new"}) {
    const auto output = OutputDirectory::open(disk.path(name), OutputDirectory::Reuse::refuse);
    ASSERT_FALSE(output);
    EXPECT_EQ(
        output.error().what,
        fmt::format(
            "{}: cannot be {}: Read-only file system (os error 30); change its rights, or choose another place with -o",
            disk.path(name), name[0] == 'o' ? "written to" : "made"));
  }
}

TEST(DiskFailure, ManagesWithFewDescriptors) {
  const ScratchFolder folder;
  Store store{folder.path("out")};
  const std::string piece(70'000, 'a');
  std::vector<std::unique_ptr<Transfer>> transfers;
  {
    const int next = ::dup(0);
    ::close(next);
    const Limit limit{RLIMIT_NOFILE, static_cast<rlim_t>(next) + 5};
    for (int i = 0; i < 20; ++i) {
      transfers.push_back(store.open(std::to_string(i)));
      transfers.back()->write(as_bytes(piece));
    }
    for (const auto& transfer : transfers) transfer->close();
  }
  EXPECT_EQ(store.totals(), "20 files, 1400000 bytes, 0 incomplete, 0 not stored");
}

TEST(DiskFailure, ManagesWithFewDescriptorsAndManyHosts) {
  const ScratchFolder folder;
  const int next = ::dup(0);
  ::close(next);
  const Limit limit{RLIMIT_NOFILE, static_cast<rlim_t>(next) + 12};
  Store store{folder.path("out"), OutputDirectory::Reuse::refuse, {.types = TypeSource::prefix}};
  const auto other = store.store->sink(store.said);
  const auto growing = store.open("growing");
  growing->write(as_bytes(std::string(70'000, 'a')));
  for (int i = 1; i < 60; ++i) {
    const Session session = session_between(fmt::format("10.0.1.{}", i).c_str(), 1066, "10.0.0.9", 80);
    store.keep(session, "x", "abc");
    other->open(session, Side::client, "y", "http")->write(as_bytes("de"));
  }
  growing->close();
  EXPECT_EQ(store.totals(), "119 files, 70295 bytes, 0 incomplete, 0 not stored");
}

/// From now on this system call fails in this process.
bool forbid(std::uint32_t call, unsigned error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = std::size(program), .filter = program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST(DiskFailure, IsAsStrictOnKernelsWithoutOpenat2) {
  for (const unsigned error : {unsigned{ENOSYS}, unsigned{EPERM}}) {
    const ScratchFolder folder;
    fs::create_directories(folder.path("out/transfers"));
    fs::create_directory(folder.path("elsewhere"));
    fs::create_directory_symlink(folder.path("elsewhere"), folder.path("out/transfers/10.0.0.9"));
    const pid_t child = ::fork();
    if (child == 0) {
      if (!forbid(SYS_openat2, error)) ::_exit(77);
      Store store{folder.path("out"), OutputDirectory::Reuse::append};
      store.keep("x", "abc");
      const std::string said = fmt::format(
          "x: 3 bytes, sha256 ba7816bf in transfers/10.0.0.5/^x, error: transfers/10.0.0.9: Not a directory (os error "
          "20); {}\n",
          kNotFollowed);
      ::_exit(store.said.text == said ? 0 : 1);
    }
    int status = 1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "seccomp is not to be had";
    EXPECT_EQ(status, 0);
    EXPECT_EQ(tree(folder.path()), "out/transfers/10.0.0.5/^x = abc\nout/transfers/10.0.0.9 -> elsewhere\n");
  }
}

/// As on a file system, or a kernel, that cannot move a file without overwriting another.
TEST(DiskFailure, LinksWhatCannotBeMoved) {
  for (const unsigned error : {unsigned{ENOSYS}, unsigned{EINVAL}}) {
    const ScratchFolder folder;
    const pid_t child = ::fork();
    if (child == 0) {
      if (!forbid(SYS_renameat2, error)) ::_exit(77);
      Store store{folder.path("out")};
      store.keep("x", "abc");
      ::_exit(store.store->failed() ? 1 : 0);
    }
    int status = 1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "seccomp is not to be had";
    EXPECT_EQ(status, 0);
    EXPECT_EQ(tree(folder.path()), "out/transfers/10.0.0.5/^x = abc\nout/transfers/10.0.0.9/^x = abc\n");
  }
}

}  // namespace
}  // namespace unspool::test
