// Takes what a session gives out: counts it, keeps what its flow event will say, and passes it on to its parsers.
#pragma once

#include <memory>
#include <vector>

#include "pipeline/counters.h"
#include "pipeline/expectations.h"
#include "pipeline/follower.h"
#include "pipeline/overload.h"
#include "pipeline/rate_limit.h"
#include "pipeline/tracked_session.h"
#include "plugin/plugin.h"
#include "plugin/sink.h"
#include "settings/settings.h"
#include "stream/piece.h"

namespace unspool {

/// What a shard's sessions are handed to. Owned by the shard's thread.
struct ShardOutputs {
  std::unique_ptr<EventSink> events;
  std::unique_ptr<TransferSink> transfers;
  std::vector<OfferedProtocol> protocols;  // in the order in which they are asked
};

/// One for each shard; works on the session that it was turned to last.
class Recorder final : public StreamListener, private Outputs {
 public:
  /// `anomalies`: events of contradictions that it may write in a minute.
  Recorder(const StreamSettings& settings, std::uint32_t anomalies, ShardOutputs& outputs, ShardCounters& counters)
      : settings_{settings}, outputs_{outputs}, counters_{counters}, anomalies_{anomalies} {}

  /// What is left out from now on.
  void shed(Shedding shedding) { shedding_ = shedding; }
  /// What happens next happens to `session`, at `clock`.
  void turn_to(TrackedSession& session) { session_ = &session; }

  void on_roles(unsigned client, Roles roles, bool midstream) override;
  void on_chunk(const Chunk& chunk) override;
  void on_taken_out(Side side, std::uint64_t bytes) override;
  void on_fin(Side side) override;
  void on_old(Side side, std::uint64_t offset, Bytes bytes) override;
  void on_conflict(Side side, std::uint64_t offset, Bytes first, Bytes second) override;
  void on_oddity(Oddity oddity) override;

  /// A datagram of a UDP session: a chunk for each packet that brought a part of it, and a gap for what was not
  /// captured. Only for parsers: flows do not count it.
  void on_datagram(Side from, const Piece& datagram);

  /// Tells the parsers that the session ended, and lets them go. Once; later calls do nothing.
  void end_parsers(Ending ending);
  /// Writes the session's flow event, dated `end`.
  void write_flow(Ending ending, Timestamp end);

 private:
  std::unique_ptr<Transfer> open_transfer(const Session& session, Side from, std::string_view name,
                                          std::string_view app_proto) override;
  void emit(const Session& session, const Event& event) override;
  void hand_over(const std::array<std::uint64_t, 2>& at) override;
  void keep_from(Side side, std::uint64_t at) override;
  void keep_no_more() override;
  void expect(Expectation expectation) override;
  void limit_reached(std::string_view setting) override;
  bool sheds_transcripts() override;
  void tell_anomaly(const AnomalyRecord& anomaly);
  template <class Call>
  void tell_follower(const Call& call);
  void begin();
  void take_chunk(const Chunk& chunk);
  void take_gap(const Chunk& chunk);
  void count_unclaimed();
  std::uint64_t given(Side side) const;
  StreamRecord stream_record(Side side);

  const StreamSettings& settings_;
  ShardOutputs& outputs_;
  ShardCounters& counters_;
  RateLimit anomalies_;
  Expectations expectations_;
  TrackedSession* session_ = nullptr;
  Shedding shedding_;
};

}  // namespace unspool
