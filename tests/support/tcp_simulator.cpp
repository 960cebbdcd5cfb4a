#include "support/tcp_simulator.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <utility>

#include "support/tcp_endpoint.h"

namespace unspool::test {

using wire::TcpFlags;

namespace {

constexpr Ticks kLongest = 120'000 * kMillisecond;
constexpr std::size_t kMostPackets = 4000;
constexpr std::int64_t kEpoch = 1'700'000'000'000'000'000;

// ---- what is said

class Script {
 public:
  explicit Script(Dice& dice) : dice_{dice}, eager_{dice.chance(500)} {}

  std::array<std::vector<Turn>, 2> draw() {
    for (auto phases = dice_.between(1, 3); phases > 0; --phases) {
      const auto first = static_cast<unsigned>(dice_.between(0, 1));
      switch (dice_.between(0, 3)) {
        case 0: talk(first, dice_.between(1, 6), 600, 8000); break;
        case 1: both_at_once(); break;
        case 2: say(first, dice_.between(10'000, 90'000), said_[1 - first]); break;
        case 3: talk(first, dice_.between(1, 20), 3, 3); break;
        default: break;
      }
    }
    return turns_;
  }

 private:
  void talk(unsigned first, std::uint64_t times, std::uint64_t longest, std::uint64_t longest_answer) {
    for (; times > 0; --times) {
      say(first, dice_.between(1, longest), said_[1 - first]);
      say(1 - first, dice_.between(1, longest_answer), said_[first]);
    }
  }
  void both_at_once() {
    const auto read = said_;
    for (const unsigned side : {0U, 1U}) {
      for (auto times = dice_.between(1, 10); times > 0; --times) say(side, dice_.between(1, 4000), read[1 - side]);
    }
  }
  void say(unsigned side, std::uint64_t bytes, std::uint64_t after) {
    Ticks pause = static_cast<Ticks>(dice_.between(0, 5)) * kMillisecond;
    if (eager_ || dice_.chance(500)) pause = 0;
    if (dice_.chance(30)) pause = static_cast<Ticks>(dice_.between(50, 900)) * kMillisecond;
    turns_[side].push_back({.after = after, .bytes = bytes, .pause = pause});
    said_[side] += bytes;
  }

