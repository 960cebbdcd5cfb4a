#include "support/protocol_run.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/dialog.h"

namespace unspool::test {
namespace {

constexpr std::size_t kLongest = 200;  // content that is shown

std::string shown(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto code = static_cast<unsigned char>(c);
    text += code >= 0x20 && code < 0x7f ? std::string(1, c) : fmt::format("\\x{:02x}", code);
  }
  return text;
}

class Page : public Outputs {
 public:
  explicit Page(bool timed) : timed_{timed} {}

  std::unique_ptr<Transfer> open_transfer(const Session&, Side from, std::string_view name, std::string_view) override {
    return std::make_unique<File>(text, fmt::format("{} {}: ", unspool::name(from), shown(name)));
  }
  void emit(const Session&, const Event& event) override {
    std::string members = event.members;
    std::erase(members, '"');
    if (timed_)
      text +=
          fmt::format("+{} ", std::chrono::duration_cast<std::chrono::milliseconds>(event.time - kTestTime).count());
    text += fmt::format("{} {}\n", event.type, members);
  }
  void hand_over(const std::array<std::uint64_t, 2>& at) override {
    text += fmt::format("hand over {} {}\n", at[0], at[1]);
    handed_over = true;
  }
  void expect(Expectation) override { text += "expects\n"; }
  void limit_reached(std::string_view setting) override { text += fmt::format("reached {}\n", setting); }

  std::string text;
  bool handed_over = false;

 private:
  class File : public Transfer {
   public:
    File(std::string& page, std::string begin) : page_{page}, begin_{std::move(begin)} {}
    ~File() override {
      if (discarded_) return;
      const bool is_long = content_.size() > kLongest;
      page_ += begin_ + (is_long ? fmt::format("{} bytes #{:x}", size_, std::hash<std::string>{}(content_)) : content_);
      page_ += closed_ ? "\n" : "...\n";
    }
    void write(Bytes bytes) override {
      EXPECT_FALSE(closed_ || bytes.empty()) << begin_;
      content_ += shown(as_text(bytes));
      size_ += bytes.size();
    }
    void write_gap(std::uint64_t length, Cause cause) override {
      EXPECT_FALSE(closed_ || length == 0) << begin_;
      content_ += fmt::format("<{} {}>", length, unspool::name(cause));
      size_ += length;
    }
    void close() override { closed_ = true; }
    void discard() override { discarded_ = true; }

   private:
    std::string& page_;
    std::string begin_, content_;
    std::uint64_t size_ = 0;
    bool closed_ = false, discarded_ = false;
  };

  bool timed_;
};

/// As a follower does: a parser that has enough, hands over or throws is let go.
class Run {
 public:
  Run(Protocol& protocol, const Session& session, bool timed)
      : session_{session}, page_{timed}, parser_{protocol.follow(session_, page_)} {}

  void play(const Script::Line& line) {
    if (line.fin) return tell([&] { return parser_->on_fin(line.from), Appetite::more; });
    const std::string copy = line.bytes;  // gone when the chunk is
    std::uint64_t& offset = offsets_[static_cast<std::size_t>(line.from)];
    const Chunk chunk{.from = line.from,
                      .cause = Cause::not_captured,
                      .offset = offset,
                      .bytes = as_bytes(copy),
                      .missing = line.missing,
                      .seen = now_};
    tell([&] { return parser_->on_chunk(chunk); });
    offset += chunk.length();
    now_ += std::chrono::milliseconds(1);
  }
  std::string end() {
    tell([&] { return parser_->on_end(Ending::capture_end), Appetite::enough; });
    return std::move(page_.text);
  }

 private:
  template <class Call>
  void tell(const Call& call) {
    if (!parser_) return;
    try {
      if (call() == Appetite::enough || page_.handed_over) parser_.reset();
    } catch (const std::exception& error) {
      parser_.reset();
      page_.text += fmt::format("failed: {}\n", error.what());
    }
  }

  Session session_;
  Page page_;
  std::array<std::uint64_t, 2> offsets_{};
  Timestamp now_ = kTestTime;
  std::unique_ptr<Parser> parser_;
};

}  // namespace

Script Script::cut(std::size_t most) const {
  Script joined;
  for (const Line& line : lines_) {
    const bool joins = !joined.lines_.empty() && joined.lines_.back().from == line.from && !line.bytes.empty() &&
                       !joined.lines_.back().bytes.empty();
    joins ? void(joined.lines_.back().bytes += line.bytes) : joined.lines_.push_back(line);
  }
  Script pieces;
  for (const Line& line : joined.lines_) {
    if (line.bytes.empty()) pieces.add(line);
    for (std::size_t at = 0; at < line.bytes.size(); at += std::min(most, line.bytes.size() - at)) {
      pieces.bytes(line.from, std::string_view{line.bytes}.substr(at, most));
    }
  }
  return pieces;
}

Script Script::without(std::size_t i) const {
  Script script = *this;
  Line& line = script.lines_.at(i);
  if (!line.bytes.empty()) line = {.from = line.from, .missing = line.bytes.size()};
  return script;
}

Session session_at(std::uint16_t port, bool midstream) {
  const auto endpoint = [](std::uint8_t last, std::uint16_t p) {
    IpAddress address{.octets = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, last}};
    return Endpoint{.address = address, .port = p};
  };
  constexpr std::uint8_t kTcp = 6;
  Session session{.key = {kTcp, endpoint(1, 49152), endpoint(2, port), {}}, .start = kTestTime, .last = kTestTime};
  session.midstream = midstream;
  return session;
}

std::string told_once(Protocol& protocol, const Script& script, const Session& session, bool timed) {
  Run run{protocol, session, timed};
  for (const Script::Line& line : script.lines()) run.play(line);
  return run.end();
}

std::string told(Protocol& protocol, const Script& script) {
  const Session session = session_at(80);
  std::string whole = told_once(protocol, script, session);
  for (const std::size_t most : {std::size_t{1}, std::size_t{7}, std::string::npos}) {
    EXPECT_EQ(told_once(protocol, script.cut(most), session), whole) << "in pieces of " << most << " bytes";
  }
  return whole;
}

}  // namespace unspool::test
