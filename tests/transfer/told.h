// An output directory to store transfers in, and what then is in it and was said.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/capture_file.h"
#include "support/no_events.h"
#include "transfer/transfer_store.h"

namespace unspool::test {

constexpr std::string_view kPrefix = "20061102T181500.123456Z-10.0.0.5~1066-10.0.0.9~80---";

/// Begins on 2006-11-02 at 18:15.
Session session_between(const char* client, std::uint16_t client_port, const char* server, std::uint16_t server_port);
/// 10.0.0.5:1066 asks 10.0.0.9:80, as in kPrefix.
Session web_session();

/// A line for each transfer that ended: "cat.png: 3 bytes, sha256 ba7816bf in transfers/10.0.0.5/^cat.png"; ^ is
/// kPrefix. And one for what befell the store: "* writing_resumed: 1 files, 3 bytes".
class TransferLines : public NoEvents {
 public:
  void on_transfer(const TransferRecord& transfer) override;
  void on_store(const StoreRecord& record) override;

  std::vector<TransferRecord> records;
  std::string text;
};

/// Files below `path`, in order, as "events.json\ntransfers/10.0.0.5/^cat.png = abc\n"; zero bytes are dots, and of
/// long files only the size is told. Without .lock and directories.
std::string tree(const std::string& path);
std::string with_short_prefix(std::string text);

/// A store in an output directory of its own.
class Store {
 public:
  explicit Store(std::string output, OutputDirectory::Reuse reuse = OutputDirectory::Reuse::refuse,
                 const TransferSettings& settings = {}, Feed feed = Feed::files);

  /// Lets the store's threads work until this has been said; not for longer than ten seconds, which are an error.
  void wait_for(std::string_view text);
  /// A transfer of the server.
  std::unique_ptr<Transfer> open(std::string_view name) { return open(session, name); }
  std::unique_ptr<Transfer> open(const Session& of, std::string_view name) {
    return sink->open(of, Side::server, name, "http");
  }
  /// Written, closed.
  void keep(std::string_view name, std::string_view bytes) { keep(session, name, bytes); }
  void keep(const Session& of, std::string_view name, std::string_view bytes);
  std::string files() const { return tree(output->path()); }
  std::string totals() const;

  std::unique_ptr<OutputDirectory> output;
  std::unique_ptr<TransferStore> store;
  TransferLines said;
  std::unique_ptr<TransferSink> sink;
  Session session = web_session();
};

}  // namespace unspool::test
