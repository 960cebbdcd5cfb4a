// One TCP session of a made workload: who says how much, what goes wrong on the way, and what a perfect reader sees.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "flow/session_key.h"
#include "support/dice.h"

namespace unspool::bench {

/// How often something befalls a segment with data, of a thousand. Handshakes and ends are spared, so that it needs no
/// second reassembler to know what is to be seen.
struct Faults {
  unsigned unseen = 0;       // it arrived, but the capture has lost it: a hole
  unsigned lost = 0;         // it did not arrive, and is sent again, some segments later
  unsigned reordered = 0;    // it arrives one or two segments late
  unsigned repeated = 0;     // it is sent twice
  unsigned overlapping = 0;  // the next one begins up to 100 bytes early
};

struct Range {
  std::uint32_t least = 0, most = 0;
};

struct Plan {
  Endpoint client, server;
  enum class Talk : std::uint8_t {
    nothing,  // a SYN, and no answer
    http,     // GET and reply
    upload,   // PUT and reply
    plain,    // bytes either way
  } talk = Talk::http;
  std::uint32_t exchanges = 1;
  Range request, reply;  // bytes: of bodies, or of all where it is plain
  bool closes = true;    // else it stays open
  Faults faults;
  std::uint64_t seed = 0;
  bool with_truth = false;
};

/// A segment to be put on the wire. Its bytes are valid until the flow's next().
struct MadeSegment {
  bool from_server = false;
  std::uint8_t flags = 0;
  std::uint16_t id = 0;  // of its IPv4 header
  std::uint32_t seq = 0, ack = 0;
  std::string_view payload;
};

/// What a reader that errs nowhere gives out of one side.
struct StreamTruth {
  std::uint64_t seen = 0;
  struct Hole {
    std::uint64_t offset = 0, length = 0;
  };
  std::vector<Hole> holes;  // neighbours are joined
  Sha256 seen_bytes;
};

class MadeFlow {
 public:
  explicit MadeFlow(const Plan& plan);

  /// The next packet; false when there are no more.
  bool next(MadeSegment& segment);
  const Plan& plan() const { return plan_; }
  /// By side, 0 the client; with Plan::with_truth.
  std::array<StreamTruth, 2>& truth() { return *truth_; }
  /// Payload bytes sent so far, and how many of them the capture has lost.
  std::uint64_t sent() const { return sent_[0] + sent_[1]; }
  std::uint64_t unseen() const { return unseen_; }

 private:
  /// What one side says before the other one does.
  struct Turn {
    unsigned from = 0;
    std::string head;
    std::uint32_t body = 0;
    std::uint64_t size() const { return head.size() + body; }
  };
  struct Planned {
    unsigned from = 0;
    std::uint8_t flags = 0;
    std::uint64_t seq = 0, ack = 0;  // counted from the initial sequence numbers
    std::uint64_t at = 0;            // in the turn
    std::uint32_t length = 0;
  };
  struct Late {
    Planned segment;
    std::uint64_t first_new = 0;  // stream offset that the peer lacks
    unsigned due = 0;             // segments from now
  };

  void open();
  void begin_turn();
  void talk();
  void close();
  void send(std::uint32_t length, std::uint32_t early);
  void arrive_late(bool all);
  void acknowledge();
  void add(Planned planned) { ready_.push_back(planned); }
  std::uint64_t received_of(unsigned side) const;
  void copy_content(std::uint64_t at, std::uint32_t length, std::string& to) const;
  void see(StreamTruth& truth, std::uint64_t at, std::uint32_t length);
  static void see_nothing(StreamTruth& truth, std::uint64_t offset, std::uint32_t length);

  Plan plan_;
  test::Dice dice_;
  enum class State : std::uint8_t { opening, turning, talking, closing, over } state_ = State::opening;
  std::array<std::uint32_t, 2> isn_;
  std::array<std::uint64_t, 2> sent_{};
  std::uint64_t unseen_ = 0;
  std::uint32_t turns_ = 0;  // begun
  Turn turn_;
  std::uint64_t at_ = 0;    // in turn_
  std::uint32_t last_ = 0;  // bytes of the segment before, where the next one may begin early
  unsigned unacknowledged_ = 0;
  std::uint16_t id_ = 0;
  std::vector<Planned> ready_;
  std::size_t given_ = 0;  // of ready_
  std::vector<Late> late_;
  std::string payload_;
  std::unique_ptr<std::array<StreamTruth, 2>> truth_;
};

}  // namespace unspool::bench
