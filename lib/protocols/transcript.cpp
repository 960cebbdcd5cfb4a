#include "protocols/transcript.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/json.h"
#include "protocols/transcript_page.h"
#include "protocols/typesetter.h"

namespace unspool {
namespace {

/// A silence of this length is said, and parts what one side says.
constexpr Duration kPause = std::chrono::seconds(1);
/// What a turn, a gap or a direction counts as: about its markup's share of a page.
constexpr std::uint64_t kMarkup = 64;

}  // namespace

class TranscriptParser : public Parser {
 public:
  TranscriptParser(Transcript& transcript, const Session& session, Outputs& outputs)
      : transcript_{transcript}, session_{session}, outputs_{outputs} {}

  Appetite on_chunk(const Chunk& chunk) override {
    if (!full_ && outputs_.sheds_transcripts()) return cut_short();
    if (!page_ && !open()) return Appetite::enough;
    SideTotals& totals = totals_[static_cast<std::size_t>(chunk.from)];
    totals.bytes += chunk.bytes.size();
    totals.missing += chunk.missing;
    totals.gaps += chunk.is_gap() ? 1U : 0U;
    if (full_) {
      totals.left_out += chunk.bytes.size();
    } else {
      tell(chunk);
      write();
    }
    return Appetite::more;
  }

  void on_fin(Side side) override {
    totals_[static_cast<std::size_t>(side)].closed = true;
    if (!page_ || full_) return;
    direct(fmt::format("The {} closes its stream.", name(side)));
    write();
  }

  void on_end(Ending ending) override {
    if (!page_) return;
    end_turn();
    out_ += page_foot(session_, ending, totals_);
    write();
    page_->close();
  }

 private:
  struct Turn {
    Side from;
    bool after_reset;
    bool timed;
  };

  bool open() {
    if (!transcript_.admit(outputs_)) return false;
    page_ = outputs_.open_transfer(session_, Side::client, "transcript.html", transcript_.name());
    page_->keep_under_load();
    out_ = page_head(session_);
    return true;
  }

  /// What it has told stays; without an end.
  Appetite cut_short() {
    if (page_) {
      direct(
          "Here this page ends, and the conversation goes on: more came than could be followed, so transcripts were "
          "left out (overload.shed). Its flow event tells how much there was.");
      write();
    }
    return Appetite::enough;
  }

  void tell(const Chunk& chunk) {
    std::uint64_t& told = told_[static_cast<std::size_t>(chunk.from)];
    if (chunk.offset > told) {
      direct(fmt::format("{} of the {} before this belong to another protocol.",
                         in_words(chunk.offset - told, "byte", "bytes"), name(chunk.from)));
    }
    told = chunk.offset + chunk.length();
    if (spent_ >= transcript_.settings_.bytes) return stop(chunk, 0);
    part_turns(chunk);
    if (spent_ >= transcript_.settings_.bytes) return stop(chunk, 0);
    if (!turn_) begin_turn(chunk);
    if (chunk.is_gap()) return tell_gap(chunk);
    const auto length =
        static_cast<std::size_t>(std::min<std::uint64_t>(chunk.bytes.size(), transcript_.settings_.bytes - spent_));
    typesetter_.add(chunk.offset, chunk.bytes.first(length));
    spent_ += length;
    if (length < chunk.bytes.size()) stop(chunk, length);
  }

  void tell_gap(const Chunk& chunk) {
    typesetter_.finish();
    out_ += gap_note(chunk.missing, chunk.cause);
    spent_ += kMarkup;
  }

  /// Ends the turn at hand unless it is the chunk's. Only bytes have a time: a gap's says when it became final.
  void part_turns(const Chunk& chunk) {
    const bool inside_character = turn_ && turn_->from == chunk.from && typesetter_.inside_character();
    const auto silence = last_ && !chunk.is_gap() ? between(*last_, chunk.seen) : std::chrono::microseconds::zero();
    if (silence >= kPause && !inside_character) direct(fmt::format("{} later", in_words(silence)));
    if (!chunk.is_gap()) last_ = std::max(last_.value_or(chunk.seen), chunk.seen);
    const bool goes_on =
        turn_ && turn_->from == chunk.from && turn_->after_reset == chunk.after_rst && (turn_->timed || chunk.is_gap());
    if (!goes_on) end_turn();
  }

  void begin_turn(const Chunk& chunk) {
    turn_ = Turn{.from = chunk.from, .after_reset = chunk.after_rst, .timed = !chunk.is_gap()};
    out_ += turn_begin(session_, chunk.from, turn_->timed ? std::optional{chunk.seen} : std::nullopt, chunk.after_rst);
  }

  /// Its markup counts from here on, so that how much of it is shown does not hang on the packets it came in.
  void end_turn() {
    if (!turn_) return;
    typesetter_.finish();
    out_ += kTurnEnd;
    spent_ += kMarkup;
    turn_.reset();
  }

  void direct(std::string_view text) {
    end_turn();
    out_ += direction(text);
    spent_ += kMarkup;
  }

  /// From byte `at` of this chunk on, nothing more is shown.
  void stop(const Chunk& chunk, std::size_t at) {
    direct(fmt::format("Here this page has reached its limit of {}. How much follows stands at the end.",
                       in_words(transcript_.settings_.bytes, "byte", "bytes")));
    totals_[static_cast<std::size_t>(chunk.from)].left_out += chunk.bytes.size() - at;
    full_ = true;
  }

  void write() {
    if (out_.empty()) return;  // what was said is undecided yet
    page_->write(as_bytes(out_));
    out_.clear();
  }

  Transcript& transcript_;
  const Session& session_;
  Outputs& outputs_;
  std::unique_ptr<Transfer> page_;  // from the first chunk on
  std::string out_;                 // of the page, not written yet
  Typesetter typesetter_{out_};
  std::optional<Turn> turn_;
  std::optional<Timestamp> last_;        // when the latest bytes were seen
  std::array<std::uint64_t, 2> told_{};  // by Side: offset behind its last chunk
  std::array<SideTotals, 2> totals_;     // by Side
  std::uint64_t spent_ = 0;              // of the limit of bytes
  bool full_ = false;
};

std::unique_ptr<Parser> Transcript::follow(const Session& session, Outputs& outputs) {
  if (!session.is_tcp()) return nullptr;
  return std::make_unique<TranscriptParser>(*this, session, outputs);
}

bool Transcript::admit(Outputs& outputs) {
  if (pages_ < settings_.sessions) return ++pages_, true;
  outputs.limit_reached("transcript.sessions");
  return false;
}

}  // namespace unspool
