#include "daemon/confinement.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/landlock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "in_child.h"
#include "program.h"
#include "support/capture_file.h"
#include "support/dialog.h"

namespace unspool::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

TEST(LandlockRights, GrowWithTheKernelAndAreNoneWhereLinksWouldFail) {
  EXPECT_EQ(landlock_rights(1).files, 0U) << "no REFER: linking into another directory is refused whatever one does";
  for (int abi = 2; abi <= 9; ++abi) {
    const LandlockRights rights = landlock_rights(abi);
    EXPECT_EQ(rights.files >> (abi < 3 ? 14 : abi < 5 ? 15 : 16), 0U) << abi << ": unknown rights make it refuse all";
    EXPECT_EQ(rights.write & ~rights.files, 0U) << abi;
    EXPECT_EQ(rights.read & ~rights.files, 0U) << abi;
    EXPECT_NE(rights.write & LANDLOCK_ACCESS_FS_REFER, 0U) << abi;
    EXPECT_EQ((rights.write | rights.read) & LANDLOCK_ACCESS_FS_EXECUTE, 0U) << abi;
    EXPECT_EQ(rights.net != 0, abi >= 4) << abi;
    EXPECT_EQ(rights.scoped != 0, abi >= 6) << abi;
  }
}

std::string result(int answer) { return answer >= 0 ? "yes" : std::strerror(errno); }
std::string opened(const std::string& path, int flags) { return result(Fd{::open(path.c_str(), flags, 0600)}.get()); }

class Confined : public testing::Test {
 protected:
  void SetUp() override {
    const std::string why = in_child([] {
      const auto confinement = confine({});
      return confinement ? confinement->why : confinement.error().what;
    });
    if (!why.empty()) GTEST_SKIP() << why;
    for (const char* name : {"out", "out/a", "out/b", "captures"}) fs::create_directory(folder.path(name));
    folder.file("out/a/file", "x");
    folder.file("captures/c.pcap", "x");
    folder.file("elsewhere", "x");
  }
  /// What `act` answers when it is confined to out, and may read captures.
  std::string confined(const std::function<std::string()>& act) const {
    return in_child([&] {
      const auto confinement = confine({.write = {folder.path("out")}, .read = {folder.path("captures"), "/no/such"}});
      return confinement ? act() : confinement.error().what;
    });
  }
  ScratchFolder folder;
};

TEST_F(Confined, WritesOnlyToItsOutput) {
  EXPECT_EQ(confined([&] { return opened(folder.path("out/new"), O_WRONLY | O_CREAT); }), "yes");
  EXPECT_EQ(confined([&] { return opened(folder.path("out/a/file"), O_RDWR | O_TRUNC); }), "yes");
  EXPECT_EQ(confined([&] { return result(::mkdir(folder.path("out/c").c_str(), 0700)); }), "yes");
  EXPECT_EQ(confined([&] { return result(::unlink(folder.path("out/new").c_str())); }), "yes");
  EXPECT_EQ(confined([&] { return opened(folder.path("new"), O_WRONLY | O_CREAT); }), "Permission denied");
  EXPECT_EQ(confined([&] { return opened(folder.path("elsewhere"), O_WRONLY); }), "Permission denied");
  EXPECT_EQ(confined([&] { return opened(folder.path("captures/c.pcap"), O_WRONLY); }), "Permission denied");
  EXPECT_EQ(confined([&] { return result(::symlink("/etc/passwd", folder.path("out/s").c_str())); }),
            "Permission denied");
}

TEST_F(Confined, LinksAndRenamesAcrossTheDirectoriesOfItsOutput) {
  const std::string from = folder.path("out/a/file");
  EXPECT_EQ(confined([&] { return result(::link(from.c_str(), folder.path("out/b/link").c_str())); }), "yes");
  EXPECT_EQ(confined([&] { return result(::rename(from.c_str(), folder.path("out/b/renamed").c_str())); }), "yes");
  EXPECT_NE(confined([&] { return result(::link(folder.path("out/b/link").c_str(), folder.path("link").c_str())); }),
            "yes");
}

TEST_F(Confined, ReadsCapturesAndLibrariesAndNothingElse) {
  EXPECT_EQ(confined([&] { return opened(folder.path("captures/c.pcap"), O_RDONLY); }), "yes");
  EXPECT_EQ(confined([&] { return opened("/usr/share", O_RDONLY | O_DIRECTORY); }), "yes");
  EXPECT_EQ(confined([&] { return opened("/proc/self/status", O_RDONLY); }), "yes");
  EXPECT_EQ(confined([&] { return opened(folder.path("elsewhere"), O_RDONLY); }), "Permission denied");
  EXPECT_EQ(confined([&] { return opened("/etc/passwd", O_RDONLY); }), "Permission denied");
  EXPECT_EQ(confined([&] { return opened("/root", O_RDONLY | O_DIRECTORY); }), "Permission denied");
}

TEST_F(Confined, ExecutesNothing) {
  EXPECT_EQ(confined([] { return result(::execl("/bin/true", "true", nullptr)); }), "Permission denied");
}

TEST_F(Confined, SpeaksNoTcp) {
  if (in_child([] { return std::to_string(confine({})->abi); }) < "4")
    GTEST_SKIP() << "not with this kernel's Landlock";
  EXPECT_EQ(confined([] {
              const Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
              sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
              return result(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
            }),
            "Permission denied");
}

TEST_F(Confined, SoAreItsThreads) {
  EXPECT_EQ(confined([&] {
              std::string answer;
              std::thread{[&] { answer = opened(folder.path("elsewhere"), O_RDONLY); }}.join();
              return answer;
            }),
            "Permission denied");
}

TEST_F(Confined, SaysSoWhenAskedTo) {
  const std::string capture = folder.file("web.pcap", to_pcap(Dialog(80).open().client("GET /").close().packets()));
  EXPECT_THAT(unspool({capture, "-v", "-o", folder.path("one")}).err, HasSubstr("by Landlock (ABI "));
  const std::string err = unspool({capture, "-v", "-o", folder.path("two"), "--set", "process.confine=false"}).err;
  EXPECT_EQ(err.find("Landlock"), std::string::npos) << err;
}

}  // namespace
}  // namespace unspool::test
