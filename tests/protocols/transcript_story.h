// Conversations that are told by hand, and the transcripts that come of them:
//
//   Story story;
//   story.client("Who is there?\r\n").server_lacks(5, Cause::snaplen).end();
//   plain(story.conversation())
#pragma once

#include <array>
#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "protocols/transcript.h"

namespace unspool::test {

constexpr Timestamp kStoryTime = timestamp_from_ns(1'162'491'300'123'456'000);

/// Keeps one page, and what was said of it.
class Desk : public Outputs {
 public:
  std::unique_ptr<Transfer> open_transfer(const Session& session, Side from, std::string_view name,
                                          std::string_view app_proto) override;
  void emit(const Session& session, const Event& event) override;
  void hand_over(const std::array<std::uint64_t, 2>&) override { told += "(handed over)"; }
  void expect(Expectation) override { told += "(expects)"; }
  void limit_reached(std::string_view setting) override { told += "(reached " + std::string{setting} + ")"; }
  bool sheds_transcripts() override { return sheds; }

  std::string page;
  bool sheds = false;
  std::string told;  // "[app_proto side name]." once it is closed, "..." if it never was; events as {type members}
};

Endpoint endpoint(std::initializer_list<std::uint8_t> address, std::uint16_t port);

/// Client 10.0.0.1:49152, server 10.0.0.2:4000, begun at kStoryTime with a SYN.
Session session(std::uint8_t transport = 6, VlanStack vlans = {});

/// A session that is told by hand, one step 10 ms after the other.
class Story {
 public:
  explicit Story(TranscriptSettings settings = {}, const Session& who = session())
      : session_{who}, transcript_{settings} {
    parser_ = transcript_.follow(session_, desk_);
  }

  Story& client(std::string_view text) { return say({.from = Side::client}, text); }
  Story& server(std::string_view text) { return say({.from = Side::server}, text); }
  Story& after_reset(std::string_view text) { return say({.from = Side::server, .after_rst = true}, text); }
  Story& client_lacks(std::uint64_t length, Cause cause) { return lack(Side::client, length, cause); }
  Story& server_lacks(std::uint64_t length, Cause cause) { return lack(Side::server, length, cause); }
  Story& pause(Duration duration) { return now_ += duration, *this; }
  Story& begin_at(std::uint64_t client, std::uint64_t server) { return offsets_ = {client, server}, *this; }
  Story& at_once() { return step_ = {}, *this; }
  Story& fin(Side side) {
    parser_->on_fin(side);
    return *this;
  }
  Story& shed(bool sheds) { return desk_.sheds = sheds, *this; }
  Story& end(Ending ending = Ending::closed) {
    if (parser_) parser_->on_end(ending);
    parser_.reset();
    return *this;
  }

  const std::string& page() const { return desk_.page; }
  const std::string& told() const { return desk_.told; }
  /// The conversation alone.
  std::string conversation() const {
    const std::size_t begin = page().find("<main>\n") + 7;
    return page().substr(begin, page().find("</main>") - begin);
  }
  std::string foot() const { return page().substr(page().find("<footer>")); }

 private:
  Story& say(Chunk chunk, std::string_view text) {
    const std::string copy{text};  // gone when the call returns
    now_ += step_;
    session_.last = chunk.seen = now_;
    chunk.bytes = as_bytes(copy);
    return give(chunk);
  }
  Story& lack(Side from, std::uint64_t length, Cause cause) {
    return give({.from = from, .cause = cause, .missing = length, .seen = now_ + std::chrono::hours(1)});
  }
  Story& give(Chunk& chunk) {
    std::uint64_t& offset = offsets_[static_cast<std::size_t>(chunk.from)];
    chunk.offset = offset;
    offset += chunk.length();
    if (parser_ && parser_->on_chunk(chunk) == Appetite::enough) parser_.reset();
    return *this;
  }
  Story& give(Chunk&& chunk) { return give(chunk); }

  Session session_;
  Desk desk_;
  Transcript transcript_;
  std::unique_ptr<Parser> parser_;
  std::array<std::uint64_t, 2> offsets_{};
  Timestamp now_ = kStoryTime;
  Duration step_ = std::chrono::milliseconds(10);
};

/// What stands between the tags, a turn a line: "Client +0.010 s|text", a gap in brackets, a direction in parentheses.
std::string plain(std::string_view html);
/// The names of the elements that begin in it, each once, in order of the alphabet.
std::string elements_of(std::string_view html);

}  // namespace unspool::test
