// The input is what stands in an HTTP body. First byte odd: a multipart body, with gaps; even: one that is coded.
// Whatever it is: how it is cut makes no difference, no more comes out than may, and no part is left open.
#include <algorithm>

#include "fuzz/pieces.h"
#include "fuzz/target.h"
#include "protocols/content_coding.h"
#include "protocols/multipart.h"

namespace unspool::test {
namespace {

// ---- multipart

constexpr HttpLimits kNarrow{.part_header_bytes = 60, .boundary_bytes = 20};

class Parts : public Multipart::Reader {
 public:
  explicit Parts(const HttpLimits& limits) : limits_{limits} {}

  void on_part(const HttpFields& fields) override {
    check(!open_, "a part in a part");
    open_ = true;
    told_ += "part ";
    for (const char* name : {"content-disposition", "content-type", "content-range"}) {
      const std::string_view value = fields.first(name);
      check(value.size() <= limits_.part_header_bytes, "a header longer than it may be");
      told_ += value;
      told_ += '|';
    }
  }
  void on_part_bytes(Bytes bytes) override {
    check(open_ && !bytes.empty(), "bytes of no part");
    hash_.add(bytes);
    size_ += bytes.size();
  }
  void on_part_end(bool whole) override {
    check(open_, "an end of no part");
    open_ = false;
    told_ += std::to_string(size_) + " #" + std::to_string(hash_.value()) + (whole ? " whole\n" : " cut\n");
    hash_ = {};
    size_ = 0;
  }
  const std::string& told() const {
    check(!open_, "a part without an end");
    return told_;
  }

 private:
  const HttpLimits& limits_;
  std::string told_;
  Hash hash_;
  std::uint64_t size_ = 0;
  bool open_ = false;
};

std::string parts_of(std::string_view boundary, const HttpLimits& limits, std::span<const Piece> pieces,
                     std::size_t most) {
  Parts parts{limits};
  Multipart multipart{boundary, parts, limits};
  for (const Piece& piece : pieces) {
    if (piece.kind == Piece::Kind::gap) multipart.pass_gap();
    for (Bytes rest = piece.bytes; !rest.empty(); rest = rest.subspan(std::min(most, rest.size()))) {
      const Bytes part = rest.first(std::min(most, rest.size()));
      const std::vector<std::byte> copy{part.begin(), part.end()};
      multipart.feed(copy);
    }
  }
  multipart.finish();
  return parts.told();
}

void take_apart(bool narrow, Cursor& input) {
  const HttpLimits usual;
  const HttpLimits& limits = narrow ? kNarrow : usual;
  const std::size_t length = input.get<std::uint8_t>() % limits.boundary_bytes + 1;
  const std::string boundary{as_text(input.take(std::min(length, input.left())))};
  if (boundary.empty() || boundary.find('\n') != boundary.npos) return;  // of a header's line
  const std::vector<Piece> pieces = draw_pieces(input);
  const std::string as_it_is = parts_of(boundary, limits, pieces, SIZE_MAX);
  for (const std::size_t most : {std::size_t{1}, std::size_t{3}}) {
    check_same(parts_of(boundary, limits, pieces, most), as_it_is, "how it is cut makes a difference");
  }
}

// ---- coded

struct Decoded {
  Decoding::Verdict verdict = Decoding::Verdict::good;
  bool done = false;
  std::uint64_t size = 0;
  Hash hash;
};

Decoded decode(const std::vector<ContentCoding>& codings, const HttpLimits& limits, Bytes coded, std::size_t most) {
  constexpr std::size_t kBuffer = std::size_t{16} << 10U;
  constexpr std::size_t kWindows = std::size_t{80} << 20U;  // 16 MiB and some more for each of three codings
  const std::size_t heap_before = heap_in_use();
  Decoded decoded;
  Decoding decoding{codings, limits, [&](Bytes bytes) {
                      check(!bytes.empty(), "nothing was decoded, and is told");
                      decoded.hash.add(bytes);
                      decoded.size += bytes.size();
                    }};
  std::uint64_t used = 0;
  while (!coded.empty() && decoded.verdict == Decoding::Verdict::good) {
    const Bytes part = coded.first(std::min(most, coded.size()));
    const std::vector<std::byte> copy{part.begin(), part.end()};
    Bytes rest{copy};
    decoded.verdict = decoding.feed(rest);
    check(decoded.verdict != Decoding::Verdict::good || rest.empty(), "what is good was not used");
    used += part.size() - rest.size();
    coded = coded.subspan(part.size());
    check(decoded.size <= limits.decoded_bytes + kBuffer, "more is decoded than may be");
    const std::uint64_t by_ratio = std::max(limits.decoded_free, (used + 1) * (limits.decoded_ratio + 1)) + kBuffer;
    check(decoded.size <= by_ratio, "more is decoded than its ratio allows");
    check(heap_in_use() <= heap_before + kWindows, "decoding keeps too much");
  }
  check(decoding.made_any() == (decoded.size > 0), "whether anything was decoded is not so");
  decoded.done = decoding.done();
  return decoded;
}

void undo(unsigned how, Cursor& input) {
  std::vector<ContentCoding> codings;
  for (unsigned i = 0; i <= how % 3; ++i) codings.push_back(static_cast<ContentCoding>(how >> (2 + 2 * i) & 3U));
  const HttpLimits limits{.decoded_bytes = 200'000, .decoded_ratio = 50, .decoded_free = 20'000};
  const Decoded in_pieces = decode(codings, limits, input.rest(), 1);
  for (const std::size_t most : {std::size_t{11}, SIZE_MAX}) {
    const Decoded decoded = decode(codings, limits, input.rest(), most);
    // What is corrupt or a bomb shows at another place when more is looked at at once: bodies come in blocks for that.
    if (decoded.verdict != Decoding::Verdict::good || in_pieces.verdict != Decoding::Verdict::good) continue;
    check(decoded.size == in_pieces.size && decoded.hash.value() == in_pieces.hash.value(), "it is decoded otherwise");
    check(decoded.done == in_pieces.done, "whether that is all is not so");
  }
}

}  // namespace
}  // namespace unspool::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace unspool::test;
  unspool::Cursor input{std::as_bytes(std::span{data, size})};
  const unsigned how = input.get<std::uint8_t>();
  if (how % 2 == 1) {
    take_apart((how & 2U) != 0, input);
  } else {
    undo(how / 2 | unsigned{input.get<std::uint8_t>()} << 7U, input);
  }
  return 0;
}
