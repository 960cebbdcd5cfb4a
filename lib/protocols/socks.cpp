#include "protocols/socks.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "base/json.h"
#include "plugin/conversation.h"
#include "wire/address.h"

namespace unspool {
namespace {

constexpr std::uint8_t kVersion4 = 4, kVersion5 = 5;
constexpr std::uint8_t kConnect = 1, kBind = 2, kUdpAssociate = 3;
constexpr std::uint8_t kNoAuthentication = 0, kUsernamePassword = 2, kNoneAcceptable = 0xff;
constexpr std::uint8_t kAddress4 = 1, kDomain = 3, kAddress6 = 4;
constexpr std::uint8_t kSucceeded5 = 0, kGranted4 = 90, kLastCode4 = 93;
constexpr std::string_view kNul{"\0", 1};
constexpr std::size_t kLongestText = 255;  // of names in version 4, as it is in version 5

/// Of version 4 when there is a host name behind the request: 0.0.0.x, x not 0.
constexpr std::uint32_t kNameFollows = 0x100;

std::uint8_t byte(Bytes bytes, std::size_t at) { return std::to_integer<std::uint8_t>(bytes[at]); }

// ---- whose it is

/// Whether these begin a request of version 5, as far as they go.
bool may_be_request5(Bytes b) {
  const bool starts = (b.empty() || byte(b, 0) == kVersion5) && (b.size() < 3 || byte(b, 2) == 0);
  const bool asks = b.size() < 2 || (byte(b, 1) >= kConnect && byte(b, 1) <= kUdpAssociate);
  const std::uint8_t type = b.size() < 4 ? kAddress4 : byte(b, 3);
  return starts && asks && (type == kAddress4 || type == kDomain || type == kAddress6);
}

/// What may stand behind a greeting before the server has answered it.
bool may_follow_greeting(Bytes b, std::uint8_t method) {
  if (b.empty()) return true;
  if (method == kNoAuthentication) return may_be_request5(b);
  return method != kUsernamePassword || byte(b, 0) == 1;
}

/// Methods are offered once each, and none of them is the server's word for "none".
bool are_offers(Bytes methods) {
  for (std::size_t i = 0; i < methods.size(); ++i) {
    if (byte(methods, i) == kNoneAcceptable) return false;
    if (std::find(methods.begin(), methods.begin() + static_cast<std::ptrdiff_t>(i), methods[i]) !=
        methods.begin() + static_cast<std::ptrdiff_t>(i))
      return false;
  }
  return true;
}

Claim claim5(Bytes client, Bytes server) {
  if (client.size() < 2) return server.empty() ? Claim::unsure : Claim::no;
  const std::size_t offered = byte(client, 1);
  const Bytes methods = client.subspan(2, std::min(offered, client.size() - 2));
  if (offered == 0 || !are_offers(methods)) return Claim::no;
  if (methods.size() < offered) return server.empty() ? Claim::unsure : Claim::no;
  const Bytes ahead = client.subspan(2 + offered);
  if (server.size() < 2) {
    const bool may_be = may_follow_greeting(ahead, kNoAuthentication) || may_follow_greeting(ahead, kUsernamePassword);
    return may_be && (server.empty() || byte(server, 0) == kVersion5) ? Claim::unsure : Claim::no;
  }
  if (byte(server, 0) != kVersion5) return Claim::no;
  if (byte(server, 1) == kNoneAcceptable) return server.size() == 2 ? Claim::yes : Claim::no;
  const bool is_offered = std::find(methods.begin(), methods.end(), server[1]) != methods.end();
  return is_offered && may_follow_greeting(ahead, byte(server, 1)) ? Claim::yes : Claim::no;
}

/// The length of a text with its NUL, at the front of these; 0 when its end is not there; none when it is no text.
std::optional<std::size_t> text_length(Bytes bytes) {
  for (std::size_t i = 0; i < std::min(bytes.size(), kLongestText + 1); ++i) {
    if (byte(bytes, i) == 0) return i + 1;
    if (byte(bytes, i) < 0x20 || byte(bytes, i) == 0x7f) return std::nullopt;
  }
  return bytes.size() > kLongestText ? std::nullopt : std::optional<std::size_t>{0};
}

/// Whether these begin with a request of version 4: unsure when it is not all there.
Claim claim_request4(Bytes client) {
  constexpr std::size_t kFixed = 8;
  if (client.size() > 1 && byte(client, 1) != kConnect && byte(client, 1) != kBind) return Claim::no;
  if (client.size() < kFixed) return Claim::unsure;
  Cursor in{client.subspan(2)};
  const auto port = in.get<std::uint16_t>();
  const auto address = in.get<std::uint32_t>();
  const bool has_name = address > 0 && address < kNameFollows;
  const bool is_host = address >= 1U << 24U;  // 0.0.0.0/8 is no destination (RFC 1122, 3.2.1.3)
  if ((port == 0 && byte(client, 1) == kConnect) || !(has_name || is_host)) return Claim::no;
  const auto user = text_length(in.rest());
  if (!user) return Claim::no;
  if (*user == 0) return Claim::unsure;
  if (!has_name) return Claim::yes;
  const auto name = text_length(in.rest().subspan(*user));
  if (!name || *name == 1) return Claim::no;
  return *name == 0 ? Claim::unsure : Claim::yes;
}

Claim claim4(Bytes client, Bytes server) {
  const Claim request = claim_request4(client);
  if (server.empty()) return request == Claim::no ? Claim::no : Claim::unsure;
  if (request != Claim::yes || byte(server, 0) != 0) return Claim::no;
  if (server.size() < 2) return Claim::unsure;
  return byte(server, 1) >= kGranted4 && byte(server, 1) <= kLastCode4 ? Claim::yes : Claim::no;
}

// ---- what is said

struct SocksAddress {
  std::string host;
  bool is_name = false;
  std::uint16_t port = 0;
};

/// What is known of what a client asked, and was answered.
struct SocksRequest {
  Timestamp began;
  std::uint8_t version = 0, command = 0;  // command 0: none so far
  std::optional<std::uint8_t> method;     // of authentication
  std::optional<std::string> username;
  std::optional<bool> authenticated;
  SocksAddress target;
  std::optional<std::uint8_t> code;  // of the reply
  std::optional<SocksAddress> bound;
  std::string_view stopped;  // why it was not followed to its end

