#include "bench/made_flow.h"

#include <fmt/format.h>

#include <algorithm>

#include "wire/tcp.h"

namespace unspool::bench {

using wire::TcpFlags;

namespace {

constexpr std::uint32_t kSegment = 1460;

/// What bodies are made of: random, so that nothing can be guessed or compressed, and large, so that they differ.
class Pool {
 public:
  Pool() {
    test::Dice dice{20061102};
    for (char& byte : bytes_) byte = static_cast<char>(dice.next());
  }
  std::string_view at(std::uint64_t place, std::size_t length) const {
    return std::string_view{bytes_}.substr(place % kSize, length);
  }

 private:
  static constexpr std::size_t kSize = 1U << 20U;
  std::string bytes_ = std::string(kSize + kSegment + 1, '\0');
};

const Pool& pool() {
  static const Pool pool;
  return pool;
}

}  // namespace

MadeFlow::MadeFlow(const Plan& plan) : plan_{plan}, dice_{plan.seed} {
  for (auto& isn : isn_) isn = static_cast<std::uint32_t>(dice_.next());
  id_ = static_cast<std::uint16_t>(dice_.next());
  if (plan.with_truth) truth_ = std::make_unique<std::array<StreamTruth, 2>>();
}

bool MadeFlow::next(MadeSegment& segment) {
  while (given_ == ready_.size()) {
    ready_.clear();
    given_ = 0;
    switch (state_) {
      case State::opening: open(); break;
      case State::turning: begin_turn(); break;
      case State::talking: talk(); break;
      case State::closing: close(); break;
      case State::over: return false;
    }
  }
  const Planned& planned = ready_[given_++];
  if (++id_ == 0) ++id_;
  payload_.clear();
  copy_content(planned.at, planned.length, payload_);
  const bool acknowledges = (planned.flags & TcpFlags::ack) != 0;
  segment = {.from_server = planned.from == 1,
             .flags = planned.flags,
             .id = id_,
             .seq = isn_[planned.from] + static_cast<std::uint32_t>(planned.seq),
             .ack = acknowledges ? isn_[1 - planned.from] + static_cast<std::uint32_t>(planned.ack) : 0,
             .payload = payload_};
  return true;
}

void MadeFlow::open() {
  add({.from = 0, .flags = TcpFlags::syn});
  state_ = State::over;
  if (plan_.talk == Plan::Talk::nothing) return;
  add({.from = 1, .flags = TcpFlags::syn | TcpFlags::ack, .ack = 1});
  add({.from = 0, .flags = TcpFlags::ack, .seq = 1, .ack = 1});
  state_ = State::turning;
}

void MadeFlow::begin_turn() {
  if (turns_ == 2 * plan_.exchanges) {
    state_ = plan_.closes ? State::closing : State::over;
    return;
  }
  state_ = State::talking;
  const unsigned from = turns_++ % 2;
  const Range& range = from == 0 ? plan_.request : plan_.reply;
  turn_ = {.from = from, .head = {}, .body = static_cast<std::uint32_t>(dice_.between(range.least, range.most))};
  at_ = 0;
  last_ = 0;
  if (plan_.talk == Plan::Talk::plain) return;
  if (from == 1) {
    turn_.head = fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
                             turn_.body);
    return;
  }
  turn_.head = fmt::format("{} /{:016x}-{}.bin HTTP/1.1\r\nHost: bench.example\r\n",
                           plan_.talk == Plan::Talk::http ? "GET" : "PUT", plan_.seed, turns_ / 2);
  if (plan_.talk == Plan::Talk::http) turn_.body = 0;
  if (turn_.body > 0) turn_.head += fmt::format("Content-Length: {}\r\n", turn_.body);
  turn_.head += "\r\n";
}

void MadeFlow::talk() {
  const auto length = static_cast<std::uint32_t>(std::min<std::uint64_t>(kSegment, turn_.size() - at_));
  const std::uint32_t early = dice_.chance(plan_.faults.overlapping) ? std::min({last_, 100U, kSegment - length}) : 0;
  send(length, early);
  at_ += length;
  const bool over = at_ == turn_.size();
  arrive_late(over);
  // A request, or a key that was struck, is acknowledged by the answer.
  if (++unacknowledged_ == 2 || (over && turn_.from == 1)) acknowledge();
  if (over) state_ = State::turning;
}

