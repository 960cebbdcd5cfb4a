#include "daemon/privileges.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <list>
#include <sstream>

#include "base/file.h"
#include "in_child.h"
#include "program.h"
#include "support/capture_file.h"
#include "support/dialog.h"

namespace unspool::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;  // with the group nogroup: Debian's base-passwd
const Identity kToNobody{.user = kNobody, .group = kNobody, .name = "nobody"};

/// A line of /proc/self/status, without what stands in front: "Uid" gives "65534 65534 65534 65534".
std::string status(const std::string& name) {
  std::ifstream file{"/proc/self/status"};
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name + ":")) continue;
    std::istringstream words{line.substr(name.size() + 1)};
    std::string all;
    for (std::string word; words >> word;) all += (all.empty() ? "" : " ") + word;
    return all;
  }
  return "none";
}

std::string capabilities() {
  return fmt::format("permitted {} effective {} ambient {}", status("CapPrm"), status("CapEff"), status("CapAmb"));
}

constexpr const char* kNone = "permitted 0000000000000000 effective 0000000000000000 ambient 0000000000000000";
constexpr const char* kNetRaw = "permitted 0000000000002000 effective 0000000000002000 ambient 0000000000000000";

std::string dropped(const std::optional<Identity>& identity, Keep keep) {
  const auto kept = drop_privileges(identity, keep);
  return kept ? *kept : kept.error().what;
}

class Privileges : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to have privileges that can be dropped";
  }
};

TEST_F(Privileges, OfRootGoWithItsName) {
  EXPECT_EQ(in_child([] {
              const std::string said = dropped(kToNobody, Keep::nothing);
              return fmt::format("{}{}; {}; groups {}; bounding {}; no new {}", said, status("Uid"), capabilities(),
                                 status("Groups"), status("CapBnd"), status("NoNewPrivs"));
            }),
            fmt::format("65534 65534 65534 65534; {}; groups 65534; bounding 0000000000000000; no new 1", kNone));
}

TEST_F(Privileges, DoNotComeBack) {
  EXPECT_EQ(in_child([] {
              dropped(kToNobody, Keep::net_raw);
              return fmt::format("{} {}", ::setuid(0), ::setresgid(0, 0, 0));
            }),
            "-1 -1");
}

TEST_F(Privileges, ToOpenInterfacesStayWhereTheyAreNeeded) {
  const auto then = [](const std::optional<Identity>& identity, Keep keep) {
    return in_child([&] {
      const std::string said = dropped(identity, keep);
      const Fd socket{::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL))};
      return fmt::format("{}{} {}", said, capabilities(), socket ? "can capture" : "cannot capture");
    });
  };
  EXPECT_EQ(then(kToNobody, Keep::net_raw), std::string{kNetRaw} + " can capture");
  EXPECT_EQ(then(kToNobody, Keep::nothing), std::string{kNone} + " cannot capture");
  EXPECT_EQ(then(std::nullopt, Keep::net_raw), std::string{kNetRaw} + " can capture");
}

TEST_F(Privileges, OfRootGoWithoutAnotherUserToo) {
  const ScratchFolder folder;
  const std::string secret = folder.file("secret", "x");
  ASSERT_EQ(::chown(secret.c_str(), kNobody, kNobody), 0);
  ASSERT_EQ(::chmod(secret.c_str(), 0600), 0);
  EXPECT_EQ(in_child([&] {
              const std::string said = dropped(std::nullopt, Keep::nothing);
              const Fd file{::open(secret.c_str(), O_RDONLY | O_CLOEXEC)};
              return fmt::format("{}{} {} {}", said, ::geteuid(), capabilities(), file ? "reads all" : "reads its own");
            }),
            fmt::format("0 {} reads its own", kNone));
}

TEST_F(Privileges, OfWhomHasNoneAreNone) {
  EXPECT_EQ(in_child([] {
              dropped(kToNobody, Keep::nothing);
              return "again: " + dropped(std::nullopt, Keep::nothing) + dropped(std::nullopt, Keep::net_raw);
            }),
            "again: ");
}

