// What is true of a recording, held against what a TcpSession makes of it.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stream/tcp_session.h"
#include "stream/waiting.h"
#include "support/tcp_simulator.h"

namespace unspool::test {

/// How a recording was made: what may be expected of it.
struct Conditions {
  Weather weather;
  bool cramped = false;  // limits on waiting bytes bite

  /// Each packet reaches the tap, and in time: then nothing may look contradictory.
  bool tap_is_whole() const {
    return weather.missed + weather.outages + weather.late_start + weather.no_syn + weather.one_way == 0;
  }
};

/// Feeds a recording to a session as a shard does, and judges what comes out. Offsets called `at` count from the true
/// first byte of a stream; a session that was found in mid-stream counts from its own `base`.
class Judge : public StreamListener {
 public:
  /// All but `conditions` is borrowed. `trace` takes a line for everything that happens, when there is one.
  Judge(const Recording& recording, const Conditions& conditions, const StreamSettings& settings,
        std::vector<std::string>* trace);

  /// The first complaint; empty when all is well. `ticks`: the clock also moves between packets.
  std::string run(std::optional<std::uint64_t> ticks);

  const std::map<std::string_view, std::uint64_t>& happened() const { return happened_; }
  const std::vector<std::array<std::uint64_t, 6>>& log() const { return log_; }

  void on_roles(unsigned client, Roles roles, bool midstream) override;
  void on_chunk(const Chunk& chunk) override;
  void on_taken_out(Side, std::uint64_t) override {}
  void on_fin(Side side) override;
  void on_old(Side side, std::uint64_t offset, Bytes bytes) override;
  void on_conflict(Side, std::uint64_t, Bytes, Bytes) override { complain("copies that are equal are said to differ"); }
  void on_oddity(Oddity oddity) override;

 private:
  enum class Fate : std::uint8_t { waits, given, gap, cut, old };
  struct Ack {
    std::uint64_t upto;
    Timestamp clock;
  };
  struct LeadingGap {
    Chunk chunk;
    std::size_t fed;
  };
  struct Stream {
    std::optional<std::uint64_t> base;
    std::uint64_t given = 0;           // from the base on
    std::vector<std::uint32_t> first;  // by position: 1 + the packet that first brought it; 0: none so far
    std::vector<Fate> fate;
    std::vector<Ack> acks;            // by the other side, ascending
    std::vector<LeadingGap> leading;  // while the base is not known
    std::uint64_t base_at_least = 0;
    std::uint64_t reset_acked = 0;    // by a reset, which opens no hole
    std::uint64_t answered = 0;       // by what was given out of the other side
    std::vector<bool> came_answered;  // by position: captured only after that, so that it may be left out
    std::vector<bool> forgettable;    // by position: came out of window, and there is little room
    std::optional<std::uint64_t> lowest_at_start;
    std::optional<Timestamp> start;  // of its first bytes
    std::uint64_t start_bytes = 0;
    bool began_with_end = false;  // its end came before its first bytes, which can be too late then
    std::uint64_t top = 0;        // behind the last byte captured, cut or not
    Timestamp moved;              // when `given` last grew
    bool seen = false, fin_seen = false, fin_told = false, must_be_whole = false;

    std::uint64_t acked() const { return acks.empty() ? 0 : acks.back().upto; }
  };

  void feed(const CapturedPacket& packet);
  void note(const CapturedPacket& packet);
  void take_bytes(unsigned side, const Chunk& chunk);
  void take_gap(unsigned side, const Chunk& chunk, std::size_t fed);
  void learn_base(unsigned side, const Chunk& chunk);
  void check_order(unsigned side, const CapturedPacket& brought);
  bool may_wait_for_fin(unsigned side, const CapturedPacket& brought) const;
  void check_prompt(unsigned side);
  void check_end(unsigned side);
  void check_ending();
  std::optional<Timestamp> acked_when(const Stream& stream, std::uint64_t at) const;
  std::size_t length(unsigned side) const { return recording_.streams[side].size(); }
  unsigned side_of(Side side) const { return side == Side::client ? client_ : 1 - client_; }
  bool was_reset() const { return session_.ended() == Ending::reset || session_.ended() == Ending::rejected; }
  void complain(std::string what);

  const Recording& recording_;
  const Conditions conditions_;
  const StreamSettings& settings_;
  std::vector<std::string>* trace_;
  HeldBudget budget_;
  WaitingPool pool_;
  StreamContext context_{settings_, budget_, pool_};
  TcpSession session_{std::nullopt};
  std::array<IpAddress, 2> hosts_;
  std::array<Stream, 2> streams_;
  std::array<std::uint64_t, kOddities> oddities_{};
  std::size_t fed_ = 0;
  Timestamp clock_;
  Timestamp doubted_;                 // when something out of window was last seen, or confirmed: it counts from then
  std::optional<unsigned> confirms_;  // the side whose next packet may do that
  unsigned client_ = 2;
  unsigned roles_told_ = 0;
  bool begun_ = false, finishing_ = false, after_drop_ = false;
  std::optional<std::uint64_t> reset_at_;
  unsigned reset_from_ = 2;
  std::string complaint_;
  std::map<std::string_view, std::uint64_t> happened_;
  std::vector<std::array<std::uint64_t, 6>> log_;
};

}  // namespace unspool::test
