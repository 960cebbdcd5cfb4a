#include "support/tcp_endpoint.h"

#include <algorithm>
#include <utility>

#include "wire/tcp.h"

namespace unspool::test {

using wire::TcpFlags;

namespace {
constexpr Ticks kFirstTry = 200 * kMillisecond, kLongestTry = 1600 * kMillisecond, kDelayedAck = 40 * kMillisecond;
constexpr unsigned kTries = 12;
}  // namespace

Endpoint::Endpoint(unsigned side, Habits habits, Dice& dice, Send send)
    : side_{side}, habits_{std::move(habits)}, dice_{dice}, send_{std::move(send)} {
  if (habits_.opens) retry_at_ = 0;
}

Ticks Endpoint::wakes_at() const {
  if (dead_) return kNever;
  const Ticks reset = open_ ? habits_.resets_at : kNever;
  return std::min({turn_at_, retry_at_, ack_at_, read_at_, reset});
}

void Endpoint::wake(Ticks now) {
  if (open_ && habits_.resets_at <= now) {
    send(TcpFlags::rst | TcpFlags::ack, next_, 0, now);
    dead_ = aborted_ = true;
    return;
  }
  if (read_at_ <= now) {
    read_at_ = kNever;
    if (room() < 2 * habits_.segment) must_acknowledge_ = true;
    unread_ = 0;
  }
  if (ack_at_ <= now) must_acknowledge_ = true;
  if (retry_at_ <= now) retry(now);
  run_turns(now);
  transmit(now);
  if (must_acknowledge_) acknowledge(now);
}

void Endpoint::receive(const SentSegment& segment, Ticks now) {
  const bool reset = (segment.flags & TcpFlags::rst) != 0;
  if (dead_) {
    if (aborted_ && !reset) send_({.from = side_, .flags = TcpFlags::rst, .seq = segment.ack}, now);
    return;
  }
  if (reset) return take_reset(segment, now);
  if ((segment.flags & TcpFlags::syn) != 0) {
    if (got_ == 0) got_ = 1;
    must_acknowledge_ = true;
    if (!habits_.opens && una_ == 0) retry_at_ = now;  // answered by the SYN-ACK
  } else if (got_ == 0) {
    return;
  }
  take_ack(segment, now);
  take_bytes(segment, now);
  if (retry_at_ <= now) retry(now);
  run_turns(now);
  transmit(now);
  if (must_acknowledge_ && open_) acknowledge(now);
}

// ---- sending

void Endpoint::send(std::uint8_t flags, std::uint64_t seq, std::uint64_t length, Ticks now) {
  const bool scaled = habits_.scales && (flags & TcpFlags::syn) == 0;
  const std::uint64_t window = std::min<std::uint64_t>(room() >> (scaled ? habits_.scale : 0U), 65535);
  if (got_ > 0) {
    ack_at_ = kNever;
    unacknowledged_ = 0;
    must_acknowledge_ = false;
  }
  send_({.from = side_,
         .flags = flags,
         .window = static_cast<std::uint16_t>(window),
         .seq = seq,
         .ack = got_,
         .length = length},
        now);
}

void Endpoint::acknowledge(Ticks now) { send(TcpFlags::ack, next_, 0, now); }

void Endpoint::transmit(Ticks now) {
  if (!open_) return;
  const std::uint64_t end = written_ + 1;
  const std::uint64_t limit = std::min(end, una_ + std::min(peer_window_, habits_.in_flight));
  while (next_ < limit) {
    const std::uint64_t n = std::min(limit - next_, habits_.segment);
    if (n < habits_.segment && limit < end && una_ != next_) break;  // no silly windows (RFC 9293, 3.8.6.2)
    const bool fin = closing_ && next_ + n == end && dice_.chance(500);
    send(TcpFlags::ack | TcpFlags::psh | (fin ? TcpFlags::fin : 0), next_, n, now);
    next_ += n + (fin ? 1 : 0);
  }
  if (closing_ && next_ == end) {
    send(TcpFlags::ack | TcpFlags::fin, next_, 0, now);
    ++next_;
  }
  const bool waits = una_ < next_ || next_ < end;
  if (!waits) retry_at_ = kNever;
  if (waits && retry_at_ == kNever) retry_at_ = now + kFirstTry;
}

void Endpoint::retry(Ticks now) {
  retry_at_ = now + std::min(kFirstTry << std::min(tries_, 5U), kLongestTry);
  if (++tries_ > kTries) {
    dead_ = true;
    return;
  }
  resend(now);
}

/// From the first byte that is not acknowledged on, in other pieces than before; or a probe of a window of 0.
void Endpoint::resend(Ticks now) {
  if (una_ == 0) {
    next_ = 1;
    return send(TcpFlags::syn | (habits_.opens ? 0 : TcpFlags::ack), 0, 0, now);
  }
  const std::uint64_t end = written_ + 1;
  if (una_ == next_) {
    if (next_ >= end) return;
    ++next_;  // a probe
  }
  recover_ = next_;
  std::uint64_t n = std::min(std::min(next_, end) - una_, habits_.segment);
  if (n > 1 && dice_.chance(300)) n = dice_.between(1, n);
  if (n > 1 && peer_window_ < n) n = std::max<std::uint64_t>(peer_window_, 1);
  const bool fin = una_ + n == end && next_ > end;
  send(TcpFlags::ack | (fin ? TcpFlags::fin : 0), una_, n, now);
}

// ---- receiving

void Endpoint::take_reset(const SentSegment& segment, Ticks now) {
  if (!open_) return;
  if (segment.seq == got_) {
    dead_ = true;
  } else if (segment.seq > got_ && segment.seq < got_ + room()) {
    acknowledge(now);  // a challenge (RFC 5961, 3.2)
  }
}

void Endpoint::take_ack(const SentSegment& segment, Ticks now) {
  if ((segment.flags & TcpFlags::ack) == 0 || segment.ack > next_ || segment.ack < una_) return;
  const bool syn = (segment.flags & TcpFlags::syn) != 0;
  const std::uint64_t window = std::uint64_t{segment.window} << (habits_.scales && !syn ? habits_.peer_scale : 0U);
  if (segment.ack > una_) {
    una_ = segment.ack;
    open_ = true;
    tries_ = same_acks_ = 0;
    retry_at_ = kNever;
    if (una_ < recover_) {
      resend(now);
      retry_at_ = now + kFirstTry;
    }
  } else if (segment.length == 0 && una_ < next_ && window == peer_window_ && ++same_acks_ == 3) {
    resend(now);  // fast retransmit (RFC 5681, 3.2)
  }
  peer_window_ = window;
}

void Endpoint::take_bytes(const SentSegment& segment, Ticks now) {
  const std::uint64_t stop = segment.seq + segment.length;
  const bool fin = (segment.flags & TcpFlags::fin) != 0;
  if ((segment.flags & TcpFlags::syn) != 0 || (segment.length == 0 && !fin)) return;

  const std::uint64_t before = got_;
  const std::uint64_t first = std::max(segment.seq, got_);
  const std::uint64_t last = std::min(stop, got_ + room());
  if (fin && last == stop) peer_end_ = stop;
  if (first < last) {
    std::uint64_t& end = early_[first];
    end = std::max(end, last);
  }
  while (!early_.empty() && early_.begin()->first <= got_) {
    got_ = std::max(got_, early_.begin()->second);
    early_.erase(early_.begin());
  }
  if (habits_.reads_every > 0 && got_ > before) {
    unread_ += got_ - before;
    if (read_at_ == kNever) read_at_ = now + habits_.reads_every;
  }
  if (peer_end_ && got_ == *peer_end_) ++got_;

  const bool in_order = got_ > before && early_.empty() && !fin;
  if (!in_order || ++unacknowledged_ >= 2) must_acknowledge_ = true;
  if (ack_at_ == kNever) ack_at_ = now + kDelayedAck;
}

// ---- the application

void Endpoint::run_turns(Ticks now) {
  if (!open_ || closing_) return;
  const std::uint64_t read = got_ - 1 - (peer_closed() ? 1 : 0);
  for (; turn_ < habits_.turns.size() && habits_.turns[turn_].after <= read; ++turn_) {
    if (turn_at_ == kNever) turn_at_ = now + habits_.turns[turn_].pause;
    if (turn_at_ > now) return;
    turn_at_ = kNever;
    written_ += habits_.turns[turn_].bytes;
  }
  closing_ = turn_ == habits_.turns.size() && (habits_.closes_first || peer_closed());
}

}  // namespace unspool::test
