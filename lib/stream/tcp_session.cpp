#include "stream/tcp_session.h"

#include <cstring>

#include "base/cursor.h"
#include "stream/handshake.h"

namespace unspool {

using wire::TcpFlags;

TcpSession::TcpSession(std::optional<unsigned> server_by_port)
    : server_by_port_{static_cast<std::uint8_t>(server_by_port.value_or(2) & 3U)} {}
TcpSession::TcpSession(TcpSession&&) noexcept = default;
TcpSession& TcpSession::operator=(TcpSession&&) noexcept = default;
TcpSession::~TcpSession() = default;

/// Of a segment in order, with options: whether its timestamp shows at a glance that it is not old.
inline bool TcpSession::is_timely(unsigned side, const wire::Segment& segment, const StreamContext& context) {
  constexpr std::array<std::byte, 4> kUsual{std::byte{1}, std::byte{1}, std::byte{8}, std::byte{10}};  // RFC 7323, A
  if (context.settings.paws == Paws::off || untimed_) return true;
  if (segment.options.size() < 12 || std::memcmp(segment.options.data(), kUsual.data(), kUsual.size()) != 0)
    return false;
  const auto timestamp = Cursor{segment.options.subspan(kUsual.size())}.get<std::uint32_t>();
  if (is_before(timestamp, timestamps_[side])) return false;
  if (halves_[side].next <= halves_[side].acked) timestamps_[side] = timestamp;
  return true;
}

[[gnu::always_inline]] inline void TcpSession::give_next(unsigned side, Bytes bytes, Chunk chunk,
                                                         StreamListener& listener) {
  if (!roles_told_) tell_roles(listener);
  Half& h = halves_[side];
  h.next = h.next + bytes.size();
  h.gap_last = false;
  h.lossy = false;
  h.top = std::max(h.top, h.next);
  chunk.from = side == client_ ? Side::client : Side::server;
  chunk.bytes = bytes;
  listener.on_chunk(chunk);
}

void TcpSession::give(unsigned side, std::uint64_t offset, Bytes bytes, Timestamp seen, Origin origin, bool after_rst,
                      StreamListener& listener) {
  give_next(side, bytes, {.after_rst = after_rst, .offset = offset, .seen = seen, .origin = origin}, listener);
}

void TcpSession::give_in_order(unsigned from, const wire::Segment& segment, Timestamp seen, Origin origin,
                               StreamListener& listener) {
  const std::uint64_t offset = halves_[from].next - halves_[from].base;
  give_next(from, segment.payload, {.offset = offset, .seen = seen, .origin = origin}, listener);
}

TcpSession::Outcome TcpSession::take(const Arrival& arrival, const StreamContext& context, StreamListener& listener) {
  if (arrival.after_drop) halves_[0].lossy = halves_[1].lossy = true;
  const wire::Segment& segment = *arrival.segment;
  if (arrival.origins.size() != 1 || !take_in_order(arrival.from, segment, context))
    return take_any(arrival, context, listener);
  if (!segment.payload.empty()) give_in_order(arrival.from, segment, arrival.time, arrival.origins[0].origin, listener);
  return Outcome::taken;
}

bool TcpSession::take_in_order(unsigned from, const wire::Segment& segment, const StreamContext& context) {
  constexpr std::size_t kShortestTimestamp = 10;
  constexpr std::uint8_t kDecisive = TcpFlags::syn | TcpFlags::fin | TcpFlags::rst | TcpFlags::ack | TcpFlags::urg;
  if (phase_ != Phase::open || waiting_ || (segment.flags & kDecisive) != TcpFlags::ack || segment.missing != 0)
    return false;
  Half& mine = halves_[from];
  Half& peer = halves_[1 - from];
  if (mine.state != Base::known || peer.state < Base::acked || mine.fin) return false;
  const Position acked = peer.next.nearest(segment.ack);
  if (acked > peer.next || mine.next.nearest(segment.seq) != mine.next) return false;
  if (segment.options.size() >= kShortestTimestamp && !is_timely(from, segment, context)) return false;
  if (acked > peer.acked) peer.acked = acked;
  mine.seen = true;
  mine.window = std::max(mine.window, std::uint32_t{segment.window} << mine.scale);
  return true;
}

[[gnu::noinline]] TcpSession::Outcome TcpSession::take_any(const Arrival& arrival, const StreamContext& context,
                                                           StreamListener& listener) {
  Delivery delivery{*this, context, listener, arrival.clock};
  return Handshake{*this, delivery, context, arrival}.take();
}

[[gnu::noinline]] void TcpSession::tell_roles(StreamListener& listener) {
  if (roles_told_) return;
  if (!roles_settled_ && server_by_port_ < 2) {
    client_ = server_by_port_ == 0 ? 1 : 0;
    roles_ = Roles::port;
  }
  roles_settled_ = roles_told_ = true;
  const bool midstream = roles_ == Roles::port || roles_ == Roles::first_sender;
  listener.on_roles(client_, roles_, midstream);
}

void TcpSession::advance(Timestamp now, const StreamContext& context, StreamListener& listener) {
  for (Timestamp due = deadline(); due <= now; due = deadline()) {
    Delivery delivery{*this, context, listener, due};
    if (waiting_->reset_deadline <= due) {
      finish(due, context, listener);
      return;
    }
    delivery.run_timers();
    Handshake::close_if_done(*this);
    delivery.tend_holes();
  }
}

Timestamp TcpSession::deadline() const { return waiting_ ? waiting_->deadline : Timestamp::max(); }

void TcpSession::finish(Timestamp now, const StreamContext& context, StreamListener& listener) {
  if (phase_ == Phase::over) return;
  Delivery delivery{*this, context, listener, now};
  if (phase_ == Phase::resetting) {
    ending_ = Ending::reset;
    ended_itself_ = true;
    delivery.drop_after_reset();
  }
  delivery.flush();
  Handshake::close_if_done(*this);
  phase_ = Phase::over;
  delivery.let_go();
}

std::optional<Ending> TcpSession::ended() const {
  if (phase_ == Phase::resetting) return Ending::reset;
  if (phase_ == Phase::over && ended_itself_) return ending_;
  return std::nullopt;
}

std::optional<TcpSession::RememberedSyn> TcpSession::remembered_syn() const {
  return waiting_ ? waiting_->syn : std::nullopt;
}

std::uint64_t TcpSession::unacknowledged(unsigned side) const {
  const Half& h = halves_[side];
  const bool judged = halves_[1 - side].seen && h.state >= Base::acked && h.next > h.acked;
  return judged ? h.next - h.acked : 0;
}

std::uint64_t TcpSession::given(unsigned side) const {
  const Half& h = halves_[side];
  return h.state >= Base::acked ? h.next - h.base : 0;
}

}  // namespace unspool