  Dice& dice_;
  bool eager_;
  std::array<std::uint64_t, 2> said_{};
  std::array<std::vector<Turn>, 2> turns_;
};

std::array<Habits, 2> draw_habits(Dice& dice, unsigned client, const Weather& weather) {
  const auto turns = Script{dice}.draw();
  const bool scales = dice.chance(700);
  const auto segment = dice.chance(700) ? 1460 : dice.between(100, 1400);
  std::array<Habits, 2> habits;
  for (const unsigned side : {0U, 1U}) {
    Habits& mine = habits[side];
    mine.turns = turns[side];
    mine.opens = side == client;
    mine.scales = scales;
    mine.scale = scales ? static_cast<std::uint8_t>(dice.between(0, 9)) : 0;
    mine.segment = segment;
    mine.buffer = dice.between(4000, scales ? 300'000 : 65'535);
    mine.in_flight = dice.between(2, 60) * segment;
    if (dice.chance(100)) mine.reads_every = static_cast<Ticks>(dice.between(1, 300)) * kMillisecond;
    mine.closes_first = dice.chance(600);
  }
  if (!habits[0].closes_first && !habits[1].closes_first) habits[dice.between(0, 1)].closes_first = true;
  for (const unsigned side : {0U, 1U}) habits[side].peer_scale = habits[1 - side].scale;
  if (dice.chance(weather.reset)) {
    habits[dice.between(0, 1)].resets_at = static_cast<Ticks>(dice.between(1, 400)) * kMillisecond;
  }
  return habits;
}

// ---- the way between

struct Passed {
  Ticks at = 0;
  SentSegment segment;
};

/// Carries segments from one end past the tap to the other.
class Network {
 public:
  Network(Dice& dice, const Weather& weather) : dice_{dice}, weather_{weather} {
    for (Ticks& leg : legs_) leg = static_cast<Ticks>(dice_.between(10, 12'000)) * 1000;
  }

  void send(const SentSegment& segment, Ticks now) {
    Ticks& free = line_free_[segment.from];
    free = std::max(free, now) + 5000 + static_cast<Ticks>(segment.length) * 8;
    carry(segment, free, Place::tap);
  }

  /// Runs until both are done; what passed the tap, in order.
  std::vector<Passed> run(std::array<Endpoint*, 2> ends) {
    Ticks now = 0;
    while (now < kLongest && passed_.size() < kMostPackets) {
      const Ticks timers = std::min(ends[0]->wakes_at(), ends[1]->wakes_at());
      const Ticks next = events_.empty() ? kNever : events_.top().at;
      if (std::min(timers, next) == kNever || (ends[0]->done() && ends[1]->done() && events_.empty())) break;
      now = std::max(now, std::min(timers, next));
      if (timers < next) {
        for (Endpoint* end : ends) {
          if (end->wakes_at() <= now) end->wake(now);
        }
        continue;
      }
      const Event event = events_.top();
      events_.pop();
      if (event.place == Place::end) {
        ends[1 - event.segment.from]->receive(event.segment, now);
      } else {
        passed_.push_back({now, event.segment});
        carry(event.segment, now, Place::end);
      }
    }
    return std::move(passed_);
  }

 private:
  enum class Place : std::uint8_t { tap, end };
  struct Event {
    Ticks at = 0;
    std::uint64_t order = 0;
    Place place = Place::tap;
    SentSegment segment;
    bool operator<(const Event& other) const { return std::pair{at, order} > std::pair{other.at, other.order}; }
  };

  void carry(const SentSegment& segment, Ticks now, Place to) {
    const bool first_leg = (to == Place::tap) == (segment.from == 0);
    for (int copies = dice_.chance(weather_.doubled) ? 2 : 1; copies > 0; --copies) {
      if (dice_.chance(weather_.lost)) continue;
      Ticks at = now + legs_[first_leg ? 0 : 1];
      if (dice_.chance(weather_.delayed)) at += static_cast<Ticks>(dice_.between(1, 30'000)) * 1000;
      events_.push({at, order_++, to, segment});
    }
  }

  Dice& dice_;
  const Weather& weather_;
  std::array<Ticks, 2> legs_{};  // from side 0 to the tap, from the tap to side 1
  std::array<Ticks, 2> line_free_{};
  std::priority_queue<Event> events_;
  std::uint64_t order_ = 0;
  std::vector<Passed> passed_;
};

// ---- the tap

class Tap {
 public:
  Tap(Dice& dice, const Weather& weather, Recording& recording)
      : dice_{dice}, weather_{weather}, recording_{recording}, counts_drops_{dice.chance(500)} {
    for (std::uint32_t& isn : isn_) isn = draw_isn();
    if (dice_.chance(weather_.one_way)) deaf_to_ = static_cast<unsigned>(dice_.between(0, 1));
    queues_ = dice_.chance(500);
    stamps_passing_ = dice_.chance(500);
    for (Ticks& late : queue_late_) late = draw_skew();
  }

  void capture(std::vector<Passed> passed) {
    const std::size_t begin = dice_.chance(weather_.late_start) ? dice_.between(1, passed.size()) : 0;
    std::vector<Seen> seen;
    for (std::size_t i = 0; i < passed.size(); ++i) {
      const SentSegment& segment = passed[i].segment;
      if (misses(segment) || i < begin) {
        ++recording_.missed;
        dropped_ = counts_drops_ && i >= begin;
        continue;
      }
      const Ticks late = queues_ ? queue_late_[segment.from] : draw_skew();
      seen.push_back({passed[i].at + late, passed[i].at, std::exchange(dropped_, false), segment});
    }
    std::stable_sort(seen.begin(), seen.end(), [](const Seen& a, const Seen& b) { return a.captured < b.captured; });
    for (const Seen& each : seen) add(each);
  }

 private:
  struct Seen {
    Ticks captured = 0, passed = 0;
    bool after_drop = false;
    SentSegment segment;
  };

  /// Half of them soon before they wrap.
  std::uint32_t draw_isn() {
    return static_cast<std::uint32_t>(dice_.chance(500) ? 0 - dice_.between(0, 30'000) : dice_.next());
  }
  Ticks draw_skew() {
    return weather_.skew.count() == 0
               ? 0
               : static_cast<Ticks>(dice_.next() % static_cast<std::uint64_t>(weather_.skew.count()));
  }
  bool misses(const SentSegment& segment) {
    if (segment.from == deaf_to_) return true;
    if ((segment.flags & TcpFlags::syn) != 0 && dice_.chance(weather_.no_syn)) return true;
    if (outage_ > 0) --outage_;
    if (outage_ == 0 && dice_.chance(weather_.outages)) outage_ = dice_.between(1, 60);
    return outage_ > 0 || dice_.chance(weather_.missed);
  }

  void add(const Seen& seen) {
    const SentSegment& sent = seen.segment;
    const auto& stream = recording_.streams[sent.from];
    const bool syn = (sent.flags & TcpFlags::syn) != 0;
    CapturedPacket packet{
        .from = sent.from, .at = sent.seq == 0 ? 0 : sent.seq - 1, .acks = sent.ack == 0 ? 0 : sent.ack - 1};
    const std::uint64_t kept =
        weather_.snaplen == 0 ? sent.length : std::min<std::uint64_t>(sent.length, weather_.snaplen);
    packet.segment = {.seq = isn_[sent.from] + static_cast<std::uint32_t>(sent.seq),
                      .ack = sent.ack == 0 ? 0 : isn_[1 - sent.from] + static_cast<std::uint32_t>(sent.ack),
                      .window = sent.window,
                      .flags = sent.flags,
                      .options = syn ? Bytes{recording_.syn_options[sent.from]} : Bytes{},
                      .payload = kept == 0 ? Bytes{} : Bytes{stream}.subspan(packet.at, kept),
                      .missing = static_cast<std::uint32_t>(sent.length - kept)};
    packet.time = timestamp_from_ns(kEpoch + (stamps_passing_ ? seen.passed : seen.captured));
    packet.clock = recording_.packets.empty() ? packet.time : std::max(packet.time, recording_.packets.back().clock);
    packet.after_drop = seen.after_drop;
    add_origins(packet);
    recording_.packets.push_back(std::move(packet));
  }

  /// One record, or those of the fragments that the segment came in.
  void add_origins(CapturedPacket& packet) {
    const std::uint64_t record = recording_.packets.size() * Recording::kRecords;
    packet.origins.push_back({.offset = 0, .origin = {.record = record}});
    const std::size_t length = packet.segment.payload.size();
    if (length < 20 || !dice_.chance(30)) return;
    const auto cut = static_cast<std::uint32_t>(dice_.between(8, length - 1));
    packet.origins.push_back({.offset = cut, .origin = {.record = record + 1}});
  }

  Dice& dice_;
  const Weather& weather_;
  Recording& recording_;
  bool counts_drops_, dropped_ = false;
  bool queues_ = false;          // skew is of a direction, not of a packet
  bool stamps_passing_ = false;  // stamps are right where the order is not
  std::array<Ticks, 2> queue_late_{};
  std::array<std::uint32_t, 2> isn_{};
  unsigned deaf_to_ = 2;
  std::uint64_t outage_ = 0;
};

std::vector<std::byte> scale_option(std::uint8_t scale) {
  return {std::byte{1}, std::byte{3}, std::byte{3}, std::byte{scale}};
}

}  // namespace

Recording record_conversation(std::uint64_t seed, const Weather& weather) {
  Dice dice{seed};
  Recording recording;
  recording.client = static_cast<unsigned>(dice.between(0, 1));
  const auto habits = draw_habits(dice, recording.client, weather);
  for (const unsigned side : {0U, 1U}) {
    std::uint64_t length = 0;
    for (const Turn& turn : habits[side].turns) length += turn.bytes;
    recording.streams[side].resize(length);
    for (std::byte& byte : recording.streams[side]) byte = static_cast<std::byte>(dice.next());
    if (habits[side].scales) recording.syn_options[side] = scale_option(habits[side].scale);
  }
  Network network{dice, weather};
  const auto send = [&](const SentSegment& segment, Ticks now) { network.send(segment, now); };
  Endpoint first{0, habits[0], dice, send};
  Endpoint second{1, habits[1], dice, send};
  auto passed = network.run({&first, &second});
  if (!passed.empty()) Tap{dice, weather, recording}.capture(std::move(passed));
  return recording;
}

std::string describe(const CapturedPacket& packet) {
  std::string flags;
  for (const auto& [bit, letter] : {std::pair{TcpFlags::syn, 'S'}, {TcpFlags::fin, 'F'}, {TcpFlags::rst, 'R'}}) {
    if (packet.segment.has(bit)) flags += letter;
  }
  const auto us = (packet.time.time_since_epoch().count() - kEpoch) / 1000;
  const auto clock = (packet.clock.time_since_epoch().count() - kEpoch) / 1000;
  return fmt::format("{:>9} {:>9} us  {} {:>6}+{}{} a{} w{} {}{}", us, clock, packet.from, packet.at,
                     packet.segment.payload.size(),
                     packet.segment.missing > 0 ? fmt::format("(+{})", packet.segment.missing) : "", packet.acks,
                     packet.segment.window, flags, packet.after_drop ? " after a drop" : "");
}

}  // namespace unspool::test
