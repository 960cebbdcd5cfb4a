// What systemd hears: that the daemon is ready, alive, stuck, stopping.
#include "daemon/heartbeat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "base/file.h"
#include "frozen.h"
#include "running.h"
#include "support/dialog.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// ---- who is stuck

TEST(PulseWatch, IsPatientWithWhoeverMovesOrHasNothingToDo) {
  PulseWatch watch{10s};
  const PulseWatch::Clock::time_point start{};
  const std::vector<Pulse> idle{{.given = 5, .done = 5}, {}};
  EXPECT_EQ(watch.stuck(idle, start), std::nullopt);
  EXPECT_EQ(watch.stuck(idle, start + 1h), std::nullopt) << "without work for an hour";
  const std::vector<Pulse> busy{{.given = 6, .done = 5}, {}};
  EXPECT_EQ(watch.stuck(busy, start + 1h + 1s), std::nullopt) << "work has just come";
  EXPECT_EQ(watch.stuck(busy, start + 1h + 10s), std::nullopt);
  EXPECT_EQ(watch.stuck(busy, start + 1h + 11s), 0U) << "counted from when it was last seen without work";
  const std::vector<Pulse> slow{{.given = 900, .done = 6}, {}};
  EXPECT_EQ(watch.stuck(slow, start + 1h + 12s), std::nullopt) << "it moved";
  EXPECT_EQ(watch.stuck(slow, start + 1h + 23s), 0U);
  EXPECT_EQ(watch.stuck(idle, start + 1h + 24s), std::nullopt);
}

TEST(PulseWatch, NamesTheOneThatIsStuck) {
  PulseWatch watch{1s};
  const PulseWatch::Clock::time_point start{};
  std::vector<Pulse> pulses{{.given = 1}, {.given = 1}, {.given = 1}};
  EXPECT_EQ(watch.stuck(pulses, start), std::nullopt);
  pulses[0].done = 1;
  EXPECT_EQ(watch.stuck(pulses, start + 2s), 1U);
}

// ---- against a socket that stands for systemd's

