#include "pipeline/recorder.h"

#include <algorithm>

namespace unspool {
namespace {

constexpr std::size_t kAnomalyBytes = 256;
constexpr std::uint32_t kAnomalies = 16;  // events a session, of one kind; the rest is counted

/// What cannot happen between honest endpoints and a whole capture: worth an event, once a session. (overlap_differs
/// has its own, with both copies.)
constexpr bool is_contradiction(Oddity oddity) {
  return oddity == Oddity::order_conflict || oddity == Oddity::rst_inexact || oddity == Oddity::rst_ignored ||
         oddity == Oddity::invalid_ack;
}

constexpr std::size_t index(Side side) { return static_cast<std::size_t>(side); }

}  // namespace

void Recorder::on_roles(unsigned client, Roles roles, bool midstream) {
  session_->client_is_low = client == 0;
  session_->roles = roles;
  session_->midstream = midstream;
}

void Recorder::begin() {
  session_->begun = true;
  if (session_->is_tcp() && settings_.digest == Digest::sha256) {
    for (auto& digest : session_->with_details().digests) digest.emplace();
  }
  if (session_->is_tcp() && settings_.history > 0) {
    for (auto& history : session_->with_details().histories) history = History{settings_.history};
  }
  if (outputs_.protocols.empty()) return;
  const auto expected = expectations_.take(*session_, session_->clock);
  session_->claimed = expected.has_value();
  Outputs& outputs = *this;
  Follower follower{*session_, outputs_.protocols, outputs, expected ? &*expected : nullptr};
  counters_.parsers += follower.started();
  counters_.parsers_failed += follower.failed();
  if (!follower.idle()) session_->with_details().follower.emplace(std::move(follower));
}

/// Calls call(Follower&), if there is one, counts the parsers that it starts and loses, and lets it go when nobody is
/// left.
template <class Call>
void Recorder::tell_follower(const Call& call) {
  if (!session_->details || !session_->details->follower) return;
  Follower& follower = *session_->details->follower;
  const std::size_t started = follower.started(), failed = follower.failed();
  const std::size_t claims = follower.claimed_by().size();
  call(follower);
  for (std::size_t i = claims; i < follower.claimed_by().size(); ++i) {
    ++counters_.claimed[std::string{follower.claimed_by()[i]->name()}];
    session_->claimed = true;
  }
  counters_.parsers += follower.started() - started;
  counters_.parsers_failed += follower.failed() - failed;
  if (follower.idle()) session_->details->follower.reset();
}

void Recorder::on_chunk(const Chunk& chunk) {
  if (!session_->begun || session_->details || chunk.is_gap()) return take_chunk(chunk);
  counters_.stream_bytes += chunk.bytes.size();
}

/// Not in on_chunk(), which would keep registers for it: without protocols it is rare.
[[gnu::noinline]] void Recorder::take_chunk(const Chunk& chunk) {
  if (!session_->begun) begin();
  if (chunk.is_gap()) {
    take_gap(chunk);
  } else {
    counters_.stream_bytes += chunk.bytes.size();
  }
  SessionDetails* details = session_->details.get();
  if (details == nullptr) return;
  if (settings_.digest == Digest::sha256 && !chunk.is_gap()) {
    if (auto& digest = details->digests[index(chunk.from)]) digest->add(chunk.bytes);
  }
  if (settings_.history > 0) details->histories[index(chunk.from)].add(chunk.offset, chunk.bytes);
  tell_follower([&](Follower& follower) { follower.on_chunk(chunk); });
}

void Recorder::on_datagram(Side from, const Piece& datagram) {
  if (outputs_.protocols.empty()) return;
  if (!session_->begun) begin();
  if (!session_->details || !session_->details->follower) return;
  std::uint64_t& offset = session_->details->datagram_bytes[index(from)];
  const std::uint64_t end = offset + datagram.length();
  const auto give = [&](Chunk part) {
    part.from = from;
    part.offset = offset;
    part.seen = datagram.seen;
    offset += part.length();
    part.more = offset < end;
    tell_follower([&](Follower& follower) { follower.on_chunk(part); });
  };
  datagram.by_origin([&](Bytes run, Origin origin) { give({.bytes = run, .origin = origin}); });
  if (datagram.missing > 0) give({.cause = Cause::snaplen, .missing = datagram.missing});
}

void Recorder::take_gap(const Chunk& chunk) {
  ++counters_.gaps[static_cast<std::size_t>(chunk.cause)];
  counters_.gap_bytes[static_cast<std::size_t>(chunk.cause)] += chunk.missing;
  session_->with_details().gaps[index(chunk.from)].add(
      Gap{.offset = chunk.offset, .length = chunk.missing, .cause = chunk.cause});
}

void Recorder::on_taken_out(Side side, std::uint64_t bytes) {
  session_->with_details().taken_out[index(side)] += bytes;
}

void Recorder::on_fin(Side side) {
  tell_follower([&](Follower& follower) { follower.on_fin(side); });
}

void Recorder::on_old(Side side, std::uint64_t offset, Bytes bytes) {
  SessionDetails& details = session_->with_details();
  const auto& gaps = details.gaps[index(side)].listed;
  const bool late = std::any_of(gaps.begin(), gaps.end(), [&](const Gap& gap) {
    return offset < gap.offset + gap.length && gap.offset < offset + bytes.size();
  });
  on_oddity(late ? Oddity::late : Oddity::retransmission);
  if (const auto difference = details.histories[index(side)].compare(offset, bytes)) {
    on_conflict(side, difference->offset, difference->first, difference->second);
  }
}

void Recorder::on_conflict(Side side, std::uint64_t offset, Bytes first, Bytes second) {
  on_oddity(Oddity::overlap_differs);
  if (session_->details->oddities[static_cast<std::size_t>(Oddity::overlap_differs)] > kAnomalies) return;
  tell_anomaly({.session = *session_,
                .time = session_->last,
                .type = name(Oddity::overlap_differs),
                .from = side,
                .offset = offset,
                .first = first.first(std::min(first.size(), kAnomalyBytes)),
                .second = second.first(std::min(second.size(), kAnomalyBytes))});
}

void Recorder::on_oddity(Oddity oddity) {
  ++counters_.oddities[static_cast<std::size_t>(oddity)];
  const std::uint32_t count = ++session_->with_details().oddities[static_cast<std::size_t>(oddity)];
  if (count > 1 || !is_contradiction(oddity)) return;
  tell_anomaly({.session = *session_, .time = session_->last, .type = name(oddity)});
}

void Recorder::tell_anomaly(const AnomalyRecord& anomaly) {
  if (anomalies_.allows(session_->clock)) return outputs_.events->on_anomaly(anomaly);
  ++counters_.anomalies_suppressed;
}

void Recorder::end_parsers(Ending ending) {
  if (session_->ended) return;
  session_->ended = true;
  tell_follower([&](Follower& follower) { follower.on_end(ending); });
  if (session_->details) session_->details->follower.reset();
  if (!session_->begun || outputs_.protocols.empty()) return;
  outputs_.transfers->session_ended(*session_);
  if (!session_->claimed && session_->is_tcp()) count_unclaimed();
}

void Recorder::count_unclaimed() {
  const auto owns = [](const OfferedProtocol& offer) { return offer.protocol->stance() == Protocol::Stance::owner; };
  if (std::none_of(outputs_.protocols.begin(), outputs_.protocols.end(), owns)) return;
  const std::uint64_t bytes = given(Side::client) + given(Side::server);
  if (bytes == 0) return;
  ShardCounters::Unclaimed& ones = counters_.unclaimed[session_->server().port];
  ++ones.sessions;
  ones.bytes += bytes;
}

/// Bytes of the session's stream.
std::uint64_t Recorder::given(Side side) const {
  const std::uint64_t all = session_->tcp.given(session_->of_key(side));
  if (!session_->details) return all;
  return all - session_->details->gaps[index(side)].bytes - session_->details->taken_out[index(side)];
}

StreamRecord Recorder::stream_record(Side side) {
  StreamRecord record{.bytes = given(side)};
  record.unacknowledged = session_->tcp.unacknowledged(session_->of_key(side));
  SessionDetails* details = session_->details.get();
  if (details != nullptr) record.gaps = std::move(details->gaps[index(side)]);
  if (settings_.digest == Digest::sha256) {
    const bool begun = details != nullptr && details->digests[index(side)];
    record.sha256 = begun ? details->digests[index(side)]->finish() : Sha256{}.finish();
  }
  return record;
}

void Recorder::write_flow(Ending ending, Timestamp end) {
  FlowRecord flow{.session = *session_, .ended = ending, .end = end};
  for (const Side side : {Side::client, Side::server}) {
    const unsigned of_key = session_->of_key(side);
    flow.packets[index(side)] = session_->packets[of_key];
    flow.wire_bytes[index(side)] = session_->frame_bytes[of_key];
    if (session_->is_tcp()) flow.streams[index(side)] = stream_record(side);
  }
  if (session_->details) {
    for (std::size_t i = 0; i < kOddities; ++i) {
      const std::uint32_t count = session_->details->oddities[i];
      if (count > 0) flow.observations.push_back({.name = name(static_cast<Oddity>(i)), .count = count});
    }
  }
  outputs_.events->on_flow(flow);
}

std::unique_ptr<Transfer> Recorder::open_transfer(const Session& session, Side from, std::string_view name,
                                                  std::string_view app_proto) {
  return outputs_.transfers->open(session, from, name, app_proto);
}

void Recorder::emit(const Session& session, const Event& event) { outputs_.events->on_event(session, event); }

void Recorder::hand_over(const std::array<std::uint64_t, 2>& at) {
  if (session_->details && session_->details->follower) session_->details->follower->hand_over(at);
}

void Recorder::keep_from(Side side, std::uint64_t at) {
  if (session_->details && session_->details->follower) session_->details->follower->keep_from(side, at);
}

void Recorder::keep_no_more() {
  if (session_->details && session_->details->follower) session_->details->follower->keep_no_more();
}

void Recorder::limit_reached(std::string_view setting) { ++counters_.protocol_limits[std::string{setting}]; }

bool Recorder::sheds_transcripts() {
  counters_.shed[static_cast<std::size_t>(Shed::transcripts)] += shedding_.transcripts ? 1U : 0U;
  return shedding_.transcripts;
}

void Recorder::expect(Expectation expectation) { expectations_.add(std::move(expectation), session_->clock); }

}  // namespace unspool
