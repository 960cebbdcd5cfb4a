#include "support/stream_story.h"

#include <fmt/format.h>

#include <algorithm>

namespace unspool::test {
namespace {

constexpr std::size_t kChunksTold = 1000;  // times and origins of the first

std::string seconds(Timestamp t) { return fmt::format("{:.3f}", static_cast<double>((t - kScriptTime).count()) / 1e9); }

bool content_free(char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; }

/// What repeats `fewest` times or more, once: the shortest pattern from each word on.
std::string folded(const std::vector<std::string>& words, std::size_t fewest) {
  constexpr std::size_t kLongest = 4;
  std::string all;
  for (std::size_t at = 0; at < words.size();) {
    std::size_t length = 1, times = 1;
    for (; length <= kLongest; ++length) {
      for (times = 1; at + (times + 1) * length <= words.size(); ++times) {
        const auto pattern = words.begin() + static_cast<std::ptrdiff_t>(at);
        const auto next = pattern + static_cast<std::ptrdiff_t>(times * length);
        if (!std::equal(pattern, pattern + static_cast<std::ptrdiff_t>(length), next)) break;
      }
      if (times >= fewest) break;
    }
    if (times < fewest) length = times = 1;
    std::string once;
    for (std::size_t i = 0; i < length; ++i) append_word(once, words[at + i]);
    append_word(all, times > 1 ? fmt::format("{{{}}}x{}", once, times) : once);
    at += length * times;
  }
  return all;
}

}  // namespace

void append_word(std::string& text, std::string_view word) {
  if (!text.empty()) text += ' ';
  text += word;
}

void StreamStory::add(const Chunk& chunk, unsigned session) {
  if (tokens_.size() < kChunksTold) {
    append_word(times_, seconds(chunk.seen));
    append_word(origins_, std::to_string(chunk.origin.record));
  }
  Token token{.step = step_,
              .session = session,
              .side = std::string{chunk.from == Side::client ? "C" : "S"} + (chunk.after_rst ? "[after_rst]" : ""),
              .bytes = std::string{as_text(chunk.bytes)},
              .offset = chunk.offset,
              .missing = chunk.missing,
              .cause = chunk.cause,
              .gaps = chunk.is_gap() ? 1U : 0U};
  tokens_.push_back(std::move(token));
}

void StreamStory::add_fin(Side side) { add(side == Side::client ? "C.fin" : "S.fin"); }

void StreamStory::add(std::string word) {
  if (tokens_.size() > kChunksTold && tokens_.back().word == word) {
    ++tokens_.back().times;
    return;
  }
  tokens_.push_back({.step = step_, .word = std::move(word)});
}

bool StreamStory::joins(const Token& last, const Token& next) {
  if (!last.word.empty() || !next.word.empty() || last.side != next.side || last.session != next.session) return false;
  return last.gaps == 0 ? next.gaps == 0 : next.gaps > 0 && last.cause == next.cause;
}

std::string StreamStory::text(const Token& token) {
  if (!token.word.empty()) return token.word;
  if (token.gaps > 0) {
    const std::string times = token.gaps > 1 ? fmt::format(" x{}", token.gaps) : "";
    return fmt::format("{}<{} {}{}>", token.side, token.missing, name(token.cause), times);
  }
  std::string text = token.side;
  for (std::size_t i = 0; i < token.bytes.size();) {
    const bool free = content_free(token.bytes[i]);
    std::size_t end = i;
    bool right = true;
    for (; end < token.bytes.size() && content_free(token.bytes[end]) == free; ++end) {
      right = right && (!free || static_cast<std::byte>(token.bytes[end]) == content_at(token.offset + 1 + end));
    }
    if (free) {
      text += fmt::format("+{}{}", end - i, right ? "" : " MISPLACED");
    } else {
      text += '"';
      for (; i < end; ++i) token.bytes[i] == '\0' ? text += "\\0" : text += token.bytes[i];
      text += '"';
    }
    i = end;
  }
  return text;
}

std::string StreamStory::text(const std::vector<Token>& tokens) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < tokens.size();) {
    Token joined = tokens[i++];
    for (; i < tokens.size() && joins(joined, tokens[i]); ++i) {
      joined.bytes += tokens[i].bytes;
      joined.missing += tokens[i].missing;
      joined.gaps += tokens[i].gaps;
    }
    words.insert(words.end(), joined.times, text(joined));
  }
  return folded(words, 3);
}

std::string StreamStory::whole() const { return text(tokens_); }

std::string StreamStory::by_step() const {
  std::vector<std::string> steps;
  auto from = tokens_.begin();
  for (unsigned step = 0; step <= step_; ++step) {
    const auto to = std::find_if(from, tokens_.end(), [&](const Token& t) { return t.step != step; });
    std::string one = text({from, to});
    from = to;
    const bool silent_edge = one.empty() && (step == 0 || step == step_);
    if (silent_edge) continue;
    if (!steps.empty()) steps.emplace_back("/");
    steps.push_back(one.empty() ? "-" : std::move(one));
  }
  return folded(steps, 10);
}

}  // namespace unspool::test
