// Plays a script of segments (support/segment_script.h) as frames through the whole pipeline, and tells what it gave to
// a protocol and said of its sessions.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "pipeline/pipeline.h"
#include "settings/settings.h"
#include "support/frame.h"
#include "support/segment_script.h"
#include "support/stream_story.h"

namespace unspool::test {

/// Each frame has gone all its way before the next one comes.
class PipelineScript : public SegmentScript {
 public:
  /// Between these initial sequence numbers, and addresses of which C's is the lower or the higher one. `enough`: the
  /// protocol that listens has enough of a session then, in bytes; 0: nobody listens.
  PipelineScript(const Settings& settings, const Isns& isns, bool client_is_low, std::uint64_t enough = UINT64_MAX);
  ~PipelineScript() override;

  /// The capture ends, once.
  void end() { on_end(); }

  /// The story (support/stream_story.h) of all sessions, with the endings of those that did not end with the capture.
  /// Then, behind '|', what else was said: how the roles were found where no SYN told it, how many sessions there were
  /// if not one, and all that was counted of what is not in order. C is what the session took for the client.
  std::string told() const;
  std::string by_step() const { return story_.by_step(); }
  const std::string& times() const { return story_.times(); }
  const std::string& origins() const { return story_.origins(); }
  /// C@3"old"!="new" for each pair of copies that differ, as far as there were events for them.
  const std::string& conflicts() const { return conflicts_; }
  std::size_t anomalies() const { return anomalies_; }
  /// Of each session, what nobody acknowledged: "C4 S0".
  const std::string& unacknowledged() const { return unacknowledged_; }
  /// "even" when no shard of eight, and no bucket of the table, would have more sessions than chance gives.
  std::string spread() const;
  /// "flat" when no more memory was in use at the last `mark` than at the first.
  std::string memory() const;

 private:
  class Listener;
  class ListenerParser;
  class Events;
  class NoTransfers;

  void on_step() override { story_.next_step(); }
  void on_segment(const ScriptedSegment& scripted) override;
  void on_fragment(const ScriptedFragment& fragment) override;
  void on_time(Timestamp time) override;
  void on_server(unsigned side) override { ports_[side] = 80; }
  void on_link(std::string_view word) override;
  void on_end() override;

  ShardOutputs outputs();
  Frame link() const;
  std::array<std::string, 2> hosts(unsigned session) const;
  void send_in_pieces(const Ip4& ip, const Tcp& segment, Timestamp time);
  void send(const Frame& frame, Timestamp time, std::uint32_t missing);

  StreamStory story_;
  std::string conflicts_, unacknowledged_;
  std::set<std::string> roles_;
  std::size_t sessions_ = 0, anomalies_ = 0;
  std::uint64_t ticks_ = 0;  // frames that only moved the clock
  std::uint64_t enough_;
  bool client_is_low_;

  bool v6_ = false;
  bool xor_ = false;
  std::set<std::pair<std::string, std::string>> hosts_seen_;  // with `xor`
  std::vector<std::size_t> marks_;
  unsigned vlans_ = 0, tunnels_ = 0;
  std::uint16_t ports_[2] = {49152, 50000};  // neither names a service

  Settings settings_;
  HashSecret secret_ = HashSecret::from_seed(1);
  BlockPool pool_;
  BlockRef block_ = pool_.take();
  std::size_t used_ = 0;  // of the block
  std::uint64_t record_ = 0, dropped_ = 0;
  std::unique_ptr<Pipeline> pipeline_;
  bool ended_ = false;
};

}  // namespace unspool::test