  bool refused() const { return code && *code != (version == kVersion5 ? kSucceeded5 : kGranted4); }
};

/// What is said is not as it should be.
struct Malformed {};

std::string to_text(Bytes address) {
  return to_string(address.size() == 4 ? IpAddress::v4(address) : IpAddress::v6(address));
}

Reading<> expect_byte(Reader from, std::uint8_t expected) {
  const std::uint8_t byte = co_await from.u8();
  if (byte != expected) throw Malformed{};
}

/// RFC 1928, 4 to 6: type, address and port
Reading<SocksAddress> read_address5(Reader from) {
  SocksAddress address;
  const std::uint8_t type = co_await from.u8();
  switch (type) {
    case kAddress4:
    case kAddress6: {
      const Bytes number = co_await from.read(type == kAddress4 ? 4 : 16);
      address.host = to_text(number);
      break;
    }
    case kDomain: {
      const std::uint8_t length = co_await from.u8();
      address.is_name = true;
      if (length == 0) throw Malformed{};
      const Bytes name = co_await from.read(length);
      address.host = as_text(name);
      break;
    }
    default: throw Malformed{};
  }
  address.port = co_await from.u16be();
  co_return address;
}

Reading<> read_reply5(Followed& session, SocksRequest& request) {
  co_await expect_byte(session.server(), kVersion5);
  request.code = co_await session.server().u8();
  co_await session.server().skip(1);
  SocksAddress bound = co_await read_address5(session.server());
  request.bound = std::move(bound);
}

/// RFC 1929. Some servers answer with the version of SOCKS instead of their own.
Reading<> authenticate(Followed& session, SocksRequest& request) {
  co_await expect_byte(session.client(), 1);
  const std::uint8_t length = co_await session.client().u8();
  request.username.emplace();
  if (length > 0) {
    const Bytes username = co_await session.client().read(length);
    request.username = as_text(username);
  }
  const std::uint8_t password = co_await session.client().u8();
  co_await session.client().skip(password);
  co_await session.server().skip(1);
  request.authenticated = co_await session.server().u8() == 0;
}

/// Whether what follows is another protocol's.
Reading<bool> follow5(Followed& session, SocksRequest& request) {
  const std::uint8_t offered = co_await session.client().u8();
  co_await session.client().skip(offered);
  co_await expect_byte(session.server(), kVersion5);
  request.method = co_await session.server().u8();
  if (*request.method == kUsernamePassword) co_await authenticate(session, request);
  const bool is_open = *request.method == kNoAuthentication || request.authenticated.value_or(false);
  if (!is_open) co_return false;  // refused; or of a method that may hide all that follows

  co_await expect_byte(session.client(), kVersion5);
  request.began = session.seen();
  request.command = co_await session.client().u8();
  co_await session.client().skip(1);
  SocksAddress target = co_await read_address5(session.client());
  request.target = std::move(target);
  co_await read_reply5(session, request);
  if (request.command == kBind && !request.refused()) co_await read_reply5(session, request);  // who came
  co_return !request.refused() && (request.command == kConnect || request.command == kBind);
}

Reading<> read_reply4(Followed& session, SocksRequest& request) {
  co_await expect_byte(session.server(), 0);
  request.code = co_await session.server().u8();
  const std::uint16_t port = co_await session.server().u16be();
  const Bytes address = co_await session.server().read(4);
  request.bound = SocksAddress{.host = to_text(address), .port = port};
}

Reading<bool> follow4(Followed& session, SocksRequest& request) {
  request.command = co_await session.client().u8();
  request.target.port = co_await session.client().u16be();
  const Bytes address = co_await session.client().read(4);
  const auto number = Cursor{address}.get<std::uint32_t>();
  request.target.host = to_text(address);
  const Bytes user = co_await session.client().until(kNul, kLongestText + 1);
  if (!user.empty()) request.username = as_text(user);
  if (number > 0 && number < kNameFollows) {
    request.target.is_name = true;
    request.target.host.clear();
    const Bytes host = co_await session.client().until(kNul, kLongestText + 1);
    request.target.host = as_text(host);
  }
  co_await read_reply4(session, request);
  if (request.command == kBind && !request.refused()) co_await read_reply4(session, request);
  co_return !request.refused();
}

// ---- what is told

std::string command_text(std::uint8_t command) {
  switch (command) {
    case kConnect: return "connect";
    case kBind: return "bind";
    case kUdpAssociate: return "udp_associate";
    default: return std::to_string(command);
  }
}

std::string method_text(std::uint8_t method) {
  switch (method) {
    case kNoAuthentication: return "none";
    case 1: return "gssapi";
    case kUsernamePassword: return "username_password";
    case kNoneAcceptable: return "none_acceptable";
    default: return std::to_string(method);
  }
}

std::string_view status_text(std::uint8_t version, std::uint8_t code) {
  constexpr std::array<std::string_view, 9> kOf5{
      "succeeded",          "general_failure", "not_allowed",           "network_unreachable",       "host_unreachable",
      "connection_refused", "ttl_expired",     "command_not_supported", "address_type_not_supported"};
  constexpr std::array<std::string_view, 4> kOf4{"granted", "rejected", "no_identd", "identd_differs"};
  if (version == kVersion5) return code < kOf5.size() ? kOf5[code] : "unknown";
  return code >= kGranted4 && code <= kLastCode4 ? kOf4[code - kGranted4] : "unknown";
}

std::string members(const SocksRequest& request) {
  std::string text;
  JsonWriter json{text};
  json.key("socks").begin_object().member("version", request.version);
  if (request.method) json.member("auth", method_text(*request.method));
  if (request.username) json.member("username", *request.username);
  if (request.authenticated) json.member("authenticated", *request.authenticated);
  if (request.command != 0) json.member("command", command_text(request.command));
  if (!request.target.host.empty()) {
    json.member(request.target.is_name ? "hostname" : "dest", request.target.host).member("port", request.target.port);
  }
  if (request.code) json.member("code", *request.code).member("status", status_text(request.version, *request.code));
  if (request.bound && !request.refused()) {
    json.member("bound", request.bound->host).member("bound_port", request.bound->port);
  }
  json.end_object();
  if (request.stopped.empty()) return text;
  json.key("unspool").begin_object().member("stopped", request.stopped).end_object();
  return text;
}

Conversation talk(Followed& session) {
  SocksRequest request;
  bool handed_over = false;
  try {
    request.version = co_await session.client().u8();
    request.began = session.seen();
    // A client need not wait for answers; nor is the order always known in which the sides spoke.
    session.keep(Side::client);
    session.keep(Side::server);
    switch (request.version) {
      case kVersion4: handed_over = co_await follow4(session, request); break;
      case kVersion5: handed_over = co_await follow5(session, request); break;
      default: throw Malformed{};
    }
  } catch (const Gap&) {
    request.stopped = "gap";
  } catch (const EndOfStream&) {
    request.stopped = "end";
  } catch (const Malformed&) {
    request.stopped = "malformed";
  } catch (const std::length_error&) {
    request.stopped = "malformed";
  }
  if (request.refused()) request.stopped = {};  // a refusal need not go on
  session.emit("socks", request.began, members(request));
  if (handed_over) session.hand_over();
}

}  // namespace

Claim Socks::claim(const Session& session, const Opening& opening) const {
  const auto& [client, server] = opening.first;
  if (!session.is_tcp()) return Claim::no;
  if (client.empty()) return server.empty() ? Claim::unsure : Claim::no;  // the client speaks first
  switch (byte(client, 0)) {
    case kVersion4: return claim4(client, server);
    case kVersion5: return claim5(client, server);
    default: return Claim::no;
  }
}

std::unique_ptr<Parser> Socks::follow(const Session& session, Outputs& outputs) {
  if (!session.is_tcp()) return nullptr;
  return converse(session, outputs, name(), talk);
}

}  // namespace unspool
