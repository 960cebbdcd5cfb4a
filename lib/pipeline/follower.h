// Who follows a session: its owner, its observers, or, when nobody knows it, those who take the rest.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/session_filter.h"
#include "plugin/plugin.h"

namespace unspool {

/// A protocol, and which sessions it is offered.
struct OfferedProtocol {
  std::unique_ptr<Protocol> protocol;
  std::optional<SessionFilter> when;  // none: all
};

/// Follows one session. Owners are asked with what came first; until one says yes, or all say no, that is kept, and
/// then given to whoever takes the session: same times, origins, gaps and order.
class Follower {
 public:
  /// `expected`: follows the session because another one announced it; nobody is asked then. All outlive the follower.
  Follower(const Session& session, std::vector<OfferedProtocol>& protocols, Outputs& outputs,
           const Expectation* expected);

  Follower(Follower&&) = default;

  void on_chunk(const Chunk& chunk);
  void on_fin(Side side);
  void on_end(Ending ending);
  /// As Outputs::hand_over, from inside on_chunk().
  void hand_over(const std::array<std::uint64_t, 2>& at) { handed_over_ = at; }
  /// As of Outputs, likewise.
  void keep_from(Side side, std::uint64_t at);
  void keep_no_more() { ahead_.reset(); }

  /// Nobody follows the session any more, nor will.
  bool idle() const { return observers_.empty() && !owner_ && rest_.empty() && !probe_; }
  /// Whose the session is has not turned out yet.
  bool undecided() const { return probe_ != nullptr; }
  /// Who claimed the session, and after that each part of it that was handed over.
  const std::vector<const Protocol*>& claimed_by() const { return claimed_by_; }
  std::size_t started() const { return started_; }
  /// Parsers that threw, whatever it was: they are taken off the session, and the rest goes on. Claims that did count
  /// too.
  std::size_t failed() const { return failed_; }

 private:
  /// How often one session is handed over, nested proxies included; then it is nobody's, and who takes the rest gets
  /// it.
  static constexpr unsigned kMostHandOvers = 16;

  /// What is kept while owners are unsure, or until the owner hands over.
  struct Kept {
    Chunk chunk;  // its bytes are `bytes`
    std::string bytes;
    bool fin = false;
  };
  struct Probe {
    std::vector<Kept> kept;
    std::array<std::string, 2> first;       // by Side
    std::array<bool, 2> gap{};              // by Side: nothing further counts as first
    std::vector<std::uint16_t> candidates;  // in protocols_
  };
  /// What the owner may come to hand over.
  struct Ahead {
    std::array<std::optional<std::uint64_t>, 2> from;  // by Side: what is kept, if anything
    std::vector<Kept> kept;                            // in the order in which they came
    std::size_t bytes = 0;
    bool full = false;
  };
  /// What the owner was given so far.
  struct Given {
    std::array<std::uint64_t, 2> end{};  // by Side: offset behind the last chunk
    std::array<bool, 2> fin{};           // by Side
  };

  void begin_probe();
  void probe(const Chunk& chunk);
  Claim claim(const Protocol& protocol, const Opening& opening);
  bool ask(const Opening& opening);
  void settle(OfferedProtocol* owner);
  void give(const Chunk& chunk);
  void give_fin(Side side);
  void keep(const Chunk& chunk);
  void give_to_next(const Chunk& chunk, const std::array<std::uint64_t, 2>& at);
  void give_again(std::vector<Kept> ahead, const Given& before, std::array<std::uint64_t, 2> next, Timestamp now);
  std::unique_ptr<Parser> start(Protocol& protocol);
  bool offered(OfferedProtocol& protocol);
  template <class Call>
  bool call(std::unique_ptr<Parser>& parser, const Call& call);
  template <class Call>
  void each(std::vector<std::unique_ptr<Parser>>& parsers, const Call& call);

  // What is looked at with each chunk stands first.
  std::unique_ptr<Parser> owner_;
  std::unique_ptr<Probe> probe_;
  std::unique_ptr<Ahead> ahead_;
  std::uint32_t started_ = 0, failed_ = 0;
  Given given_;
  std::vector<std::unique_ptr<Parser>> observers_, rest_;
  std::vector<const Protocol*> claimed_by_;
  std::optional<std::array<std::uint64_t, 2>> handed_over_;
  unsigned hand_overs_ = 0;
  const Session& session_;
  std::vector<OfferedProtocol>& protocols_;
  Outputs& outputs_;
};

}  // namespace unspool
