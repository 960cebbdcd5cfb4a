#include "plugin/conversation.h"

#include <algorithm>
#include <array>

namespace unspool {

using Progress = Input::Progress;

Progress Followed::Next::check() {
  progress_ = Progress::end;
  for (const Side side : {Side::client, Side::server}) {
    Input& input = session_.input(side);
    if (input.ignored()) continue;
    const Progress here = input.has(1);
    if (here == Progress::end) continue;
    side_ = side;
    progress_ = here;
    if (here != Progress::waits) break;
  }
  return progress_;
}

std::optional<Chunk> Followed::Next::await_resume() {
  for (Input& input : session_.inputs_) input.forget(*this);
  if (progress_ == Progress::end) return std::nullopt;
  Input& input = session_.input(side_);
  Chunk chunk{.from = side_,
              .more = session_.more_,
              .offset = input.offset(),
              .seen = session_.seen_,
              .origin = session_.origin_};
  if (progress_ == Progress::gap) {
    const Gap gap = input.pass_gap();
    chunk.cause = gap.cause;
    chunk.missing = gap.length;
  } else {
    chunk.bytes = input.take(input.now().size());
  }
  return chunk;
}

/// The parser under conversations.
class Conversed : public Parser {
 public:
  Conversed(const Session& session, Outputs& outputs, std::string_view app_proto)
      : followed_{session, outputs, app_proto} {}

  void start(std::size_t place, Talk talk) {
    talks_[place] = std::move(talk);
    strands_[place].emplace(talks_[place](followed_));
    strands_[place]->run();
  }

  Appetite on_chunk(const Chunk& chunk) override {
    followed_.seen_ = chunk.seen;
    followed_.more_ = chunk.more;
    if (!chunk.is_gap()) followed_.origin_ = chunk.origin;
    Input& input = followed_.input(chunk.from);
    input.feed(chunk);
    input.settle();
    return appetite();
  }
  void on_fin(Side side) override {
    followed_.input(side).finish(true);
    appetite();
  }
  void on_end(Ending) override {
    for (const Side side : {Side::client, Side::server}) followed_.input(side).finish(false);
    appetite();
  }

 private:
  /// Throws what a conversation threw, if that is a failure.
  Appetite appetite() {
    bool all_done = true;
    for (auto& strand : strands_) {
      if (!strand) continue;
      all_done &= strand->done();
      if (strand->done()) judge(*strand);
    }
    return all_done ? Appetite::enough : Appetite::more;
  }
  static void judge(const Strand& strand) {
    if (!strand.failure()) return;
    try {
      std::rethrow_exception(strand.failure());
    } catch (const EndOfStream&) {
    } catch (const Gap&) {
    }
  }

  Followed followed_;
  std::array<Talk, 2> talks_;                     // a lambda's captures are read by its coroutine
  std::array<std::optional<Strand>, 2> strands_;  // destroyed before what their reads look at
};

std::unique_ptr<Parser> converse(const Session& session, Outputs& outputs, std::string_view app_proto, Talk talk) {
  auto parser = std::make_unique<Conversed>(session, outputs, app_proto);
  parser->start(0, std::move(talk));
  return parser;
}

std::unique_ptr<Parser> converse(const Session& session, Outputs& outputs, std::string_view app_proto, Talk client,
                                 Talk server) {
  auto parser = std::make_unique<Conversed>(session, outputs, app_proto);
  parser->start(0, std::move(client));
  parser->start(1, std::move(server));
  return parser;
}

}  // namespace unspool
