// SOCKS: each row is a session, and what is left of it.
#include "protocols/socks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/dice.h"
#include "support/protocol_run.h"

namespace unspool::test {
namespace {

using namespace std::literals;

// What both sides say. A request is for b.example:80 or 1.2.3.4:80, and is answered with 10.0.0.9:1025.
constexpr auto kGreeting = "\x05\x01\x00"sv, kBothMethods = "\x05\x02\x00\x02"sv;
constexpr auto kNoAuth = "\x05\x00"sv, kPasswords = "\x05\x02"sv, kNoMethod = "\x05\xff"sv;
constexpr auto kLogin = "\x01\x03joe\x06secret"sv, kLoggedIn = "\x01\x00"sv, kWrongLogin = "\x01\x01"sv;
constexpr auto kAddress = "\x01\x01\x02\x03\x04\0\x50"sv, kName =
                                                              "\x03\x09"
                                                              "b.example\0\x50"sv;
constexpr auto kBound = "\x01\x0a\0\0\x09\x04\x01"sv;
constexpr auto kConnect4 = "\x04\x01\0\x50\x01\x02\x03\x04joe\0"sv, kGranted4 = "\0\x5a\0\0\0\0\0\0"sv;
constexpr auto kConnect4a = "\x04\x01\0\x50\0\0\0\x01\0b.example\0"sv;

std::string request5(char command, std::string_view to) { return std::string{'\x05', command, '\0'}.append(to); }
std::string reply5(char code, std::string_view bound = kBound) { return std::string{'\x05', code, '\0'}.append(bound); }
Script opened() { return Script().client(kGreeting).server(kNoAuth); }

struct Row {
  std::string_view name;
  Script script;
  std::string_view told;
};

void expect_told(const std::vector<Row>& rows) {
  Socks socks;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(told(socks, row.script), row.told);
  }
}

TEST(Socks, Version5) {
  expect_told({
      {"a name", opened().client(request5(1, kName)).server(reply5(0)),
       "socks socks:{version:5,auth:none,command:connect,hostname:b.example,port:80,code:0,status:succeeded,"
       "bound:10.0.0.9,bound_port:1025}\n"
       "hand over 19 12\n"},
      {"an address, and what follows", opened().client(request5(1, kAddress)).server(reply5(0) + "220 hi"),
       "socks socks:{version:5,auth:none,command:connect,dest:1.2.3.4,port:80,code:0,status:succeeded,"
       "bound:10.0.0.9,bound_port:1025}\n"
       "hand over 13 12\n"},
      {"IPv6, bound to a name",
       opened()
           .client(request5(1, "\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xbb"sv))
           .server(reply5(0, kName)),
       "socks socks:{version:5,auth:none,command:connect,dest:2001:db8::1,port:443,code:0,status:succeeded,"
       "bound:b.example,bound_port:80}\n"
       "hand over 25 18\n"},
      {"a login, without its password",
       Script()
           .client(kBothMethods)
           .server(kPasswords)
           .client(kLogin)
           .server(kLoggedIn)
           .client(request5(1, kAddress))
           .server(reply5(0)),
       "socks socks:{version:5,auth:username_password,username:joe,authenticated:true,command:connect,dest:1.2.3.4,"
       "port:80,code:0,status:succeeded,bound:10.0.0.9,bound_port:1025}\n"
       "hand over 26 14\n"},
      {"a login with nothing in it",
       Script()
           .client(kBothMethods)
           .server(kPasswords)
           .client("\x01\0\0"sv)
           .server(kLoggedIn)
           .client(request5(1, kAddress))
           .server(reply5(0)),
       "socks socks:{version:5,auth:username_password,username:,authenticated:true,command:connect,dest:1.2.3.4,"
       "port:80,code:0,status:succeeded,bound:10.0.0.9,bound_port:1025}\n"
       "hand over 17 14\n"},
      {"somebody is waited for, and comes",
       opened().client(request5(2, kAddress)).server(reply5(0)).server(reply5(0, kAddress) + "hello"),
       "socks socks:{version:5,auth:none,command:bind,dest:1.2.3.4,port:80,code:0,status:succeeded,bound:1.2.3.4,"
       "bound_port:80}\n"
       "hand over 13 22\n"},
      {"datagrams go elsewhere", opened().client(request5(3, "\x01\0\0\0\0\0\0"sv)).server(reply5(0)).client("x"),
       "socks socks:{version:5,auth:none,command:udp_associate,dest:0.0.0.0,port:0,code:0,status:succeeded,"
       "bound:10.0.0.9,bound_port:1025}\n"},
      {"said ahead of every answer",
       Script().client(kGreeting).client(request5(1, kAddress) + "GET /").server(kNoAuth).server(reply5(0) + "200"),
       "socks socks:{version:5,auth:none,command:connect,dest:1.2.3.4,port:80,code:0,status:succeeded,"
       "bound:10.0.0.9,bound_port:1025}\n"
       "hand over 13 12\n"},
  });
}

TEST(Socks, Refused) {
  expect_told({
      {"by the server", opened().client(request5(1, kName)).server(reply5(5)).client("x"),
       "socks "
       "socks:{version:5,auth:none,command:connect,hostname:b.example,port:80,code:5,status:connection_refused}\n"},
      {"in two bytes", opened().client(request5(1, kName)).server("\x05\x02").server_fin(),
       "socks socks:{version:5,auth:none,command:connect,hostname:b.example,port:80,code:2,status:not_allowed}\n"},
      {"with a code of its own", opened().client(request5(1, kName)).server(reply5('\x63')),
       "socks socks:{version:5,auth:none,command:connect,hostname:b.example,port:80,code:99,status:unknown}\n"},
      {"every method", Script().client(kGreeting).server(kNoMethod).server_fin(),
       "socks socks:{version:5,auth:none_acceptable}\n"},
      {"the login", Script().client(kBothMethods).server(kPasswords).client(kLogin).server(kWrongLogin),
       "socks socks:{version:5,auth:username_password,username:joe,authenticated:false}\n"},
      {"the second answer of two", opened().client(request5(2, kAddress)).server(reply5(0)).server(reply5(6)),
       "socks socks:{version:5,auth:none,command:bind,dest:1.2.3.4,port:80,code:6,status:ttl_expired}\n"},
      {"in version 4", Script().client(kConnect4).server("\0\x5b\0\0\0\0\0\0"sv).client("x"),
       "socks socks:{version:4,username:joe,command:connect,dest:1.2.3.4,port:80,code:91,status:rejected}\n"},
      {"in version 4, since it does not know who asks", Script().client(kConnect4).server("\0\x5d\0\0\0\0\0\0"sv),
       "socks socks:{version:4,username:joe,command:connect,dest:1.2.3.4,port:80,code:93,status:identd_differs}\n"},
  });
}

TEST(Socks, Version4) {
  expect_told({
      {"an address", Script().client(kConnect4).server(kGranted4),
       "socks socks:{version:4,username:joe,command:connect,dest:1.2.3.4,port:80,code:90,status:granted,bound:0.0.0.0,"
       "bound_port:0}\n"
       "hand over 12 8\n"},
      {"a name", Script().client(kConnect4a).server(kGranted4).client("GET /"),
       "socks socks:{version:4,command:connect,hostname:b.example,port:80,code:90,status:granted,bound:0.0.0.0,"
       "bound_port:0}\n"
       "hand over 19 8\n"},
      {"somebody is waited for",
       Script().client("\x04\x02\0\x50\x01\x02\x03\x04\0"sv).server(kGranted4).server(kGranted4),
       "socks socks:{version:4,command:bind,dest:1.2.3.4,port:80,code:90,status:granted,bound:0.0.0.0,bound_port:0}\n"
       "hand over 9 16\n"},
      {"said ahead", Script().client(kConnect4).client("GET /").server(kGranted4),
       "socks socks:{version:4,username:joe,command:connect,dest:1.2.3.4,port:80,code:90,status:granted,bound:0.0.0.0,"
       "bound_port:0}\n"
       "hand over 12 8\n"},
  });
}

TEST(Socks, NotFollowedToItsEnd) {
  expect_told({
      {"nothing more is said", opened(), "socks socks:{version:5,auth:none},unspool:{stopped:end}\n"},
      {"no answer", opened().client(request5(1, kName)).client_fin().server_fin(),
       "socks socks:{version:5,auth:none,command:connect,hostname:b.example,port:80},unspool:{stopped:end}\n"},
      {"half an address", opened().client("\x05\x01\0\x03\x09"sv.substr(0, 5)).client("b.ex"),
       "socks socks:{version:5,auth:none,command:connect},unspool:{stopped:end}\n"},
      {"no one comes", opened().client(request5(2, kAddress)).server(reply5(0)),
       "socks socks:{version:5,auth:none,command:bind,dest:1.2.3.4,port:80,code:0,status:succeeded,bound:10.0.0.9,"
       "bound_port:1025},unspool:{stopped:end}\n"},
      {"a method that hides what follows", Script().client("\x05\x01\x01").server("\x05\x01").client("\x01\x01\x00"sv),
       "socks socks:{version:5,auth:gssapi}\n"},
      {"another version", opened().client("\x04\x01"),
       "socks socks:{version:5,auth:none},unspool:{stopped:malformed}\n"},
      {"an unknown type of address", opened().client("\x05\x01\0\x02xxxx"sv),
       "socks socks:{version:5,auth:none,command:connect},unspool:{stopped:malformed}\n"},
      {"a name of no length", opened().client("\x05\x01\0\x03\0\0\x50"sv),
       "socks socks:{version:5,auth:none,command:connect},unspool:{stopped:malformed}\n"},
      {"a command that is none", opened().client(request5('\x63', kAddress)).server(reply5(7)),
       "socks socks:{version:5,auth:none,command:99,dest:1.2.3.4,port:80,code:7,status:command_not_supported}\n"},
      {"an answer that is none", opened().client(request5(1, kAddress)).server("HTTP/1.1 200 OK\r\n"),
       "socks socks:{version:5,auth:none,command:connect,dest:1.2.3.4,port:80},unspool:{stopped:malformed}\n"},
      {"another login", Script().client(kBothMethods).server(kPasswords).client("\x02\x03joe"),
       "socks socks:{version:5,auth:username_password},unspool:{stopped:malformed}\n"},
      {"an answer of another version 4", Script().client(kConnect4).server("\x04\x5a"),
       "socks socks:{version:4,username:joe,command:connect,dest:1.2.3.4,port:80},unspool:{stopped:malformed}\n"},
      {"a name without end", Script().client(kConnect4a.substr(0, 9)).client(std::string(100'000, 'a')),
       "socks socks:{version:4,command:connect},unspool:{stopped:malformed}\n"},
      {"no SOCKS", Script().client("GET / HTTP/1.1"), "socks socks:{version:71},unspool:{stopped:malformed}\n"},
      {"bytes that are no text", opened().client("\x05\x01\0\x03\x02\xff\n\0\x50"sv),
       "socks socks:{version:5,auth:none,command:connect,hostname:\\\\xff\\n,port:80},unspool:{stopped:end}\n"},
  });
}

TEST(Socks, Gaps) {
  Socks socks;
  const Session session = session_at(1080);
  const Script whole = Script()
                           .client(kBothMethods)
                           .server(kPasswords)
                           .client(kLogin)
                           .server(kLoggedIn)
                           .client(request5(1, kAddress))
                           .server(reply5(0))
                           .client("GET /");
  const std::string_view login = "socks socks:{version:5,auth:username_password,username:joe,authenticated:true";
  const auto without = [&](std::size_t i) { return told_once(socks, whole.without(i), session); };
  EXPECT_EQ(without(0), "socks socks:{version:0},unspool:{stopped:gap}\n");
  EXPECT_EQ(without(1), "socks socks:{version:5},unspool:{stopped:gap}\n");
  EXPECT_EQ(without(2), "socks socks:{version:5,auth:username_password},unspool:{stopped:gap}\n");
  EXPECT_EQ(without(3), "socks socks:{version:5,auth:username_password,username:joe},unspool:{stopped:gap}\n");
  EXPECT_EQ(without(4), std::string{login} + "},unspool:{stopped:gap}\n");
  EXPECT_EQ(without(5), std::string{login} + ",command:connect,dest:1.2.3.4,port:80},unspool:{stopped:gap}\n");
  EXPECT_EQ(without(6), told_once(socks, whole, session)) << "what follows is no concern of it";
  EXPECT_EQ(told_once(socks, Script().client("\x05\x03\x00"sv).client_gap(2).server(kNoAuth), session),
            "socks socks:{version:5,auth:none},unspool:{stopped:end}\n")
      << "which methods were offered does not matter";
  EXPECT_EQ(told_once(socks, Script().client(kConnect4.substr(0, 9)).client_gap(2).server(kGranted4), session),
            "socks socks:{version:4,command:connect,dest:1.2.3.4,port:80},unspool:{stopped:gap}\n");
}

TEST(Socks, EventIsOfTheTimeOfTheRequest) {
  Socks socks;
  EXPECT_THAT(told_once(socks, opened().client(request5(1, kName)).server(reply5(5)), session_at(1080), true),
              testing::StartsWith("+2 socks "));
  EXPECT_THAT(told_once(socks, Script().client(kConnect4).server(kGranted4), session_at(1080), true),
              testing::StartsWith("+0 socks "));
}

TEST(SocksClaim, ByWhatBothSidesSay) {
  struct Opened {
    std::string client, server;
    std::string_view claim;
  };
  const auto s = [](std::string_view text) { return std::string{text}; };
  std::string many = "\x05\xfe";
  for (int method = 0; method < 0xfe; ++method) many += static_cast<char>(method);
  const std::vector<Opened> rows{
      {"", "", "unsure"},
      {"", "\x05", "no"},
      {"\x05", "", "unsure"},
      {"\x05\x02", "", "unsure"},
      {s(kGreeting), "", "unsure"},
      {s(kGreeting), "\x05", "unsure"},
      {s(kGreeting), s(kNoAuth), "yes"},
      {s(kGreeting), s(kNoMethod), "yes"},
      {s(kGreeting), "\x05\xff\x01", "no"},
      {s(kGreeting), s(kPasswords), "no"},
      {s(kGreeting), "\x04", "no"},
      {s(kGreeting), "\x06\x00"s, "no"},
      {many, s(kNoAuth), "yes"},
      {many.substr(0, 100), "", "unsure"},
      {many.substr(0, 100), s(kNoAuth), "no"},
      {"\x05\x00"s, "", "no"},
      {"\x05\x00\x0b\x03"s, "", "no"},
      {"\x05\x64\x09\x44\x44"s, "", "no"},
      {"\x05\x01\xff"s, "", "no"},
      {s(kGreeting) + "hello", "", "no"},
      {s(kGreeting) + "\x05", "", "unsure"},
      {s(kGreeting) + request5(1, kName) + "GET /", "", "unsure"},
      {s(kGreeting) + request5(1, kName) + "GET /", s(kNoAuth), "yes"},
      {s(kGreeting) + request5(4, kName), s(kNoAuth), "no"},
      {s(kGreeting) + request5(1, "\x02"), s(kNoAuth), "no"},
      {s(kBothMethods) + s(kLogin), s(kPasswords), "yes"},
      {s(kBothMethods) + s(kLogin), s(kNoAuth), "no"},
      {"\x04", "", "unsure"},
      {"\x04\x03", "", "no"},
      {s(kConnect4), "", "unsure"},
      {s(kConnect4), "\0"s, "unsure"},
      {s(kConnect4), s(kGranted4), "yes"},
      {s(kConnect4) + "GET /", s(kGranted4), "yes"},
      {s(kConnect4), "\0\x5d"s, "yes"},
      {s(kConnect4), "\0\x5e"s, "no"},
      {s(kConnect4), "\x04\x5a", "no"},
      {s(kConnect4.substr(0, 10)), "", "unsure"},
      {s(kConnect4.substr(0, 10)), s(kGranted4), "no"},
      {s(kConnect4a), s(kGranted4), "yes"},
      {s(kConnect4a.substr(0, 12)), s(kGranted4), "no"},
      {"\x04\x01\0\x50\0\0\0\x01\0\0"s, "", "no"},
      {"\x04\x01\0\x50\0\x01\0\x01\0"s, "", "no"},
      {"\x04\x01\0\x50\0\0\0\0\0"s, "", "no"},
      {"\x04\x01\0\0\x01\x02\x03\x04\0"s, "", "no"},
      {"\x04\x02\0\0\x01\x02\x03\x04\0"s, "", "unsure"},
      {"\x04\x01\0\x50\x01\x02\x03\x04\x02\0"s, "", "no"},
      {"\x04\x01\0\x50\x01\x02\x03\x04"s + std::string(256, 'a'), "", "no"},
      {"GET / HTTP/1.1\r\n", "", "no"},
      {"\x16\x03\x01", "", "no"},
  };
  const auto word = [](Claim claim) { return claim == Claim::yes ? "yes" : claim == Claim::no ? "no" : "unsure"; };
  for (const Opened& row : rows) {
    const Opening opening{.first = {as_bytes(row.client), as_bytes(row.server)}};
    for (const bool midstream : {false, true}) {
      EXPECT_EQ(word(Socks{}.claim(session_at(1080, midstream), opening)), row.claim)
          << testing::PrintToString(row.client) << " | " << testing::PrintToString(row.server);
    }
  }
}

TEST(SocksClaim, OnlyTcp) {
  Session session = session_at(1080);
  session.key = {17, session.key.low(), session.key.high(), {}};
  EXPECT_EQ(Socks{}.claim(session, {.first = {as_bytes(kGreeting), Bytes{}}}), Claim::no);
}

// ---- spoiled by dice

std::string spoiled(std::string text, Dice& dice) {
  for (std::uint64_t times = dice.between(0, 2); times > 0 && !text.empty(); --times) {
    const std::size_t at = dice.between(0, text.size() - 1);
    switch (dice.between(0, 3)) {
      case 0: text[at] = static_cast<char>(dice.between(0, 255)); break;
      case 1: text.erase(at, 1); break;
      case 2: text.insert(at, 1, static_cast<char>(dice.between(0, 5))); break;
      case 3: text.resize(at); break;
    }
  }
  return text;
}

Script random_script(Dice& dice) {
  const std::vector<std::vector<std::string>> dialogs{
      {std::string{kGreeting}, std::string{kNoAuth}, request5(1, kName), reply5(0), "GET /", "200"},
      {std::string{kBothMethods}, std::string{kPasswords}, std::string{kLogin}, std::string{kLoggedIn},
       request5(2, kAddress), reply5(0), "", reply5(0)},
      {std::string{kConnect4}, std::string{kGranted4}, "x"},
      {std::string{kConnect4a}, std::string{kGranted4}},
      {std::string{kGreeting} + request5(1, kName) + "GET /", std::string{kNoAuth} + reply5(0) + "200"},
  };
  Script script;
  bool client = true;
  for (const std::string& said : dialogs[dice.between(0, dialogs.size() - 1)]) {
    const std::string text = dice.between(0, 2) == 0 ? spoiled(said, dice) : said;
    if (!text.empty()) client ? script.client(text) : script.server(text);
    if (dice.between(0, 15) == 0) client ? script.client_gap(3) : script.server_gap(3);
    client = !client;
  }
  if (dice.between(0, 1) == 0) script.server_fin();
  if (dice.between(0, 1) == 0) script.client_fin();
  return script;
}

TEST(SocksRandom, CutAsItMayBe) {
  Socks socks;
  Dice dice{1};
  int handed_over = 0;
  for (int round = 0; round < 5000 && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(round);
    const std::string text = told(socks, random_script(dice));
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("failed")));
    EXPECT_EQ(text.find("socks "), text.rfind("socks socks:")) << "one event";
    handed_over += text.find("hand over") != text.npos ? 1 : 0;
  }
  EXPECT_GT(handed_over, 500);
}

TEST(SocksRandom, BytesOfNothingAreNotClaimed) {
  Dice dice{1};
  for (int round = 0; round < 200'000; ++round) {
    std::array<std::string, 2> said;
    for (std::string& side : said) {
      for (std::uint64_t n = dice.between(2, 20); n > 0; --n) side += static_cast<char>(dice.between(0, 255));
    }
    said[0][0] = static_cast<char>(dice.between(4, 5));
    EXPECT_NE(Socks{}.claim(session_at(1080), {.first = {as_bytes(said[0]), as_bytes(said[1])}}), Claim::yes);
  }
}

}  // namespace
}  // namespace unspool::test
