#include "live_net.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

namespace unspool::test {
namespace {

using namespace std::chrono_literals;

int own_namespace() { return ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC); }

}  // namespace

std::string Network::missing() {
  if (::geteuid() != 0) return "needs root, to make a network namespace";
  const int before = own_namespace();
  std::string why;
  if (before < 0 || ::unshare(CLONE_NEWNET) != 0) {
    why = "a network namespace cannot be made here";
  } else {
    if (std::system("ip link add ua type veth peer name ub 2>/dev/null") != 0) why = "ip(8) can make no veth pair here";
    ::setns(before, CLONE_NEWNET);
  }
  ::close(before);
  return why;
}

Network::Network() : before_{own_namespace()} {
  EXPECT_EQ(::unshare(CLONE_NEWNET), 0);
  std::ofstream("/proc/sys/net/ipv6/conf/default/disable_ipv6") << 1;  // interfaces say nothing by themselves
}

Network::~Network() {
  EXPECT_EQ(::setns(before_, CLONE_NEWNET), 0);
  ::close(before_);
}

void Network::ip(const std::string& words) const {
  EXPECT_EQ(std::system(("ip " + words).c_str()), 0) << "ip " << words;
}

void Network::cable(const std::string& one, const std::string& other) const {
  ip(fmt::format("link add {} type veth peer name {}", one, other));
  ip(fmt::format("link set {} up", one));
  ip(fmt::format("link set {} up", other));
}

void Network::send(const std::string& interface, const std::vector<std::string>& frames,
                   std::chrono::microseconds apart) const {
  const int fd = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
  for (const std::string& frame : frames) {
    EXPECT_EQ(::sendto(fd, frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to),
              static_cast<ssize_t>(frame.size()))
        << std::strerror(errno);
    if (apart > 0us) std::this_thread::sleep_for(apart);
  }
  ::close(fd);
}

void Network::send(const std::string& interface, const Stamped& packets, std::chrono::microseconds apart) const {
  std::vector<std::string> frames;
  for (const auto& [time, frame] : packets) frames.push_back(frame.bytes());
  send(interface, frames, apart);
}

Listening::Listening(const std::vector<std::string>& words, User user, const std::string& in_directory) {
  const std::string notify = scratch_.path("notify");
  std::filesystem::permissions(scratch_.path(), std::filesystem::perms{0711});  // as /run is to whoever it becomes
  const int told = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un place{};
  place.sun_family = AF_UNIX;
  std::strncpy(place.sun_path, notify.c_str(), sizeof place.sun_path - 1);
  EXPECT_EQ(::bind(told, reinterpret_cast<sockaddr*>(&place), sizeof place), 0);
  EXPECT_EQ(::chmod(notify.c_str(), 0777), 0);
  child_ = ::fork();
  if (child_ == 0) {
    ::setenv("NOTIFY_SOCKET", notify.c_str(), 1);
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    ::dup2(::open(scratch_.path("out").c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
    ::dup2(::open(scratch_.path("err").c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
    if (user.id != 0 && ::setresuid(user.id, user.id, user.id) != 0) ::_exit(126);
    if (!in_directory.empty() && ::chdir(in_directory.c_str()) != 0) ::_exit(126);
    std::vector<char*> arguments{const_cast<char*>("unspool")};
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execv(UNSPOOL_BINARY, arguments.data());
    ::_exit(127);
  }
  comes_true([&] {
    pollfd ready{.fd = told, .events = POLLIN, .revents = 0};
    ready_ = ::poll(&ready, 1, 0) == 1;
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(child_), &ended, WEXITED | WNOHANG | WNOWAIT);
    return ready_ || ended.si_pid == child_;
  });
  ::close(told);
}

Listening::~Listening() {
  if (child_ < 0) return;
  signal(SIGKILL);
  wait();
}

void Listening::signal(int number) const { EXPECT_EQ(::kill(child_, number), 0); }

Outcome Listening::stop() {
  signal(SIGTERM);
  return wait();
}

Outcome Listening::wait() {
  int status = 0;
  EXPECT_EQ(::waitpid(child_, &status, 0), child_);
  child_ = -1;
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = content(scratch_.path("out")),
          .err = err()};
}

Listening::Spent Listening::spent() const {
  Spent sum;
  for (const auto& thread : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", child_))) {
    const std::string of = thread.path().string();
    for (const std::string& line : lines_with(of + "/status", "voluntary_ctxt_switches")) {
      sum.switches += std::atol(line.substr(line.find(':') + 1).c_str());
    }
    sum.cpu += std::chrono::nanoseconds(std::atoll(content(of + "/schedstat").c_str()));
  }
  return sum;
}

bool comes_true(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

}  // namespace unspool::test
