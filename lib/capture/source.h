// Where packets come from: a file, several merged by time, or an interface.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "capture/packet.h"

namespace unspool {

/// How a source ended. Live writers leave a file that ends inside a record (cut_short): no error. A corrupt record ends
/// a file early (corrupt): all before it counts.
struct SourceEnd {
  enum class How : std::uint8_t { whole, cut_short, corrupt } how = How::whole;
  std::string what;  // for the operator, with file and record; empty for `whole`
};

class Source {
 public:
  enum class State : std::uint8_t { packet, idle, ended };

  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  /// The next packet. `packet` and what it points to are valid until the next call, and while a BlockRef to its block
  /// is held. `idle`: nothing now, wait for readable_fd(). `ended`: nothing ever again, see end().
  virtual State next(Packet& packet) = 0;
  /// Becomes readable when an idle source has packets; -1 for one that is never idle, and for one that only time helps.
  virtual int readable_fd() const { return -1; }
  /// An idle source is to be asked again after so long, whatever readable_fd() does; nothing: it need not.
  virtual std::optional<std::chrono::milliseconds> ask_again() const { return std::nullopt; }
  /// Live, of an idle source: nothing that is older than this will come.
  virtual std::optional<Timestamp> quiet_until() { return std::nullopt; }
  /// What comes from now on is not wanted. True: what came before is still given out, and then it has ended, soon.
  virtual bool finish() { return false; }
  /// How far it is; both 0 where that cannot be known.
  struct Progress {
    std::uint64_t bytes = 0, of = 0;
  };
  virtual Progress progress() const { return {}; }
  /// After `ended`: how. Of several merged ones, the worst, all texts joined.
  virtual SourceEnd end() const = 0;
};

}  // namespace unspool
