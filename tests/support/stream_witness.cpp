#include "support/stream_witness.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace unspool::test {

using wire::TcpFlags;

Witness::Witness(const StreamSettings& settings, std::optional<unsigned> server_by_port)
    : settings_{settings},
      server_by_port_{server_by_port},
      budget_{settings.held_bytes_host, settings.held_bytes_run},
      session_{server_by_port} {
  hosts_[0].octets.back() = 1;
  hosts_[1].octets.back() = 2;
}

void Witness::complain(std::string what) {
  if (complaint_.empty()) complaint_ = fmt::format("at segment {}: {}", fed_.size(), std::move(what));
}

// ---- what goes in

void Witness::begin() {
  session_ = TcpSession{server_by_port_};
  streams_ = {};
  client_ = 2;
  dropped_ = fin_inferred_ = finishing_ = over_ = false;
}

void Witness::wait_until(Timestamp clock) {
  clock_ = std::max(clock_, clock);
  if (session_.deadline() > clock_) return;
  session_.advance(clock_, context_, *this);
  if (session_.deadline() <= clock_) complain("a timer is due after it was run");
  check_after_call();
}

void Witness::feed(FedSegment segment) {
  wait_until(segment.clock);
  segment.clock = clock_;
  fed_.push_back(std::move(segment));
  FedSegment& fed = fed_.back();
  fed.segment.payload = fed.payload;
  fed.segment.options = fed.options;
  fed_bytes_ += fed.payload.size();
  const std::uint64_t record = (fed_.size() - 1) * kRecords;
  if (take(fed, record) == TcpSession::Outcome::reused) restart(fed, record);
}

TcpSession::Outcome Witness::take(const FedSegment& fed, std::uint64_t record) {
  const std::array<OriginSpan, kRecords> origins{
      {{.offset = 0, .origin = {.record = record}}, {.offset = fed.second_origin, .origin = {.record = record + 1}}}};
  streams_[fed.from].fin |= fed.segment.has(TcpFlags::fin);
  streams_[fed.from].sent_reset |= fed.segment.has(TcpFlags::rst);
  dropped_ |= fed.after_drop;
  const Arrival arrival{.from = fed.from,
                        .segment = &fed.segment,
                        .time = fed.time,
                        .clock = fed.clock,
                        .origins = std::span(origins).first(fed.second_origin > 0 ? 2 : 1),
                        .after_drop = fed.after_drop,
                        .source = &hosts_[fed.from]};
  const auto outcome = session_.take(arrival, context_, *this);
  check_after_call();
  return outcome;
}

void Witness::restart(const FedSegment& fed, std::uint64_t record) {
  const auto remembered = session_.remembered_syn();
  finish();
  first_ = fed_.size() - 1;
  if (remembered) {
    FedSegment syn{.from = remembered->from, .time = remembered->time, .clock = clock_};
    syn.segment = {.seq = remembered->seq, .window = remembered->window, .flags = TcpFlags::syn};
    if (remembered->scale) syn.options = {std::byte{1}, std::byte{3}, std::byte{3}, std::byte{*remembered->scale}};
    syn.segment.options = syn.options;
    if (take(syn, remembered->origin.record) == TcpSession::Outcome::reused) complain("reused at its own SYN");
  }
  if (take(fed, record) == TcpSession::Outcome::reused) complain("reused at once");
}

void Witness::finish() {
  finishing_ = true;
  session_.finish(clock_, context_, *this);
  over_ = true;
  session_.finish(clock_, context_, *this);
  if (session_.phase() != TcpSession::Phase::over) complain("goes on after its end");
  if (session_.waits() || session_.deadline() != Timestamp::max()) complain("waits after its end");
  if (budget_.held() != 0 || budget_.hosts() != 0) complain("bytes are held after the end");
  if (client_ > 1) complain("roles were never told");
  begin();
  first_ = fed_.size();
}

void Witness::check_after_call() {
  if (session_.phase() == TcpSession::Phase::over) over_ = true;
  if (over_ && !session_.ended()) complain("ended, and does not say how");
  if (over_ && session_.waits()) complain("waits after its end");
  if (!session_.waits() && (budget_.held() != 0 || budget_.hosts() != 0)) complain("bytes are held, and nothing waits");
  const std::uint64_t session = settings_.held_bytes + settings_.held_segments * HeldBudget::kOverhead;
  const std::uint64_t most = std::min({session, 2 * settings_.held_bytes_host, settings_.held_bytes_run});
  if (budget_.peak() > most) complain(fmt::format("{} bytes held, {} allowed", budget_.peak(), most));
  // A segment can end its bytes, what was cut off it and the gap before it; its acknowledgement a gap of the other
  // side.
  if (chunks_ > fed_bytes_ + 5 * fed_.size() + 8) complain(fmt::format("{} chunks", chunks_));
}

// ---- what comes out

void Witness::on_roles(unsigned client, Roles, bool) {
  if (over_) complain("roles after the end");
  if (client_ < 2) complain("roles told twice");
  if (client > 1) complain("a client that is neither side");
  client_ = client;
}

