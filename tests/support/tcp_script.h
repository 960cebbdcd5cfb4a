// Plays a script of segments (support/segment_script.h) to one TcpSession, as a shard does, and tells as one string
// what came out (support/stream_story.h).
//
//   run(R"(HS; C 1 "AAA"; ~C 4 "BBB"; C 7 "CCC"; S [.] a10)")  ->  C"AAA" C<3 not_captured> C"CCC"
//
// C is what the session took for the client. Endings are told but for that of the capture, which run() and steps() add.
// Behind '|' stands what was odd: how the roles were found where no SYN told it, and counts.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stream/history.h"
#include "stream/tcp_session.h"
#include "stream/waiting.h"
#include "support/segment_script.h"
#include "support/stream_story.h"

namespace unspool::test {

/// What a session gave out; checks that every chunk follows the one before.
class Told : public StreamListener {
 public:
  explicit Told(const StreamSettings& settings) : settings_{settings} { begin(); }

  void on_roles(unsigned client, Roles roles, bool midstream) override;
  void on_chunk(const Chunk& chunk) override;
  void on_taken_out(Side, std::uint64_t) override {}
  void on_fin(Side side) override { story_.add_fin(side); }
  void on_old(Side side, std::uint64_t offset, Bytes bytes) override;
  void on_conflict(Side side, std::uint64_t offset, Bytes first, Bytes second) override;
  void on_oddity(Oddity oddity) override { ++oddities_[static_cast<std::size_t>(oddity)]; }

  /// Another session begins.
  void begin();
  StreamStory& story() { return story_; }
  const StreamStory& story() const { return story_; }
  std::string oddities() const;
  /// C@3"old"!="new" for each pair of copies that differ.
  const std::string& conflicts() const { return conflicts_; }

 private:
  const StreamSettings& settings_;
  StreamStory story_;
  std::array<std::uint64_t, 2> next_{};
  std::array<std::vector<std::pair<std::uint64_t, std::uint64_t>>, 2> gaps_;
  std::array<History, 2> histories_;
  std::array<std::size_t, kOddities> oddities_{};
  std::string roles_, conflicts_;
};

class TcpScript : public SegmentScript {
 public:
  explicit TcpScript(const StreamSettings& settings = {}, const Isns& isns = {});

  /// The capture ends, once.
  void end() { on_end(); }

  const StreamStory& story() const { return told_.story(); }
  const Told& told() const { return told_; }
  const TcpSession& session() const { return *session_; }
  const HeldBudget& budget() const { return budget_; }
  /// The whole story, and the oddities.
  std::string text() const;

 private:
  void on_step() override { told_.story().next_step(); }
  void on_segment(const ScriptedSegment& scripted) override;
  void on_time(Timestamp time) override { wait_until(std::max(clock_, time)); }
  void on_server(unsigned side) override;
  void on_end() override;
  void restart(const Arrival& arrival);
  void wait_until(Timestamp clock);
  void finish(Ending ending);

  StreamSettings settings_;
  HeldBudget budget_;
  WaitingPool pool_;
  StreamContext context_;
  Told told_;
  std::unique_ptr<TcpSession> session_;
  std::optional<unsigned> server_by_port_;
  std::array<IpAddress, 2> hosts_;
  Timestamp clock_ = kScriptTime;
  std::uint64_t record_ = 0;
  bool ended_ = false;
};

/// Plays the whole script and the end of the capture.
std::string run(std::string_view script, const StreamSettings& settings = {});
std::string steps(std::string_view script, const StreamSettings& settings = {});
std::string conflicts(std::string_view script, const StreamSettings& settings = {});

/// One line of a table of cases.
struct Case {
  std::string_view id, script, told;
  StreamSettings settings{};
};
/// Expects what each of them tells.
void expect_all(const std::vector<Case>& cases);

}  // namespace unspool::test
