// The input is what both sides of a session say. However it is cut into packets, the transcript is the same page; that
// is no larger than promised and has no markup but ours; and what both said can be read back from it, byte by byte but
// for what ends a line. The first byte chooses how much may be shown.
#include "protocols/transcript.h"

#include <array>
#include <optional>

#include "base/utf8.h"
#include "fuzz/pieces.h"
#include "fuzz/target.h"
#include "support/protocol_run.h"

namespace unspool::test {
namespace {

/// Keeps the page.
class Desk : public Outputs {
 public:
  std::unique_ptr<Transfer> open_transfer(const Session&, Side, std::string_view, std::string_view) override {
    check(page.empty(), "a second page");
    return std::make_unique<Sheet>(page);
  }
  void emit(const Session&, const Event&) override { give_up("a page says something"); }
  void hand_over(const std::array<std::uint64_t, 2>&) override { give_up("a page hands over"); }
  void expect(Expectation) override { give_up("a page expects something"); }
  void limit_reached(std::string_view) override { give_up("one page is too many"); }
  std::string page;

 private:
  class Sheet : public Transfer {
   public:
    explicit Sheet(std::string& page) : page_{page} {}
    ~Sheet() override { check(closed_, "a page is not whole"); }
    void write(Bytes bytes) override {
      check(!bytes.empty(), "a page is written to in vain");
      page_ += as_text(bytes);
    }
    void write_gap(std::uint64_t, Cause) override { give_up("a page has a gap"); }
    void close() override { closed_ = true; }
    void discard() override { give_up("a page is discarded"); }

   private:
    std::string& page_;
    bool closed_ = false;
  };
};

std::string page_of(std::uint64_t limit, std::span<const Piece> pieces, std::size_t most) {
  Transcript transcript{{.of = TranscriptOf::all, .bytes = limit, .sessions = 1}};
  Session session = session_at(4000);
  Desk desk;
  PieceFeeder feeder{transcript.follow(session, desk), session};
  feeder.feed(pieces, most);
  feeder.end(Ending::closed);
  check(feeder.failure().empty(), feeder.failure());
  return std::move(desk.page);
}

/// Reads a page's conversation as somebody would who knows what its elements mean.
class PageReader {
 public:
  /// Of each side, without CR.
  std::array<std::string, 2> said;

  explicit PageReader(std::string_view conversation) : rest_{conversation} {
    while (!rest_.empty()) rest_[0] == '<' ? element() : text();
  }

 private:
  static constexpr std::array<std::string_view, 33> kNames{
      "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT",  "LF",  "VT", "FF", "CR", "SO", "SI", "DLE",
      "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US", "SP"};

