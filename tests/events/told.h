// Sessions to tell of, and what a log's file says in the end.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "events/event_log.h"
#include "settings/settings.h"

namespace unspool::test {

constexpr std::uint8_t kTcp = 6, kUdp = 17;

Endpoint endpoint(const char* address, std::uint16_t port);

/// 2006-11-02T18:15:00.123456789Z, and `ms` later.
Timestamp at(std::int64_t ms);

/// Begins at(0), has its last packet at(3200).
Session session_between(const Endpoint& client, const Endpoint& server, std::uint8_t protocol = kTcp,
                        VlanStack vlans = {});
/// 10.0.0.5:49152 asks 10.0.0.9:80.
Session web_session();

/// A new file for events, open for reading and writing, as the application opens it.
Fd open_file(const std::string& path);
/// A log's place there; with a descriptor of its directory it can be rotated.
EventPlace place_of(const std::string& path, int directory = -1);
std::unique_ptr<EventLog> open_log(const std::string& path, const EventSettings& settings = {},
                                   SourceName source = {"web.pcap"});
std::string file_text(const std::string& path);

/// All that stands in the file when one sink has said it. Every line is JSON.
std::string told(const std::function<void(EventSink&)>& say, const EventSettings& settings = {},
                 SourceName source = {"web.pcap"});

/// Adds a failure for every line that is no JSON, and for a last line without its end.
void expect_json_lines(std::string_view text);

}  // namespace unspool::test
