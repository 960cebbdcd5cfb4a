#include "told.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iterator>

#include "json_check.h"
#include "support/capture_file.h"

namespace unspool::test {

Endpoint endpoint(const char* address, std::uint16_t port) {
  std::array<std::byte, 16> octets;
  if (::inet_pton(AF_INET, address, octets.data()) == 1) return {IpAddress::v4(std::span(octets).first(4)), port};
  EXPECT_EQ(::inet_pton(AF_INET6, address, octets.data()), 1) << address;
  return {IpAddress::v6(octets), port};
}

Timestamp at(std::int64_t ms) { return timestamp_from_ns(1'162'491'300'123'456'789) + std::chrono::milliseconds{ms}; }

Session session_between(const Endpoint& client, const Endpoint& server, std::uint8_t protocol, VlanStack vlans) {
  return {.key = SessionKey{protocol, client, server, vlans},
          .start = at(0),
          .last = at(3200),
          .client_is_low = client < server,
          .roles = Roles::syn};
}

Session web_session() { return session_between(endpoint("10.0.0.5", 49152), endpoint("10.0.0.9", 80)); }

Fd open_file(const std::string& path) { return Fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)}; }

EventPlace place_of(const std::string& path, int directory) {
  return {.open = [path]() -> Result<Fd> { return open_file(path); }, .directory = directory, .path = path};
}

std::unique_ptr<EventLog> open_log(const std::string& path, const EventSettings& settings, SourceName source) {
  auto log = EventLog::open(place_of(path), settings, {std::move(source)});
  if (log) return std::move(*log);
  ADD_FAILURE() << log.error().what;
  return nullptr;
}

std::string file_text(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string told(const std::function<void(EventSink&)>& say, const EventSettings& settings, SourceName source) {
  const ScratchFolder folder;
  const std::string path = folder.path("events.json");
  const auto log = open_log(path, settings, std::move(source));
  say(*log->sink());
  std::string text = file_text(path);
  expect_json_lines(text);
  return text;
}

void expect_json_lines(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    ASSERT_NE(end, text.npos) << "a cut last line: " << text;
    EXPECT_TRUE(is_json(text.substr(0, end))) << text.substr(0, end);
    text.remove_prefix(end + 1);
  }
}

}  // namespace unspool::test
