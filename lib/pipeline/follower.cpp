#include "pipeline/follower.h"

#include <algorithm>
#include <exception>

namespace unspool {
namespace {

constexpr std::size_t index(Side side) { return static_cast<std::size_t>(side); }

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
  } catch (const std::exception&) {
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
  } catch (const std::exception&) {
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
  } catch (const std::exception&) {
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
  given_[index(chunk.from)] = chunk.offset + chunk.length();
}

/// To the owner or to those who take the rest; or on to the probe.
void Follower::give(const Chunk& chunk) {
  if (probe_) return probe(chunk);
  each(rest_, [&](Parser& parser) { return parser.on_chunk(chunk); });
  if (!owner_) return;
  call(owner_, [&](Parser& parser) { return parser.on_chunk(chunk); });
  if (!handed_over_) return;
  const auto at = *std::exchange(handed_over_, std::nullopt);
  owner_.reset();
  begin_probe();
  pass_on(chunk, at);
}

/// What the owner handed over of the chunk at hand; and as a gap, what it was given before and did not want.
void Follower::pass_on(const Chunk& chunk, const std::array<std::uint64_t, 2>& at) {
  for (const Side side : {Side::client, Side::server}) {
    const std::uint64_t given = given_[index(side)];
    if (at[index(side)] >= given) continue;
    give({.from = side,
          .cause = Cause::limit,
          .offset = at[index(side)],
          .missing = given - at[index(side)],
          .seen = chunk.seen});
  }
  const std::uint64_t from = at[index(chunk.from)];
  if (from >= chunk.offset + chunk.length()) return;
  Chunk rest = chunk;
  const std::uint64_t taken = from > chunk.offset ? from - chunk.offset : 0;
  rest.offset += taken;
  if (chunk.is_gap()) {
    rest.missing -= taken;
  } else {
    rest.bytes = chunk.bytes.subspan(taken);
  }
  give(rest);
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
  if (owner_) call(owner_, fin);
  if (probe_) probe_->kept.push_back({.chunk = {.from = side}, .bytes = {}, .fin = true});
}

void Follower::on_end(Ending ending) {
  if (probe_ && !ask({.first = {as_bytes(probe_->first[0]), as_bytes(probe_->first[1])}, .last_chance = true}))
    settle(nullptr);
  const auto end = [&](Parser& parser) {
    parser.on_end(ending);
    return Appetite::enough;
  };
  each(observers_, end);
  each(rest_, end);
  if (owner_) call(owner_, end);
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

/// Whether the session is settled now.
bool Follower::ask(const Opening& opening) {
  auto& candidates = probe_->candidates;
  for (auto at = candidates.begin(); at != candidates.end();) {
    switch (protocols_[*at].protocol->claim(session_, opening)) {
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
    claimed_by_ = owner->protocol.get();
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