std::string who(const ProcessSettings& settings) {
  const auto identity = identity_of(settings);
  if (!identity) return identity.error().what;
  if (!*identity) return "as it is";
  return fmt::format("{} {} {}", (*identity)->name, (*identity)->user, (*identity)->group);
}

TEST_F(Privileges, AreOfWhomTheSettingsName) {
  EXPECT_EQ(who({}), "as it is");
  EXPECT_EQ(who({.user = "root"}), "as it is");
  EXPECT_EQ(who({.user = "nobody"}), "nobody 65534 65534");
  EXPECT_EQ(who({.user = "nobody", .group = "daemon"}), "nobody 65534 1");
  EXPECT_EQ(who({.group = "daemon"}), "group daemon 0 1");
  EXPECT_EQ(
      who({.user = "no-such-user"}),
      "process.user: there is no user no-such-user; make it (adduser --system --group no-such-user), or name another");
  EXPECT_EQ(
      who({.group = "no-such-group"}),
      "process.group: there is no group no-such-group; make it (addgroup --system no-such-group), or name another");
}

TEST_F(Privileges, OnlyRootCanBecomeAnother) {
  EXPECT_EQ(
      in_child([] {
        dropped(kToNobody, Keep::nothing);
        return who({.user = "nobody"}) + "\n" + who({.user = "daemon"});
      }),
      "as it is\nprocess.user: only root can become daemon; start unspool as root, or as daemon, or leave it out");
}

// ---- by the program

class PrivilegesOfAProgram : public Privileges {
 protected:
  Outcome as_nobody(const std::string& output) {
    // Fifty hosts, each linked to each: REFER must be granted.
    std::vector<Dialog> dialogs;
    for (std::uint16_t i = 1; i <= 50; ++i) {
      const std::string client = fmt::format("10.0.1.{}", i);
      dialogs.push_back(
          Dialog(80, 49152, clients.emplace_back(client).c_str()).open().client("GET /").server("200").close());
    }
    const std::string capture = folder.file("a.pcap", to_pcap(together(dialogs)));
    return unspool({"-r", capture, "-o", output, "-v", "--set", "protocols=[raw]", "--set", "process.user=nobody"});
  }
  void SetUp() override {
    Privileges::SetUp();
    if (!IsSkipped()) fs::permissions(folder.path(), fs::perms{0755});
  }
  ScratchFolder folder;
  std::list<std::string> clients;
};

TEST_F(PrivilegesOfAProgram, ItsOutputIsItsUsers) {
  const std::string out = folder.path("new/out");
  const Outcome run = as_nobody(out);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(tree(out).size(), 200U);
  for (const auto& entry : fs::recursive_directory_iterator(out)) {
    struct stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, kNobody) << entry.path();
    EXPECT_EQ(status.st_mode & 07U, 0U) << entry.path();
  }
}

TEST_F(PrivilegesOfAProgram, AnOutputOfSomebodyElseIsSaidWithWhatToDo) {
  const std::string out = folder.path("roots");
  fs::create_directory(out);
  fs::permissions(out, fs::perms{0755});
  const Outcome run = as_nobody(out);
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err,
              HasSubstr(fmt::format("{0}: cannot be used by nobody; give it to that user (chown -R nobody {0}), "
                                    "or choose another place with -o",
                                    out)));
  EXPECT_TRUE(fs::is_empty(out)) << "no partial start";
}

TEST_F(PrivilegesOfAProgram, AnUnknownUserIsAWrongConfiguration) {
  const std::string out = folder.path("out");
  const Outcome run =
      unspool({"-r", folder.file("a.pcap", PcapImage{}.bytes()), "-o", out, "--set", "process.user=no-such-user"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("there is no user no-such-user"));
  EXPECT_FALSE(fs::exists(out));
}

}  // namespace
}  // namespace unspool::test
