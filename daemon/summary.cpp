#include "daemon/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace unspool {
namespace {

constexpr std::size_t kPorts = 5;  // of what nobody recognised

/// "closed 5, reset 1": the counts below `prefix` that are not zero.
std::string listed(const Counts& counts, std::string_view prefix) {
  std::string text;
  for (const auto& [name, count] : counts) {
    if (!name.starts_with(prefix) || count == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name.substr(prefix.size()), grouped(count));
  }
  return text;
}

std::uint64_t sum(const Counts& counts, std::string_view prefix) {
  std::uint64_t total = 0;
  for (const auto& [name, count] : counts) total += name.starts_with(prefix) ? count : 0;
  return total;
}

std::string counted(std::uint64_t number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(number), number == 1 ? one : many);
}

/// The largest of what nobody recognised.
std::string unclaimed_line(const std::map<std::uint16_t, ShardCounters::Unclaimed>& unclaimed) {
  std::vector<std::pair<std::uint16_t, ShardCounters::Unclaimed>> ports{unclaimed.begin(), unclaimed.end()};
  std::stable_sort(ports.begin(), ports.end(),
                   [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  std::string text;
  for (std::size_t i = 0; i < std::min(kPorts, ports.size()); ++i) {
    const auto& [port, ones] = ports[i];
    text += fmt::format("{}port {}: {}, {} bytes", text.empty() ? "" : "; ", port,
                        counted(ones.sessions, "session", "sessions"), grouped(ones.bytes));
  }
  if (ports.size() > kPorts) text += fmt::format("; and {} more ports", grouped(ports.size() - kPorts));
  return text;
}

/// The one reason why there is nothing to see, if there is one.
std::string nothing_found(const Counts& counts) {
  const auto count = [&](std::string_view name) { return count_of(counts, name); };
  const std::uint64_t packets = count("capture.packets"), sessions = count("sessions.tcp");
  if (packets == 0) return "No packets: the captures are empty, or the filter expression matched nothing.\n";
  if (count("decoded.unknown_link") == packets) return "No packet has a link type that is understood.\n";
  if (sessions == 0) return "No TCP in these packets: nothing to put back in order.\n";
  if (count("streams.bytes") > 0) {
    return count("sessions.one_sided") == sessions
               ? "Only one side of each session was captured: the other one is missing.\n"
               : "";
  }
  if (count("streams.gap_bytes.snaplen") > 0)
    return "The capture cut all payload off (snapshot length): capture with tcpdump -s 0.\n";
  return "The TCP sessions carried no bytes: handshakes and resets only.\n";
}

/// A command that shows more.
std::string next_step(const Findings& found) {
  if (sum(found.counts, "streams.gap_bytes.") > 0) {
    return fmt::format(
        "jq -c 'select(.event_type==\"flow\" and any(.unspool.streams[]?; .gap_bytes>0))' {}/events.json",
        found.output);
  }
  if (found.transfers.files > 0) return fmt::format("ls -l {}/transfers/*", found.output);
  return {};
}

void add_line(std::string& text, std::string_view name, const std::string& value) {
  if (!value.empty()) text += fmt::format("{:<13}{}\n", name, value);
}

}  // namespace

std::uint64_t count_of(const Counts& counts, std::string_view name) {
  const auto found = std::find_if(counts.begin(), counts.end(), [&](const auto& count) { return count.first == name; });
  return found == counts.end() ? 0 : found->second;
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string summary(const Findings& found) {
  const Counts& counts = found.counts;
  const auto number = [&](std::string_view name) { return grouped(count_of(counts, name)); };
  std::string text;
  add_line(text, "packets", fmt::format("{}, {} bytes", number("capture.packets"), number("capture.bytes")));
  const std::string endings = listed(counts, "sessions.ended.");
  add_line(text, "sessions",
           fmt::format("{} TCP, {} UDP{}", number("sessions.tcp"), number("sessions.udp"),
                       endings.empty() ? "" : "  (" + endings + ")"));
  add_line(text, "recognised", listed(counts, "parsers.claimed."));
  add_line(text, "unrecognised", unclaimed_line(found.unclaimed));
  add_line(text, "streams", fmt::format("{} bytes in order", number("streams.bytes")));
  if (const std::uint64_t missing = sum(counts, "streams.gap_bytes."); missing > 0) {
    add_line(text, "missing",
             fmt::format("{} bytes in {}  ({})", grouped(missing), counted(sum(counts, "streams.gaps."), "gap", "gaps"),
                         listed(counts, "streams.gaps.")));
  }
  const TransferTotals& transfers = found.transfers;
  std::string files = fmt::format("{}, {} bytes", counted(transfers.files, "file", "files"), grouped(transfers.bytes));
  if (transfers.incomplete > 0) files += fmt::format(", {} of them incomplete", grouped(transfers.incomplete));
  if (transfers.not_stored > 0) files += fmt::format(", {} more not stored", grouped(transfers.not_stored));
  add_line(text, "transfers", files);
  add_line(text, "output", found.output);
  add_line(text, "next", next_step(found));
  return text + nothing_found(counts);
}

}  // namespace unspool