class Systemd {
 public:
  explicit Systemd(std::chrono::microseconds watchdog = 0us) : watchdog_{watchdog} {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0)
        << std::strerror(errno);
  }
  Running::Environment environment() const {
    Running::Environment all{{"NOTIFY_SOCKET", path_}};
    if (watchdog_ > 0us) all.emplace_back("WATCHDOG_USEC", std::to_string(watchdog_.count()));
    return all;
  }
  /// All messages that came and were not passed over yet.
  std::vector<std::string> heard() {
    receive();
    return std::exchange(came_, {});
  }
  /// Waits for a message that begins so, and passes over those before it.
  bool hears(const std::string& beginning, std::chrono::milliseconds limit = 10s) {
    return soon(
        [&] {
          receive();
          const auto found = std::find_if(came_.begin(), came_.end(),
                                          [&](const std::string& message) { return message.starts_with(beginning); });
          const bool there = found != came_.end();
          came_.erase(came_.begin(), there ? found + 1 : found);
          return there;
        },
        limit);
  }

  /// Lets messages wait until no more fit.
  void become_deaf() const {
    sockaddr_un to{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(to.sun_path, path_.c_str(), sizeof to.sun_path - 1);
    const Fd sender{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    while (::sendto(sender.get(), "X=1", 3, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 3) {
    }
    EXPECT_EQ(errno, EAGAIN) << std::strerror(errno);
  }

 private:
  void receive() {
    char text[4096];
    for (ssize_t n = 0; (n = ::recv(socket_.get(), text, sizeof text, MSG_DONTWAIT)) >= 0;) {
      came_.emplace_back(text, static_cast<std::size_t>(n));
    }
  }

  ScratchFolder folder_;
  const std::string path_ = folder_.path("notify");
  const Fd socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::chrono::microseconds watchdog_;
  std::vector<std::string> came_;
};

std::string arp_at(Duration after) { return to_pcap({{kTestTime + after, eth() / arp("10.0.0.1", "10.0.0.2")}}); }

class Service : public testing::Test {
 protected:
  ScratchFolder folder;
  std::vector<std::string> words{"-r", "-", "-o", folder.path("out"), "-j", "2", "-q"};
};

TEST_F(Service, IsReadyThenStops) {
  Systemd systemd;
  Running program{words, systemd.environment()};
  program.feed(arp_at(0s));
  EXPECT_TRUE(systemd.hears("READY=1"));
  EXPECT_TRUE(systemd.hears("STATUS="));
  EXPECT_FALSE(systemd.hears("WATCHDOG=1", 200ms)) << "nobody asked for it";
  program.signal(SIGTERM);
  EXPECT_TRUE(systemd.hears("STOPPING=1"));
  EXPECT_EQ(program.end().exit_code, 0);
}

TEST_F(Service, IsNotReadyWhenItCannotStart) {
  Systemd systemd;
  words.insert(words.end(), {"-r", "/nowhere.pcap"});
  Running program{words, systemd.environment()};
  EXPECT_EQ(program.end().exit_code, 4);
  EXPECT_THAT(systemd.heard(), testing::IsEmpty());
}

TEST_F(Service, IsAliveWhileItHasNothingToDo) {
  Systemd systemd{200ms};
  Running program{words, systemd.environment()};
  program.feed(arp_at(0s));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(systemd.hears("WATCHDOG=1", 1s)) << i;
}

// It stood still for good, capture and all, once ten messages waited.
TEST_F(Service, GoesOnWhileNobodyListensToIt) {
  Systemd systemd{200ms};
  Running program{words, systemd.environment()};
  program.feed(arp_at(0s));
  ASSERT_TRUE(systemd.hears("READY=1"));
  systemd.become_deaf();
  std::this_thread::sleep_for(200ms);
  program.signal(SIGTERM);
  EXPECT_TRUE(soon([&] { return program.has_ended(); }, 5s));
  EXPECT_EQ(program.end().exit_code, 0);
}

TEST_F(Service, IsNotAliveWhileAShardWithWorkIsFrozen) {
  Systemd systemd{400ms};
  Running program{words, systemd.environment()};
  program.feed(arp_at(0s));
  ASSERT_TRUE(systemd.hears("READY=1"));
  ASSERT_TRUE(soon([&] { return thread_of(program.pid(), "shard 1") != 0; }));
  std::this_thread::sleep_for(300ms);  // so that it is not frozen over what it was given
  Frozen shard{program.pid(), "shard 1"};
  if (!shard.is_frozen()) GTEST_SKIP() << "ptrace is not allowed here";
  std::this_thread::sleep_for(600ms);
  systemd.heard();
  EXPECT_TRUE(systemd.hears("WATCHDOG=1", 1s)) << "without work it need not move";
  program.feed(arp_at(1s).substr(24));  // every shard gets the clock, if nothing else
  std::this_thread::sleep_for(700ms);
  systemd.heard();
  EXPECT_FALSE(systemd.hears("WATCHDOG=1", 400ms));
  EXPECT_THAT(program.err(), HasSubstr("shard 1 has work, and has done none of it for 0.4 s"));
  shard.let_go();
  EXPECT_TRUE(systemd.hears("WATCHDOG=1")) << "what goes on is alive again";
  EXPECT_EQ(program.end().exit_code, 0);
}

// ---- what is stuck ends all the same

class Stuck : public testing::Test {
 protected:
  void SetUp() override {
    program.feed(arp_at(0s));
    ASSERT_TRUE(soon([&] { return thread_of(program.pid(), "signals") != 0; })) << program.err();
    shard.emplace(program.pid(), "shard 1");
    if (!shard->is_frozen()) GTEST_SKIP() << "ptrace is not allowed here";
  }
  bool ends(std::chrono::milliseconds limit = 10s) {
    return soon(
        [&] {
          shard->see_off();
          return program.has_ended();
        },
        limit);
  }
  ScratchFolder folder;
  Running program{{"-r", "-", "-o", folder.path("out"), "-j", "2"}};
  std::optional<Frozen> shard;
};

TEST_F(Stuck, ASecondSignalEndsARunWhoseEndHangs) {
  program.feed(arp_at(1s).substr(24));
  program.signal(SIGINT);
  EXPECT_FALSE(ends(300ms)) << "the first waits for the shard";
  program.signal(SIGINT);
  ASSERT_TRUE(ends());
  const Outcome run = program.end();
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("ended at once by a second signal, before shard 1 had finished"));
  EXPECT_THAT(run.err, HasSubstr(folder.path("out") + "/partial"));
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
}

TEST_F(Stuck, AsItEndsOneWhoseReadingHangs) {
  std::thread feeder{[&] {
    std::string packets;
    for (int i = 1; i < 40'000; ++i) packets += arp_at(Duration{i}).substr(24);
    program.feed_what_it_takes(packets);
  }};
  std::this_thread::sleep_for(300ms);  // the loop waits for the shard by now
  program.signal(SIGTERM);
  EXPECT_FALSE(ends(300ms));
  program.signal(SIGTERM);
  EXPECT_TRUE(ends());
  feeder.join();
  EXPECT_EQ(program.end().exit_code, 1);
}

TEST_F(Stuck, WhatComesWhenTheEndIsUnderWayIsTheFirst) {
  program.feed(arp_at(1s).substr(24));
  program.close_input();
  std::this_thread::sleep_for(300ms);
  program.signal(SIGINT);
  EXPECT_TRUE(soon([&] { return program.err().find("a second signal cuts that off") != std::string::npos; }));
  EXPECT_FALSE(program.has_ended());
  program.signal(SIGINT);
  ASSERT_TRUE(ends());
  EXPECT_EQ(program.end().exit_code, 1);
}

}  // namespace
}  // namespace unspool::test
