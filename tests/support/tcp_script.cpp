#include "support/tcp_script.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace unspool::test {
namespace {

using wire::TcpFlags;

constexpr std::size_t index(Side side) { return static_cast<std::size_t>(side); }
std::string letter(Side side) { return side == Side::client ? "C" : "S"; }

}  // namespace

// ---- what came out

void Told::begin() {
  next_ = {};
  gaps_ = {};
  roles_.clear();
  for (History& history : histories_) history = History{settings_.history};
}

void Told::on_roles(unsigned, Roles roles, bool midstream) {
  if (!roles_.empty()) story_.add("ROLES TWICE");
  roles_ = fmt::format("{} by {}", midstream ? "midstream" : "roles", name(roles));
}

void Told::on_chunk(const Chunk& chunk) {
  if (roles_.empty()) story_.add("NO ROLES");
  if (chunk.offset != next_[index(chunk.from)]) story_.add(fmt::format("NOT AT {}", next_[index(chunk.from)]));
  if (chunk.is_gap() != chunk.bytes.empty()) story_.add("NEITHER BYTES NOR A GAP");
  next_[index(chunk.from)] = chunk.offset + chunk.length();
  if (chunk.is_gap()) gaps_[index(chunk.from)].emplace_back(chunk.offset, chunk.offset + chunk.missing);
  histories_[index(chunk.from)].add(chunk.offset, chunk.bytes);
  story_.add(chunk);
}

void Told::on_old(Side side, std::uint64_t offset, Bytes bytes) {
  const auto& gaps = gaps_[index(side)];
  const bool late = std::any_of(gaps.begin(), gaps.end(), [&](const auto& gap) {
    return offset < gap.second && gap.first < offset + bytes.size();
  });
  on_oddity(late ? Oddity::late : Oddity::retransmission);
  if (const auto difference = histories_[index(side)].compare(offset, bytes)) {
    on_conflict(side, difference->offset, difference->first, difference->second);
  }
}

void Told::on_conflict(Side side, std::uint64_t offset, Bytes first, Bytes second) {
  on_oddity(Oddity::overlap_differs);
  append_word(conflicts_, fmt::format("{}@{}\"{}\"!=\"{}\"", letter(side), offset, as_text(first), as_text(second)));
}

std::string Told::oddities() const {
  std::string all = roles_ == "roles by syn" ? "" : roles_;
  for (std::size_t i = 0; i < kOddities; ++i) {
    if (oddities_[i] == 0) continue;
    if (!all.empty()) all += ", ";
    all += name(static_cast<Oddity>(i));
    if (oddities_[i] > 1) all += fmt::format(" {}", oddities_[i]);
  }
  return all;
}

// ---- what goes in

TcpScript::TcpScript(const StreamSettings& settings, const Isns& isns)
    : SegmentScript{isns},
      settings_{settings},
      budget_{settings.held_bytes_host, settings.held_bytes_run},
      context_{.settings = settings_, .budget = budget_, .pool = pool_},
      told_{settings_},
      session_{std::make_unique<TcpSession>(std::nullopt)} {
  hosts_[0].octets.back() = 1;
  hosts_[1].octets.back() = 2;
}

void TcpScript::on_server(unsigned side) {
  server_by_port_ = side;
  *session_ = TcpSession{server_by_port_};
}

void TcpScript::on_segment(const ScriptedSegment& scripted) {
  ++record_;
  wait_until(std::max(clock_, scripted.time));
  const OriginSpan origin{.offset = 0, .origin = {.record = record_, .source = 0}};
  const Arrival arrival{.from = scripted.from,
                        .segment = &scripted.segment,
                        .time = scripted.time,
                        .clock = clock_,
                        .origins = {&origin, 1},
                        .after_drop = scripted.after_drop,
                        .source = &hosts_[scripted.from]};
  if (session_->take(arrival, context_, told_) == TcpSession::Outcome::reused) restart(arrival);
}

void TcpScript::restart(const Arrival& arrival) {
  const auto remembered = session_->remembered_syn();
  finish(Ending::reused);
  session_ = std::make_unique<TcpSession>(server_by_port_);
  told_.begin();
  if (remembered) {
    const std::array options{std::byte{1}, std::byte{3}, std::byte{3}, std::byte{remembered->scale.value_or(0)}};
    const wire::Segment syn{.seq = remembered->seq,
                            .window = remembered->window,
                            .flags = TcpFlags::syn,
                            .options = remembered->scale ? Bytes{options} : Bytes{}};
    const OriginSpan origin{.offset = 0, .origin = remembered->origin};
    Arrival first = arrival;
    first.from = remembered->from;
    first.segment = &syn;
    first.time = remembered->time;
    first.origins = {&origin, 1};
    first.source = &hosts_[remembered->from];
    if (session_->take(first, context_, told_) == TcpSession::Outcome::reused) told_.story().add("REUSED AT ITS SYN");
  }
  if (session_->take(arrival, context_, told_) == TcpSession::Outcome::reused) told_.story().add("REUSED AT ONCE");
}

void TcpScript::wait_until(Timestamp clock) {
  clock_ = clock;
  if (session_->deadline() > clock) return;
  session_->advance(clock, context_, told_);
  if (session_->deadline() <= clock) told_.story().add("STILL DUE");
}

void TcpScript::finish(Ending ending) {
  const Ending last = session_->ended().value_or(ending);
  session_->finish(clock_, context_, told_);
  if (budget_.held() != 0 || budget_.hosts() != 0) told_.story().add("STILL HELD");
  if (last != Ending::capture_end) told_.story().add(fmt::format("={}", name(last)));
}

void TcpScript::on_end() {
  if (ended_) return;
  ended_ = true;
  told_.story().next_step();
  finish(Ending::capture_end);
}

std::string TcpScript::text() const {
  std::string all = story().whole();
  if (const std::string odd = told_.oddities(); !odd.empty()) append_word(all, "| " + odd);
  return all;
}

std::string run(std::string_view script, const StreamSettings& settings) {
  TcpScript played{settings};
  played.play(script);
  played.end();
  return played.text();
}

std::string steps(std::string_view script, const StreamSettings& settings) {
  TcpScript played{settings};
  played.play(script);
  played.end();
  return played.story().by_step();
}

std::string conflicts(std::string_view script, const StreamSettings& settings) {
  TcpScript played{settings};
  played.play(script);
  played.end();
  return played.told().conflicts();
}

void expect_all(const std::vector<Case>& cases) {
  for (const Case& row : cases) EXPECT_EQ(run(row.script, row.settings), row.told) << row.id << ": " << row.script;
}

}  // namespace unspool::test