  std::string_view take(std::size_t n) {
    const std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view take_until(std::string_view end) {
    const std::size_t at = rest_.find(end);
    check(at != rest_.npos, "an element does not end");
    const std::string_view taken = take(at);
    rest_.remove_prefix(end.size());
    return taken;
  }
  void say(std::string_view bytes) {
    check(side_.has_value(), "bytes of nobody");
    for (const char c : bytes) {
      if (c != '\r') said[static_cast<std::size_t>(*side_)] += c;
    }
  }
  void element() {
    const std::string_view tag = take(rest_.find('>') + 1);
    if (tag == "<article class=client>" || tag == "<article class=server>") {
      check(!side_, "a turn in a turn");
      side_ = tag.find("client") != tag.npos ? Side::client : Side::server;
      take_until("</h2>\n");
    } else if (tag == "</article>") {
      check(side_ && !in_text_, "an end of no turn");
      side_.reset();
    } else if (tag == "<pre>") {
      in_text_ = true;
      check(take(1) == "\n", "text begins at once");
    } else if (tag == "</pre>") {
      check(in_text_, "an end of no text");
      in_text_ = false;
    } else if (tag == "<pre class=hex>") {
      for (std::string_view dump = take_until("</pre>").substr(1); !dump.empty();) row(dump);
    } else if (tag == "<b>") {
      check(in_text_, "a name outside of text");
      name(take_until("</b>"));
    } else if (tag == "<p>" || tag.starts_with("<p class=gap ")) {
      check(!in_text_, "a note in text");
      take_until("</p>\n");
    } else {
      give_up("markup that is not ours: " + std::string{tag});
    }
  }
  /// One character, or what stands for one.
  void text() {
    if (!in_text_) {
      check(take(1) == "\n", "text outside of turns");
      return;
    }
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kEscapes{
        {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}}};
    for (const auto& [escaped, meaning] : kEscapes) {
      if (!rest_.starts_with(escaped)) continue;
      say(meaning);
      rest_.remove_prefix(escaped.size());
      return;
    }
    check(rest_[0] != '&' && rest_[0] != '>' && rest_[0] != '"' && rest_[0] != '\'', "what is no text stands as text");
    const bool blank = rest_[0] == '\n' || rest_[0] == '\t';
    check(blank || printable(rest_) > 0, "what cannot be seen stands as text");
    say(take(blank ? 1 : printable(rest_)));
  }
  void name(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      if (name == kNames[i]) return say(std::string(1, static_cast<char>(i)));
    }
    if (name == "DEL") return say("\x7f");
    const auto code = static_cast<std::uint32_t>(std::stoul(std::string{name.substr(2)}, nullptr, 16));
    if (name.starts_with("\\x")) return say(std::string(1, static_cast<char>(code)));
    check(name.starts_with("U+"), "a character of no name");
    say(utf8(code));
  }
  static std::string utf8(std::uint32_t code) {
    const auto tail = [=](unsigned shift) { return static_cast<char>(0x80U | (code >> shift & 0x3fU)); };
    if (code < 0x80) return std::string(1, static_cast<char>(code));
    if (code < 0x800) return {static_cast<char>(0xc0U | code >> 6U), tail(0)};
    if (code < 0x10000) return {static_cast<char>(0xe0U | code >> 12U), tail(6), tail(0)};
    return {static_cast<char>(0xf0U | code >> 18U), tail(12), tail(6), tail(0)};
  }
  /// "<i>00000010</i>  89 50 ...  .PNG"
  void row(std::string_view& dump) {
    const std::size_t end = dump.find('\n');
    check(end != dump.npos && dump.starts_with("<i>"), "a row that is none");
    const std::size_t begin = dump.find("</i> ") + 5;
    for (unsigned i = 0; i < 16; ++i) {
      const std::string_view digits = dump.substr(begin + 3 * i + (i < 8 ? 1 : 2), 2);
      if (digits != "  ") say(std::string(1, static_cast<char>(std::stoul(std::string{digits}, nullptr, 16))));
    }
    dump.remove_prefix(end + 1);
  }

  std::string_view rest_;
  std::optional<Side> side_;
  bool in_text_ = false;
};

void read_back(std::string_view page, std::span<const Piece> pieces) {
  std::array<std::string, 2> said;
  for (const Piece& piece : pieces) {
    if (piece.kind == Piece::Kind::bytes) said[static_cast<std::size_t>(piece.from)] += as_text(piece.bytes);
  }
  const std::size_t begin = page.find("<main>\n") + 7;
  const PageReader reader{page.substr(begin, page.find("</main>") - begin)};
  for (const std::size_t side : {0U, 1U}) {
    std::erase(said[side], '\r');
    check_same(reader.said[side], said[side], "what was said is not on the page");
  }
}

}  // namespace
}  // namespace unspool::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace unspool::test;
  unspool::Cursor input{std::as_bytes(std::span{data, size})};
  const unsigned how = input.get<std::uint8_t>();
  const std::uint64_t limit = how < 128 ? 1U << 20U : (how - 127U) * 30U;
  const auto pieces = draw_pieces(input);
  const std::string page = page_of(limit, pieces, kAsTheyAre);
  if (page.empty()) {
    for (const Piece& piece : pieces) check(piece.bytes.empty() && piece.missing == 0, "what was said has no page");
    return 0;
  }
  constexpr std::size_t kAround = 16'000;  // the head and the foot
  check(page.size() < kAround + 12 * limit, "a page is larger than it may be");
  for (const std::size_t most : {std::size_t{1}, std::size_t{5}, kJoined}) {
    check_same(page_of(limit, pieces, most), page, "how it is cut makes a difference");
  }
  if (page.find("Here this page has reached its limit") == page.npos) read_back(page, pieces);
  return 0;
}
