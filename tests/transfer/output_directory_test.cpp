#include "transfer/output_directory.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "told.h"

namespace unspool::test {
namespace {

namespace fs = std::filesystem;
using Reuse = OutputDirectory::Reuse;

/// What opening it says: nothing when it went well. The folder's path is left out.
std::string error_of(const std::string& path, const ScratchFolder& folder, Reuse reuse = Reuse::refuse) {
  const auto output = OutputDirectory::open(path, reuse);
  if (output) return "";
  std::string what = output.error().what;
  for (auto at = what.find(folder.path()); at != what.npos; at = what.find(folder.path()))
    what.replace(at, folder.path().size(), "");
  return what;
}

std::string mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return fmt::format("{:o}", status.st_mode & 0777U);
}

TEST(OutputDirectory, IsMadeWithItsParents) {
  const ScratchFolder folder;
  const auto output = OutputDirectory::open(folder.path("a/b/out//"), Reuse::refuse);
  ASSERT_TRUE(output) << output.error().what;
  EXPECT_EQ((*output)->path(), folder.path("a/b/out"));
  EXPECT_EQ(mode_of(folder.path("a/b/out")), "750");
  EXPECT_EQ(tree((*output)->path()), "") << "nothing before there is a need";
  EXPECT_TRUE((*output)->open_events());
  EXPECT_EQ(mode_of(folder.path("a/b/out/events.json")), "640");
}

TEST(OutputDirectory, TakesARelativePath) {
  const ScratchFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  EXPECT_EQ(error_of("out", folder), "");
  EXPECT_EQ(error_of(".", folder), "");
  fs::current_path(before);
  EXPECT_TRUE(fs::is_directory(folder.path("out")));
}

TEST(OutputDirectory, NamesWhatIsWrongWithAPath) {
  const ScratchFolder folder;
  const std::string file = folder.file("file", "");
  EXPECT_EQ(error_of(file, folder), "/file: exists, and is no directory; choose another place with -o");
  EXPECT_EQ(error_of(file + "/out", folder),
            "/file: cannot be made: Not a directory (os error 20); only directories are expected there, and symbolic "
            "links are not followed");
  EXPECT_EQ(error_of("", folder), ": cannot be made: No such file or directory (os error 2)");
}

TEST(OutputDirectory, NamesADirectoryThatCannotBeWrittenTo) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const ScratchFolder folder;
  fs::create_directory(folder.path("out"));
  fs::permissions(folder.path("out"), fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(error_of(folder.path("out"), folder),
            "/out: cannot be written to: Permission denied (os error 13); change its rights, or choose another place "
            "with -o");
}

TEST(OutputDirectory, IsRefusedToASecondProcessWithThePidOfTheFirst) {
  const ScratchFolder folder;
  int ready[2], done[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(done), 0);
  char byte = 'x';
  const pid_t first = ::fork();
  if (first == 0) {
    const auto output = OutputDirectory::open(folder.path("out"), Reuse::refuse);
    const bool went_well = output && ::write(ready[1], &byte, 1) == 1 && ::read(done[0], &byte, 1) == 1;
    ::_exit(went_well ? 0 : 1);
  }
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  for (const Reuse reuse : {Reuse::refuse, Reuse::replace, Reuse::append}) {
    EXPECT_EQ(error_of(folder.path("out"), folder, reuse),
              fmt::format("/out: process {} writes there; stop it first, or choose another place with -o", first));
  }
  EXPECT_EQ(::write(done[1], &byte, 1), 1);
  int status = 1;
  ASSERT_EQ(::waitpid(first, &status, 0), first);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(error_of(folder.path("out"), folder), "") << "a lock goes with its process";
  for (const int fd : {ready[0], ready[1], done[0], done[1]}) ::close(fd);
}

/// An output with one of each.
void fill(const std::string& path) {
  Store store{path};
  EXPECT_TRUE(store.output->open_events());
  store.keep("cat.png", "abc");
}

TEST(OutputDirectory, HoldsAnEarlierRun) {
  const ScratchFolder folder;
  const std::string out = folder.path("out");
  fill(out);
  folder.file("out/notes.txt", "mine");
  const std::string hint =
      "/out: holds an earlier run; remove that with --replace, add to it with --append, or choose another place with "
      "-o";
  EXPECT_EQ(error_of(out, folder), hint);
  const std::string all =
      "events.json\nnotes.txt = mine\ntransfers/10.0.0.5/^cat.png = abc\ntransfers/10.0.0.9/^cat.png = abc\n";
  EXPECT_EQ(error_of(out, folder, Reuse::append), "");
  EXPECT_EQ(tree(out), all);
  EXPECT_EQ(error_of(out, folder, Reuse::replace), "");
  EXPECT_EQ(tree(out), "notes.txt = mine\n");
  EXPECT_EQ(error_of(out, folder), "") << "other files make no run";
}

TEST(OutputDirectory, IsHeldByEachThingThatARunLeaves) {
  const ScratchFolder folder;
  const char* const rows[] = {"events.json", "transfers/10.0.0.5", "partial/x"};
  for (const char* const left : rows) {
    const std::string out = folder.path("out");
    fs::create_directories(fs::path(out + "/" + left).parent_path());
    folder.file(std::string("out/") + left, "");
    EXPECT_NE(error_of(out, folder), "") << left;
    EXPECT_EQ(error_of(out, folder, Reuse::replace), "") << left;
    EXPECT_EQ(error_of(out, folder), "") << left;
    fs::create_directories(out + "/transfers");
    EXPECT_EQ(error_of(out, folder), "") << "an empty directory is no run";
    fs::remove_all(out);
  }
}

TEST(OutputDirectory, IsReplacedWithoutFollowingSymbolicLinks) {
  const ScratchFolder folder;
  const std::string out = folder.path("out");
  fill(out);
  fs::create_directory(folder.path("precious"));
  folder.file("precious/file", "keep");
  fs::create_directory_symlink(folder.path("precious"), out + "/transfers/10.0.0.7");
  fs::create_symlink(folder.path("precious/file"), out + "/transfers/10.0.0.5/link");
  fs::remove(out + "/events.json");
  fs::create_symlink(folder.path("precious/file"), out + "/events.json");
  EXPECT_EQ(error_of(out, folder, Reuse::replace), "");
  EXPECT_EQ(tree(folder.path("precious")), "file = keep\n");
  EXPECT_EQ(tree(out), "");
}

TEST(OutputDirectory, RefusesSymbolicLinksInPlaceOfItsOwn) {
  const ScratchFolder folder;
  const std::string out = folder.path("out");
  fs::create_directory(out);
  fs::create_directory(folder.path("elsewhere"));
  folder.file("elsewhere/file", "keep");
  for (const char* const name : {"transfers", "partial"}) {
    fs::create_directory_symlink(folder.path("elsewhere"), out + "/" + name);
    for (const Reuse reuse : {Reuse::refuse, Reuse::replace, Reuse::append}) {
      EXPECT_EQ(error_of(out, folder, reuse), fmt::format("/out/{}: is no directory (symbolic links are not followed); "
                                                          "move it away, or choose another place with -o",
                                                          name));
    }
    fs::remove(out + "/" + name);
  }
  fs::create_symlink(folder.path("elsewhere/file"), out + "/events.json");
  const auto output = OutputDirectory::open(out, Reuse::append);
  ASSERT_TRUE(output);
  EXPECT_EQ((*output)->open_events().error().what,
            out + "/events.json: is a symbolic link, which is not followed; move it away");
  fs::remove(out + "/.lock");
  fs::create_symlink(folder.path("elsewhere/file"), out + "/.lock");
  EXPECT_NE(error_of(out, folder, Reuse::append), "");
  EXPECT_EQ(tree(folder.path("elsewhere")), "file = keep\n");
}

TEST(OutputDirectory, SettlesWhatACrashLeft) {
  const ScratchFolder folder;
  const std::string out = folder.path("out");
  const std::string prefix{kPrefix};
  fs::create_directories(out + "/partial/directory");
  folder.file("out/partial/" + prefix + "a", "one");
  folder.file("out/partial/" + prefix + "a~2", "two");
  folder.file("out/partial/" + prefix + "b~7", "");
  folder.file("out/partial/notes.txt", "not ours");
  fs::create_symlink(folder.path("out/partial/notes.txt"), out + "/partial/" + prefix + "link");
  fs::create_directories(out + "/transfers/10.0.0.9");
  folder.file("out/transfers/10.0.0.9/" + prefix + "a.incomplete", "older");
  const auto output = OutputDirectory::open(out, Reuse::append);
  ASSERT_TRUE(output);
  EXPECT_EQ((*output)->settled(), 3U);
  EXPECT_EQ(tree(out),
            "partial/^link -> notes.txt\n"
            "partial/notes.txt = not ours\n"
            "transfers/10.0.0.5/^a~2.incomplete = one\n"
            "transfers/10.0.0.5/^a~3.incomplete = two\n"
            "transfers/10.0.0.5/^b~7.incomplete\n"
            "transfers/10.0.0.9/^a.incomplete = older\n"
            "transfers/10.0.0.9/^a~2.incomplete = one\n"
            "transfers/10.0.0.9/^a~3.incomplete = two\n"
            "transfers/10.0.0.9/^b~7.incomplete\n");
}

TEST(OutputDirectory, CompletesLinksThatACrashInterrupted) {
  const ScratchFolder folder;
  const std::string out = folder.path("out");
  const std::string prefix{kPrefix};
  fs::create_directories(out + "/partial");
  fs::create_directories(out + "/transfers/10.0.0.5");
  folder.file("out/partial/" + prefix + "whole", "abc");
  fs::create_hard_link(out + "/partial/" + prefix + "whole", out + "/transfers/10.0.0.5/" + prefix + "whole");
  folder.file("out/partial/" + prefix + "holes", "a");
  fs::create_hard_link(out + "/partial/" + prefix + "holes",
                       out + "/transfers/10.0.0.5/" + prefix + "holes.incomplete");
  const auto output = OutputDirectory::open(out, Reuse::append);
  ASSERT_TRUE(output);
  EXPECT_EQ((*output)->settled(), 0U) << "they were finished";
  EXPECT_EQ(tree(out),
            "transfers/10.0.0.5/^holes.incomplete = a\ntransfers/10.0.0.5/^whole = abc\n"
            "transfers/10.0.0.9/^holes.incomplete = a\ntransfers/10.0.0.9/^whole = abc\n");
}

TEST(OutputDirectory, CompletesThemUnderWhateverNumberTheyHad) {
  const ScratchFolder folder;
  const std::string out = folder.path("out"), prefix{kPrefix};
  fs::create_directories(out + "/partial");
  for (const char* const host : {"10.0.0.5", "10.0.0.9"}) fs::create_directories(out + "/transfers/" + host);
  for (const char* const number : {"", "~2", "~3"}) {
    folder.file("out/transfers/10.0.0.5/" + prefix + "x" + number, number);
    folder.file("out/transfers/10.0.0.9/" + prefix + "x" + number, number);
  }
  folder.file("out/partial/" + prefix + "x", "abc");
  fs::create_hard_link(out + "/partial/" + prefix + "x", out + "/transfers/10.0.0.5/" + prefix + "x~4");
  folder.file("out/partial/" + prefix + "y~2", "de");
  fs::create_hard_link(out + "/partial/" + prefix + "y~2", out + "/transfers/10.0.0.5/" + prefix + "y");
  folder.file("out/transfers/10.0.0.9/" + prefix + "y", "taken");
  const auto output = OutputDirectory::open(out, Reuse::append);
  ASSERT_TRUE(output);
  EXPECT_EQ((*output)->settled(), 0U);
  EXPECT_EQ(tree(out),
            "transfers/10.0.0.5/^x\ntransfers/10.0.0.5/^x~2 = ~2\ntransfers/10.0.0.5/^x~3 = "
            "~3\ntransfers/10.0.0.5/^x~4 = abc\ntransfers/10.0.0.5/^y~2 = de\n"
            "transfers/10.0.0.9/^x\ntransfers/10.0.0.9/^x~2 = ~2\ntransfers/10.0.0.9/^x~3 = "
            "~3\ntransfers/10.0.0.9/^x~4 = abc\ntransfers/10.0.0.9/^y = taken\ntransfers/10.0.0.9/^y~2 = de\n");
}

TEST(OutputDirectory, LeavesNoEmptyPartial) {
  const ScratchFolder folder;
  const std::string out = folder.path("out");
  {
    Store store{out};
    store.keep("a", "b");
    EXPECT_TRUE(fs::exists(out + "/partial"));
  }
  EXPECT_FALSE(fs::exists(out + "/partial"));
}

}  // namespace
}  // namespace unspool::test
