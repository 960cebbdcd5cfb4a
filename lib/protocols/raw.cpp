#include "protocols/raw.h"

#include <array>
#include <string>
#include <vector>

namespace unspool {
namespace {

class RawParser : public Parser {
 public:
  RawParser(const Session& session, Outputs& outputs) : session_{session}, outputs_{outputs} {}

  Appetite on_chunk(const Chunk& chunk) override {
    Stream& stream = streams_[static_cast<std::size_t>(chunk.from)];
    if (chunk.is_gap() && !stream.transfer) {
      stream.leading.emplace_back(chunk.missing, chunk.cause);
      return Appetite::more;
    }
    if (!stream.transfer) open(stream, chunk.from);
    if (chunk.is_gap()) {
      stream.transfer->write_gap(chunk.missing, chunk.cause);
    } else {
      stream.transfer->write(chunk.bytes);
    }
    return Appetite::more;
  }

  void on_fin(Side side) override {
    Stream& stream = streams_[static_cast<std::size_t>(side)];
    if (stream.transfer) stream.transfer->close();
  }

  void on_end(Ending) override {}  // a transfer whose FIN was not seen is left unclosed, and so marked

 private:
  struct Stream {
    std::unique_ptr<Transfer> transfer;                    // from the first byte on
    std::vector<std::pair<std::uint64_t, Cause>> leading;  // gaps before it
  };

  void open(Stream& stream, Side from) {
    stream.transfer = outputs_.open_transfer(session_, from, std::string(unspool::name(from)) + ".raw", {});
    for (const auto& [length, cause] : stream.leading) stream.transfer->write_gap(length, cause);
    stream.leading = {};
  }

  const Session& session_;
  Outputs& outputs_;
  std::array<Stream, 2> streams_;
};

}  // namespace

std::unique_ptr<Parser> Raw::follow(const Session& session, Outputs& outputs) {
  if (!session.is_tcp()) return nullptr;
  return std::make_unique<RawParser>(session, outputs);
}

}  // namespace unspool
