// The input is what both sides of a session say, with gaps. Whatever it is, HTTP makes the same of it however it was
// cut into packets, keeps little, and fails never. The first byte chooses limits, port, and whether the beginning is
// missing.
#include "protocols/http.h"

#include "fuzz/ledger.h"
#include "support/protocol_run.h"

namespace unspool::test {
namespace {

constexpr HttpLimits kNarrow{.header_bytes = 300,
                             .chunk_line = 40,
                             .search_bytes = 2000,
                             .search_line = 90,
                             .field_bytes = 60,
                             .unanswered = 3,
                             .codings = 2,
                             .decoded_bytes = 100'000,
                             .decoded_ratio = 20,
                             .decoded_free = 2000,
                             .decoding_prefix = 500,
                             .parts = 3,
                             .part_header_bytes = 100,
                             .boundary_bytes = 20};
constexpr HttpLimits kWide{.decoded_bytes = 1U << 20U, .decoded_free = 64U << 10U};
constexpr std::size_t kDecoders = std::size_t{80} << 20U;  // of the windows that codings may ask for
constexpr std::size_t kParser = std::size_t{1} << 20U;

struct Choice {
  bool narrow, midstream, known_port;
};

std::string told(const Choice& choice, std::span<const Piece> pieces, std::size_t most, std::size_t input) {
  Http http{choice.narrow ? kNarrow : kWide};
  Session session = session_at(choice.known_port ? 80 : 9999, choice.midstream);
  Ledger ledger;
  PieceFeeder feeder{http.follow(session, ledger), session};
  ledger.feeder = &feeder;
  const std::size_t before = heap_in_use();
  for (const Piece& piece : pieces) {
    if (most != kAsTheyAre) break;
    feeder.feed({&piece, 1}, most);
    const std::size_t now = heap_in_use();
    check(now < before + kDecoders + kParser + 64 * input, "HTTP keeps more than it may");
  }
  if (most != kAsTheyAre) feeder.feed(pieces, most);
  feeder.end(Ending::capture_end);
  check(feeder.over(), "HTTP goes on behind the end");
  check(feeder.failure().empty(), feeder.failure());
  return std::move(ledger.told);
}

/// What is recognised by its first bytes is not taken for something else once there are more.
void check_claim(const Choice& choice, std::span<const Piece> pieces) {
  std::array<std::string, 2> first;
  for (const Piece& piece : pieces) {
    if (piece.kind == Piece::Kind::bytes) first[static_cast<std::size_t>(piece.from)] += as_text(piece.bytes);
  }
  const Session session = session_at(choice.known_port ? 80 : 9999, choice.midstream);
  for (const std::size_t side : {0U, 1U}) {
    Claim before = Claim::unsure;
    for (std::size_t length = 1; length <= std::min<std::size_t>(first[side].size(), 200); ++length) {
      Opening opening;
      opening.first[side] = as_bytes(first[side]).first(length);
      const Claim claim = Http{}.claim(session, opening);
      check(before == Claim::unsure || claim == before, "HTTP changes its mind");
      before = claim;
    }
  }
}

}  // namespace
}  // namespace unspool::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace unspool::test;
  if (size == 0) return 0;
  unspool::Cursor input{std::as_bytes(std::span{data, size})};
  const unsigned how = input.get<std::uint8_t>();
  const Choice choice{.narrow = (how & 1U) != 0, .midstream = (how & 2U) != 0, .known_port = (how & 4U) == 0};
  const auto pieces = draw_pieces(input);
  const std::string as_it_is = told(choice, pieces, kAsTheyAre, size);
  for (const std::size_t most : {std::size_t{1}, std::size_t{7}, kJoined}) {
    check_same(told(choice, pieces, most, size), as_it_is, "how it is cut makes a difference");
  }
  check_claim(choice, pieces);
  return 0;
}
