#include "daemon/summary.h"

#include <fmt/format.h>

#include <algorithm>

namespace unspool {

std::uint64_t count_of(const Counts& counts, std::string_view name) {
  const auto found = std::find_if(counts.begin(), counts.end(), [&](const auto& count) { return count.first == name; });
  return found == counts.end() ? 0 : found->second;
}

namespace {

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

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

/// The one reason why there is nothing to see, if there is one.
std::string nothing_found(const Counts& counts) {
  const std::uint64_t packets = count_of(counts, "capture.packets");
  if (packets == 0) return "No packets: the captures are empty, or the filter expression matched nothing.\n";
  if (count_of(counts, "decoded.unknown_link") == packets) return "No packet has a link type that is understood.\n";
  if (count_of(counts, "sessions.tcp") == 0) return "No TCP in these packets: nothing to put back in order.\n";
  if (count_of(counts, "streams.bytes") == 0) return "The TCP sessions carried no bytes: handshakes and resets only.\n";
  return {};
}

}  // namespace

std::string summary(const Counts& counts, const TransferTotals& transfers, const std::string& output) {
  std::string text = fmt::format("packets    {}, {} bytes\n", grouped(count_of(counts, "capture.packets")),
                                 grouped(count_of(counts, "capture.bytes")));
  text += fmt::format("sessions   {} TCP, {} UDP", grouped(count_of(counts, "sessions.tcp")),
                      grouped(count_of(counts, "sessions.udp")));
  const std::string endings = listed(counts, "sessions.ended.");
  text += endings.empty() ? "\n" : fmt::format("  ({})\n", endings);
  text += fmt::format("streams    {} bytes in order\n", grouped(count_of(counts, "streams.bytes")));
  if (const std::uint64_t missing = sum(counts, "streams.gap_bytes."); missing > 0) {
    text += fmt::format("missing    {} bytes in {} gaps  ({})\n", grouped(missing),
                        grouped(sum(counts, "streams.gaps.")), listed(counts, "streams.gaps."));
  }
  text += fmt::format("transfers  {} files, {} bytes", grouped(transfers.files), grouped(transfers.bytes));
  if (transfers.incomplete > 0) text += fmt::format(", {} of them incomplete", grouped(transfers.incomplete));
  if (transfers.not_stored > 0) text += fmt::format(", {} more not stored", grouped(transfers.not_stored));
  text += fmt::format("\noutput     {}\n", output);
  return text + nothing_found(counts);
}

}  // namespace unspool
