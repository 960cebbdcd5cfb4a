// TCP conversations for tests, told from beginning to end, and then spoiled:
//
//   Dialog(80).open().client("GET /").server("200").close().swap(2, 3)
//
// Packets are numbered from 0, one a millisecond. Data acknowledges all that came before; nothing acknowledges alone,
// but for the handshake and the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/timestamp.h"
#include "support/frame.h"

namespace unspool::test {

using Stamped = std::vector<std::pair<Timestamp, Frame>>;

/// 2006-11-02T18:15:00Z: when tests happen.
inline constexpr Timestamp kTestTime = timestamp_from_ns(1'162'491'300'000'000'000);

class Dialog {
 public:
  explicit Dialog(std::uint16_t port, std::uint16_t client_port = 49152, const char* client = "10.0.0.1",
                  const char* server = "10.0.0.2");

  /// Initial sequence numbers other than the usual ones; first of all.
  Dialog& isn(std::uint32_t client, std::uint32_t server) { return next_[0] = client, next_[1] = server, *this; }
  Dialog& open();
  Dialog& client(std::string_view text) { return say(0, text); }
  Dialog& server(std::string_view text) { return say(1, text); }
  /// A bare acknowledgement of all so far.
  Dialog& client_acks() { return add(0, header(0)); }
  Dialog& server_acks() { return add(1, header(1)); }
  Dialog& client_closes() { return add(0, header(0).fin()).sent_fin(0); }
  Dialog& server_closes() { return add(1, header(1).fin()).sent_fin(1); }
  /// The client, then the server.
  Dialog& close() { return client_closes().server_closes().client_acks(); }
  Dialog& client_resets();
  /// Nothing happens for so long.
  Dialog& pause(Duration duration) { return now_ += duration, *this; }

  Dialog& swap(std::size_t i, std::size_t j);
  Dialog& lose(std::size_t i);
  Dialog& repeat(std::size_t i);

  std::size_t size() const { return packets_.size(); }
  const Stamped& packets() const { return packets_; }

 private:
  Dialog& say(unsigned from, std::string_view text);
  Dialog& sent_fin(unsigned from) { return ++next_[from], *this; }
  Tcp header(unsigned from) const;
  Dialog& add(unsigned from, const Tcp& segment);

  const char* hosts_[2];
  std::uint16_t ports_[2];
  std::uint32_t next_[2] = {1000, 9000};  // the initial sequence numbers
  Timestamp now_ = kTestTime;
  Stamped packets_;
};

/// All packets of these, by time.
Stamped together(const std::vector<Dialog>& dialogs);

}  // namespace unspool::test