void Witness::on_chunk(const Chunk& chunk) {
  ++chunks_;
  if (over_) return complain("a chunk after the end");
  if (client_ > 1) return complain("a chunk before the roles");
  const unsigned side = side_of(chunk.from);
  Stream& mine = streams_[side];
  if (mine.told_fin) complain("a chunk after the end of its stream");
  if (chunk.bytes.empty() == (chunk.missing == 0)) complain("neither bytes nor a gap");
  if (chunk.offset != mine.given) complain(fmt::format("offset {} where {} is next", chunk.offset, mine.given));
  if (chunk.is_gap()) {
    check_gap(side, chunk);
  } else {
    check_bytes(side, chunk);
  }
  mine.given += chunk.length();
  mine.bytes += chunk.bytes.size();
}

void Witness::check_bytes(unsigned side, const Chunk& chunk) {
  Stream& mine = streams_[side];
  const std::size_t index = chunk.origin.record / kRecords;
  if (index < first_ || index >= fed_.size() || fed_[index].from != side)
    return complain("bytes of no packet of their side");
  const FedSegment& brought = fed_[index];
  if (chunk.seen != brought.time) complain("bytes with a wrong time");
  if (chunk.after_rst && !streams_[1 - side].sent_reset) complain("after a reset that was not");
  const bool second = chunk.origin.record % kRecords == 1;
  const bool two = brought.second_origin > 0 && brought.second_origin < brought.payload.size();
  const std::size_t from = second ? brought.second_origin : 0;
  const std::size_t to = two && !second ? brought.second_origin : brought.payload.size();

  const std::uint32_t first_seq = brought.segment.seq + (brought.segment.has(TcpFlags::syn) ? 1 : 0);
  std::vector<std::uint32_t> bases;
  for (std::size_t at = from; at + chunk.bytes.size() <= to; ++at) {
    if (!std::equal(chunk.bytes.begin(), chunk.bytes.end(), brought.payload.begin() + static_cast<std::ptrdiff_t>(at)))
      continue;
    const auto base = static_cast<std::uint32_t>(first_seq + at - chunk.offset);
    if (!mine.bases || std::find(mine.bases->begin(), mine.bases->end(), base) != mine.bases->end())
      bases.push_back(base);
  }
  if (bases.empty()) complain(fmt::format("bytes at {} that their record does not hold there", chunk.offset));
  mine.bases = std::move(bases);
}

void Witness::check_gap(unsigned side, const Chunk& chunk) {
  if (chunk.seen > clock_) complain("a gap from the future");
  switch (chunk.cause) {
    case Cause::capture_drop:
      if (!dropped_) complain("capture_drop, and nothing was dropped");
      break;
    case Cause::snaplen:
      if (!was_cut_there(side, chunk)) complain("snaplen, and nothing was cut there");
      break;
    case Cause::one_sided:
      if (streams_[1 - side].bytes > 0) complain("one_sided, and the other side was given out");
      break;
    case Cause::before_capture:
      if (chunk.offset != 0) complain("before_capture, and not at the beginning");
      break;
    case Cause::end:
      if (!finishing_ && session_.ended() != Ending::reset) complain("the end, too early");
      break;
    case Cause::not_captured:
    case Cause::limit: break;
  }
}

bool Witness::was_cut_there(unsigned side, const Chunk& gap) const {
  if (!streams_[side].bases)
    return std::any_of(fed_.begin(), fed_.end(), [](const FedSegment& fed) { return fed.segment.missing > 0; });
  for (std::size_t i = first_; i < fed_.size(); ++i) {
    const wire::Segment& cut = fed_[i].segment;
    if (fed_[i].from != side || cut.missing < gap.missing) continue;
    const auto begin = static_cast<std::uint32_t>(cut.seq + (cut.has(TcpFlags::syn) ? 1 : 0) + cut.payload.size());
    for (const std::uint32_t base : *streams_[side].bases) {
      const std::uint32_t into = static_cast<std::uint32_t>(base + gap.offset) - begin;
      if (into + gap.missing <= cut.missing) return true;
    }
  }
  return false;
}

void Witness::on_fin(Side which) {
  if (over_) complain("the end of a stream after that of its session");
  if (client_ > 1) return complain("an end before the roles");
  Stream& mine = streams_[side_of(which)];
  if (std::exchange(mine.told_fin, true)) complain("an end told twice");
  if (!mine.fin && !fin_inferred_) complain("an end that nobody sent");
}

void Witness::on_old(Side which, std::uint64_t offset, Bytes bytes) {
  if (over_) complain("old bytes after the end");
  if (client_ > 1) return complain("old bytes before the roles");
  if (offset + bytes.size() > streams_[side_of(which)].given) complain("old, and not given out yet");
}

void Witness::on_conflict(Side, std::uint64_t, Bytes first, Bytes second) {
  if (over_) complain("a conflict after the end");
  if (first.empty() || first.size() != second.size() || first[0] == second[0]) complain("copies that do not differ");
}

void Witness::on_oddity(Oddity oddity) {
  if (static_cast<std::size_t>(oddity) >= kOddities) complain("an oddity without a name");
  if (oddity == Oddity::fin_inferred) fin_inferred_ = true;
}

}  // namespace unspool::test
