#include "told.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace unspool::test {
namespace {

constexpr std::uint64_t kShort = 100;

Endpoint endpoint(const char* address, std::uint16_t port) {
  std::array<std::byte, 16> octets;
  if (::inet_pton(AF_INET, address, octets.data()) == 1) return {IpAddress::v4(std::span(octets).first(4)), port};
  EXPECT_EQ(::inet_pton(AF_INET6, address, octets.data()), 1) << address;
  return {IpAddress::v6(octets), port};
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  std::replace(text.begin(), text.end(), '\0', '.');
  return text;
}

}  // namespace

Session session_between(const char* client, std::uint16_t client_port, const char* server, std::uint16_t server_port) {
  const Endpoint from = endpoint(client, client_port), to = endpoint(server, server_port);
  const Timestamp start = timestamp_from_ns(1'162'491'300'123'456'789);
  return {.key = SessionKey{6, from, to, {}},
          .start = start,
          .last = start + std::chrono::seconds{3},
          .client_is_low = from < to};
}

Session web_session() { return session_between("10.0.0.5", 1066, "10.0.0.9", 80); }

std::string with_short_prefix(std::string text) {
  for (auto at = text.find(kPrefix); at != text.npos; at = text.find(kPrefix)) text.replace(at, kPrefix.size(), "^");
  return text;
}

void TransferLines::on_transfer(const TransferRecord& transfer) {
  std::string line = fmt::format("{}: {} bytes", transfer.name, transfer.size);
  for (const Gap& gap : transfer.gaps.listed)
    line += fmt::format(", {}<{} {}>", gap.offset, gap.length, name(gap.cause));
  if (!transfer.whole) line += ", truncated";
  if (transfer.sha256) line += fmt::format(", sha256 {}", hex(*transfer.sha256).substr(0, 8));
  line += transfer.path.empty() ? ", nowhere" : " in " + transfer.path;
  if (!transfer.error.empty()) line += ", error: " + transfer.error;
  text += with_short_prefix(line) + "\n";
  records.push_back(transfer);
}

void TransferLines::on_store(const StoreRecord& record) {
  text += fmt::format("* {}: {}{}{} files, {} bytes\n", name(record.what), record.reason,
                      record.reason.empty() ? "" : ": ", record.files, record.bytes);
}

std::string tree(const std::string& path) {
  namespace fs = std::filesystem;
  std::vector<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    const std::string name = entry.path().lexically_relative(path).string();
    if (entry.is_symlink()) {
      lines.push_back(fmt::format("{} -> {}", name, fs::read_symlink(entry.path()).filename().string()));
    } else if (entry.is_regular_file() && entry.path().filename() != ".lock") {
      const std::uint64_t size = entry.file_size();
      const std::string content = size > kShort ? fmt::format("{} bytes", size) : content_of(entry.path());
      lines.push_back(content.empty() ? name : fmt::format("{} = {}", name, content));
    }
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += with_short_prefix(line) + "\n";
  return text;
}

Store::Store(std::string path, OutputDirectory::Reuse reuse, const TransferSettings& settings, Feed feed) {
  auto opened = OutputDirectory::open(std::move(path), reuse);
  if (!opened) throw std::runtime_error(opened.error().what);
  output = std::move(*opened);
  store = std::make_unique<TransferStore>(*output, settings, 1, feed);
  sink = store->sink(said);
}

void Store::wait_for(std::string_view text) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  for (;;) {
    sink->collect(session.last);
    if (said.text.find(text) != std::string::npos) return;
    if (std::chrono::steady_clock::now() > end) break;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  ADD_FAILURE() << "not said: " << text << "\nbut:\n" << said.text;
}

void Store::keep(const Session& of, std::string_view name, std::string_view bytes) {
  const auto transfer = open(of, name);
  transfer->write(as_bytes(bytes));
  transfer->close();
}

std::string Store::totals() const {
  const TransferTotals totals = store->totals();
  return fmt::format("{} files, {} bytes, {} incomplete, {} not stored", totals.files, totals.bytes, totals.incomplete,
                     totals.not_stored);
}

}  // namespace unspool::test