/// The next bytes of the turn, and `early` ones before them once more.
void MadeFlow::send(std::uint32_t length, std::uint32_t early) {
  const unsigned from = turn_.from;
  const std::uint64_t offset = sent_[from];
  sent_[from] += length;
  last_ = length;
  if (dice_.chance(plan_.faults.unseen)) {
    unseen_ += length;
    last_ = 0;
    ++id_;
    if (truth_) see_nothing((*truth_)[from], offset, length);
    return;
  }
  if (truth_) see((*truth_)[from], at_, length);
  const Planned segment{.from = from,
                        .flags = TcpFlags::ack,
                        .seq = 1 + offset - early,
                        .ack = 1 + received_of(1 - from),
                        .at = at_ - early,
                        .length = length + early};
  if (dice_.chance(plan_.faults.lost)) {
    late_.push_back({.segment = segment, .first_new = offset, .due = static_cast<unsigned>(dice_.between(5, 40))});
  } else if (dice_.chance(plan_.faults.reordered)) {
    late_.push_back({.segment = segment, .first_new = offset, .due = static_cast<unsigned>(dice_.between(2, 3))});
  } else {
    add(segment);
    if (dice_.chance(plan_.faults.repeated)) add(segment);
  }
}

/// Those that are due; at the end of a turn all, since the peer answers what it has.
void MadeFlow::arrive_late(bool all) {
  std::erase_if(late_, [&](Late& late) {
    const bool arrives = --late.due == 0 || all;
    if (arrives) add(late.segment);
    return arrives;
  });
}

void MadeFlow::acknowledge() {
  unacknowledged_ = 0;
  if (dice_.chance(plan_.faults.unseen)) return;
  const unsigned from = 1 - turn_.from;
  add({.from = from, .flags = TcpFlags::ack, .seq = 1 + sent_[from], .ack = 1 + received_of(turn_.from)});
}

void MadeFlow::close() {
  const std::uint64_t client = 1 + sent_[0], server = 1 + sent_[1];
  add({.from = 0, .flags = TcpFlags::fin | TcpFlags::ack, .seq = client, .ack = server});
  add({.from = 1, .flags = TcpFlags::fin | TcpFlags::ack, .seq = server, .ack = client + 1});
  add({.from = 0, .flags = TcpFlags::ack, .seq = client + 1, .ack = server + 1});
  state_ = State::over;
}

std::uint64_t MadeFlow::received_of(unsigned side) const {
  std::uint64_t upto = sent_[side];
  for (const Late& late : late_) {
    if (late.segment.from == side) upto = std::min(upto, late.first_new);
  }
  return upto;
}

void MadeFlow::copy_content(std::uint64_t at, std::uint32_t length, std::string& to) const {
  if (at < turn_.head.size()) to += std::string_view{turn_.head}.substr(at, length);
  const std::uint64_t from_body = length - to.size();
  if (from_body == 0) return;
  const std::uint64_t in_body = std::max<std::uint64_t>(at, turn_.head.size()) - turn_.head.size();
  to += pool().at(plan_.seed * 4099 + turns_ * std::uint64_t{65'537} + in_body, from_body);
}

void MadeFlow::see(StreamTruth& truth, std::uint64_t at, std::uint32_t length) {
  std::string bytes;
  copy_content(at, length, bytes);
  truth.seen += length;
  truth.seen_bytes.add(as_bytes(bytes));
}

void MadeFlow::see_nothing(StreamTruth& truth, std::uint64_t offset, std::uint32_t length) {
  auto& holes = truth.holes;
  const bool joins = !holes.empty() && holes.back().offset + holes.back().length == offset;
  if (joins) {
    holes.back().length += length;
  } else {
    holes.push_back({.offset = offset, .length = length});
  }
}

}  // namespace unspool::bench
