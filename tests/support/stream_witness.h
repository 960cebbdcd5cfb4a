// What holds of a TcpSession whatever it is fed.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "stream/tcp_session.h"
#include "stream/waiting.h"

namespace unspool::test {

/// A segment of any kind, with the bytes that it points to.
struct FedSegment {
  unsigned from = 0;
  wire::Segment segment;  // payload and options are set from the vectors
  std::vector<std::byte> payload, options;
  Timestamp time, clock;
  std::uint32_t second_origin = 0;  // its payload has another record from here on; 0: just one
  bool after_drop = false;
};

/// Runs sessions one after the other as a shard does, keeps all that it fed, and looks at what comes out: offsets
/// without holes or repeats, bytes that their record holds at that place, causes that can be, ends that are ends,
/// limits that hold. Knows nothing of what would be right beyond that.
class Witness : public StreamListener {
 public:
  explicit Witness(const StreamSettings& settings, std::optional<unsigned> server_by_port);

  /// Due timers, then the segment; where it is said to belong to another session, ends the old one and begins it.
  void feed(FedSegment segment);
  /// Nothing but the time.
  void wait_until(Timestamp clock);
  /// Ends the session as a shard may at any time, and begins another.
  void finish();
  /// The first one; empty when all is well.
  const std::string& complaint() const { return complaint_; }

  void on_roles(unsigned client, Roles roles, bool midstream) override;
  void on_chunk(const Chunk& chunk) override;
  void on_taken_out(Side, std::uint64_t) override {}
  void on_fin(Side side) override;
  void on_old(Side side, std::uint64_t offset, Bytes bytes) override;
  void on_conflict(Side side, std::uint64_t offset, Bytes first, Bytes second) override;
  void on_oddity(Oddity oddity) override;

 private:
  /// Two records a segment.
  static constexpr std::uint64_t kRecords = 2;

  struct Stream {
    std::uint64_t given = 0, bytes = 0;
    std::optional<std::vector<std::uint32_t>> bases;  // sequence numbers that its first byte can have
    bool fin = false, told_fin = false, sent_reset = false;
  };

  TcpSession::Outcome take(const FedSegment& fed, std::uint64_t record);
  void restart(const FedSegment& fed, std::uint64_t record);
  void begin();
  void check_after_call();
  void check_bytes(unsigned side, const Chunk& chunk);
  void check_gap(unsigned side, const Chunk& chunk);
  bool was_cut_there(unsigned side, const Chunk& gap) const;
  unsigned side_of(Side side) const { return side == Side::client ? client_ : 1 - client_; }
  void complain(std::string what);

  StreamSettings settings_;
  std::optional<unsigned> server_by_port_;
  HeldBudget budget_;
  WaitingPool pool_;
  StreamContext context_{settings_, budget_, pool_};
  TcpSession session_;
  std::array<IpAddress, 2> hosts_;

  std::deque<FedSegment> fed_;
  std::uint64_t fed_bytes_ = 0, chunks_ = 0;
  Timestamp clock_;
  std::string complaint_;

  // Of this session:
  std::size_t first_ = 0;  // of fed_
  std::array<Stream, 2> streams_;
  unsigned client_ = 2;
  bool dropped_ = false, fin_inferred_ = false, finishing_ = false, over_ = false;
};

}  // namespace unspool::test
