#include "pipeline/follower.h"

#include <algorithm>
#include <exception>

namespace unspool {
namespace {

constexpr std::size_t index(Side side) { return static_cast<std::size_t>(side); }

/// What of the chunk stands at this offset or behind it, if anything.
std::optional<Chunk> behind(const Chunk& chunk, std::uint64_t at) {
  if (at >= chunk.offset + chunk.length()) return std::nullopt;
  Chunk rest = chunk;
  if (at <= chunk.offset) return rest;
  rest.offset = at;
  if (chunk.is_gap()) {
    rest.missing -= at - chunk.offset;
  } else {
    rest.bytes = chunk.bytes.subspan(at - chunk.offset);
  }
  return rest;
}

}  // namespace

Follower::Follower(const Session& session, std::vector<OfferedProtocol>& protocols, Outputs& outputs,
                   const Expectation* expected)
    : session_{session}, protocols_{protocols}, outputs_{outputs} {
  for (OfferedProtocol& offer : protocols_) {
    if (offer.protocol->stance() != Protocol::Stance::observer || !offered(offer)) continue;
    if (auto parser = start(*offer.protocol)) observers_.push_back(std::move(parser));
  }
  if (expected == nullptr) {
    begin_probe();
    return;
  }
  try {
    owner_ = expected->follow(session_, outputs_);
    started_ += owner_ ? 1U : 0U;
  } catch (...) {
    ++started_;
    ++failed_;
  }
}

bool Follower::offered(OfferedProtocol& protocol) { return !protocol.when || protocol.when->matches(session_); }

std::unique_ptr<Parser> Follower::start(Protocol& protocol) {
  try {
    auto parser = protocol.follow(session_, outputs_);
    started_ += parser ? 1U : 0U;
    return parser;
  } catch (...) {
    ++started_;
    ++failed_;
    return nullptr;
  }
}

/// Whether the parser goes on; one that has enough or throws is let go.
template <class Call>
bool Follower::call(std::unique_ptr<Parser>& parser, const Call& call) {
  try {
    if (call(*parser) == Appetite::more) return true;
  } catch (...) {
    ++failed_;
  }
  parser.reset();
  return false;
}

template <class Call>
void Follower::each(std::vector<std::unique_ptr<Parser>>& parsers, const Call& what) {
  std::erase_if(parsers, [&](std::unique_ptr<Parser>& parser) { return !call(parser, what); });
}

// ---- what happens

void Follower::on_chunk(const Chunk& chunk) {
  each(observers_, [&](Parser& parser) { return parser.on_chunk(chunk); });
  give(chunk);
}

/// To the owner or to those who take the rest; or on to the probe.
void Follower::give(const Chunk& chunk) {
  if (probe_) return probe(chunk);
  each(rest_, [&](Parser& parser) { return parser.on_chunk(chunk); });
  if (!owner_) return;
  const bool goes_on = call(owner_, [&](Parser& parser) { return parser.on_chunk(chunk); });
  if (handed_over_) return give_to_next(chunk, *std::exchange(handed_over_, std::nullopt));
  if (!goes_on) return ahead_.reset();
  given_.end[index(chunk.from)] = chunk.offset + chunk.length();
  keep(chunk);
}

void Follower::on_fin(Side side) {
  each(observers_, [&](Parser& parser) {
    parser.on_fin(side);
    return Appetite::more;
  });
  give_fin(side);
}

void Follower::give_fin(Side side) {
  const auto fin = [&](Parser& parser) {
    parser.on_fin(side);
    return Appetite::more;
  };
  each(rest_, fin);
  if (owner_ && !call(owner_, fin)) ahead_.reset();
  given_.fin[index(side)] |= owner_ != nullptr;
  if (probe_) probe_->kept.push_back({.chunk = {.from = side}, .bytes = {}, .fin = true});
}

void Follower::on_end(Ending ending) {
  while (probe_) {  // whose session it is now may hand it over
    const Opening opening{.first = {as_bytes(probe_->first[0]), as_bytes(probe_->first[1])}, .last_chance = true};
    if (!ask(opening)) settle(nullptr);
  }
  const auto end = [&](Parser& parser) {
    parser.on_end(ending);
    return Appetite::enough;
  };
  each(observers_, end);
  each(rest_, end);
  if (owner_) call(owner_, end);
}

// ---- what is handed over

void Follower::keep_from(Side side, std::uint64_t at) {
  if (!ahead_) ahead_ = std::make_unique<Ahead>();
  if (!ahead_->from[index(side)]) ahead_->from[index(side)] = at;
}

void Follower::keep(const Chunk& chunk) {
  if (!ahead_ || ahead_->full || !ahead_->from[index(chunk.from)]) return;
  std::optional<Chunk> rest = behind(chunk, *ahead_->from[index(chunk.from)]);
  if (!rest) return;
  const std::size_t room = Outputs::kMostAhead - ahead_->bytes;
  ahead_->full = rest->bytes.size() > room || ahead_->kept.size() + 1 >= Outputs::kMostChunksAhead;
  rest->bytes = rest->bytes.first(std::min(rest->bytes.size(), room));
  if (rest->length() == 0) return;
  ahead_->bytes += rest->bytes.size();
  ahead_->kept.push_back({.chunk = *rest, .bytes = std::string{as_text(rest->bytes)}});
}

/// The session is somebody else's from `at` on, which lies before or in the chunk at hand.
void Follower::give_to_next(const Chunk& chunk, const std::array<std::uint64_t, 2>& at) {
  std::unique_ptr<Ahead> ahead = std::move(ahead_);
  const Given before = std::exchange(given_, Given{.end = at});
  owner_.reset();
  begin_probe();
  if (probe_ && ++hand_overs_ > kMostHandOvers) settle(nullptr);
  give_again(ahead ? std::move(ahead->kept) : std::vector<Kept>{}, before, at, chunk.seen);
  if (const std::optional<Chunk> rest = behind(chunk, at[index(chunk.from)])) give(*rest);
}

/// What the last owner was given too, from `next` on: what was kept as it came, and the rest as a gap.
void Follower::give_again(std::vector<Kept> ahead, const Given& before, std::array<std::uint64_t, 2> next,
                          Timestamp now) {
  const auto give_gap = [&](Side side, std::uint64_t end) {
    std::uint64_t& begin = next[index(side)];
    if (begin >= end) return;
    give({.from = side, .cause = Cause::limit, .offset = begin, .missing = end - begin, .seen = now});
    begin = end;
  };
  for (Kept& kept : ahead) {
    const Side side = kept.chunk.from;
    kept.chunk.bytes = as_bytes(kept.bytes);
    const std::optional<Chunk> rest = behind(kept.chunk, next[index(side)]);
    if (!rest) continue;
    give_gap(side, rest->offset);
    give(*rest);
    next[index(side)] = rest->offset + rest->length();
  }
  for (const Side side : {Side::client, Side::server}) {
    give_gap(side, before.end[index(side)]);
    if (before.fin[index(side)]) give_fin(side);
  }
}

// ---- whose it is

void Follower::begin_probe() {
  auto probe = std::make_unique<Probe>();
  bool anybody = false;
  for (std::size_t i = 0; i < protocols_.size(); ++i) {
    const auto stance = protocols_[i].protocol->stance();
    if (stance == Protocol::Stance::observer || !offered(protocols_[i])) continue;
    anybody = true;
    if (stance == Protocol::Stance::owner) probe->candidates.push_back(static_cast<std::uint16_t>(i));
  }
  if (!anybody) return;
  probe_ = std::move(probe);
  if (probe_->candidates.empty()) settle(nullptr);
}

void Follower::probe(const Chunk& chunk) {
  Probe& p = *probe_;
  std::string& first = p.first[index(chunk.from)];
  p.gap[index(chunk.from)] |= chunk.is_gap();
  Opening opening{.first = {as_bytes(p.first[0]), as_bytes(p.first[1])},
                  .last_chance = p.kept.size() + 1 >= Opening::kMostChunks};
  if (!p.gap[index(chunk.from)]) {
    const Bytes more = chunk.bytes.first(std::min(chunk.bytes.size(), Opening::kMostBytes - first.size()));
    opening.last_chance |= first.size() + chunk.bytes.size() >= Opening::kMostBytes;
    if (first.empty()) {
      opening.first[index(chunk.from)] = more;  // most sessions are known by their first chunk: nothing is copied
    } else {
      first += as_text(more);
      opening.first[index(chunk.from)] = as_bytes(first);
    }
  }
  bool settled = ask(opening);
  if (!settled && opening.last_chance) {
    settle(nullptr);
    settled = true;
  }
  if (settled) return give(chunk);
  if (first.empty() && !p.gap[index(chunk.from)]) first = as_text(opening.first[index(chunk.from)]);
  p.kept.push_back({.chunk = chunk, .bytes = std::string{as_text(chunk.bytes)}});
}

/// One that throws does not know it.
Claim Follower::claim(const Protocol& protocol, const Opening& opening) {
  try {
    return protocol.claim(session_, opening);
  } catch (...) {
    ++failed_;
    return Claim::no;
  }
}

/// Whether the session is settled now.
bool Follower::ask(const Opening& opening) {
  auto& candidates = probe_->candidates;
  for (auto at = candidates.begin(); at != candidates.end();) {
    switch (claim(*protocols_[*at].protocol, opening)) {
      case Claim::yes: settle(&protocols_[*at]); return true;
      case Claim::unsure: ++at; break;
      case Claim::no: at = candidates.erase(at); break;
    }
  }
  if (!candidates.empty()) return false;
  settle(nullptr);
  return true;
}

/// From here on the session is `owner`'s, or, without one, of those who take the rest. They are given what was kept.
void Follower::settle(OfferedProtocol* owner) {
  const std::unique_ptr<Probe> probe = std::move(probe_);
  if (owner != nullptr) {
    claimed_by_.push_back(owner->protocol.get());
    owner_ = start(*owner->protocol);
  } else {
    for (OfferedProtocol& offer : protocols_) {
      if (offer.protocol->stance() != Protocol::Stance::rest || !offered(offer)) continue;
      if (auto parser = start(*offer.protocol)) rest_.push_back(std::move(parser));
    }
  }
  for (Kept& kept : probe->kept) {
    kept.chunk.bytes = as_bytes(kept.bytes);
    kept.fin ? give_fin(kept.chunk.from) : give(kept.chunk);
  }
}

}  // namespace unspool
