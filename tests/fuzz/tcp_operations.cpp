// The input is a list of operations. Its first byte chooses: segments of any kind, under a Witness (even), or what is
// done to the capture of an honest conversation, under its Judge (odd). Nothing here looks at the clock on the wall: an
// input that takes long is for the fuzzer's own -timeout.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/cursor.h"
#include "support/stream_judge.h"
#include "support/stream_witness.h"

namespace unspool::test {
namespace {

using std::chrono::milliseconds;
using wire::TcpFlags;

void check(const std::string& complaint) {
  if (complaint.empty()) return;
  std::fprintf(stderr, "%s\n", complaint.c_str());
  std::abort();
}

/// 0 leaves what is there.
template <class Limit>
void draw_limit(Cursor& input, Limit& limit, unsigned step) {
  if (const auto drawn = input.get<std::uint8_t>(); drawn > 0) limit = Limit{drawn} * step;
}

StreamSettings draw_limits(Cursor& input) {
  StreamSettings settings;
  draw_limit(input, settings.held_segments, 1);
  draw_limit(input, settings.held_bytes, 200);
  draw_limit(input, settings.held_bytes_host, 200);
  draw_limit(input, settings.held_bytes_run, 200);
  draw_limit(input, settings.start_bytes, 40);
  return settings;
}

// ---- hostile

/// The content of a place in a stream: copies of one version agree.
std::byte content(std::uint32_t seq, bool other_version) {
  std::uint32_t x = (seq + (other_version ? 77U : 0U)) * 0x9e3779b1U;
  x ^= x >> 15U;
  return static_cast<std::byte>(x * 0x85ebca6bU >> 24U);
}

/// Deltas count from where each side stands, so that an input of zeros is nearly honest.
class Attacker {
 public:
  explicit Attacker(Cursor input) : input_{input} {}

  std::string run() {
    StreamSettings settings = draw_limits(input_);
    settings.grace = milliseconds{input_.get<std::uint8_t>()};
    settings.hole = milliseconds{input_.get<std::uint8_t>() * 16};
    const auto port = input_.get<std::uint8_t>();
    Witness witness{settings, port % 3 == 0 ? std::nullopt : std::optional<unsigned>{port % 3 - 1}};
    while (input_.left() > 1 && witness.complaint().empty()) step(witness);
    witness.finish();
    return witness.complaint();
  }

 private:
  struct What {
    static constexpr std::uint8_t side = 0x01, drop = 0x02, window = 0x04, time = 0x08, cut = 0x10, seq = 0x20,
                                  ack = 0x40, split = 0x80;
  };
  static constexpr std::uint8_t kLong = 0x40, kOther = 0x80;  // beside the flags

  std::uint32_t draw_delta(bool wide) {
    if (wide) return input_.get<std::uint32_t>();
    return static_cast<std::uint32_t>(static_cast<std::int8_t>(input_.get<std::uint8_t>()));
  }

  void step(Witness& witness) {
    const auto what = input_.get<std::uint8_t>();
    const auto flags = input_.get<std::uint8_t>();
    if (what == 0xff) {
      if ((flags & 1U) != 0) return witness.finish();
      time_ += milliseconds{flags * 64};
      return witness.wait_until(time_);
    }
    const auto has = [&](std::uint8_t bit) { return (what & bit) != 0; };
    const unsigned side = has(What::side) ? 1 : 0;
    FedSegment fed{.from = side};
    fed.segment.flags = flags & 0x3fU;
    fed.segment.seq = next_[side] + draw_delta(has(What::seq));
    fed.segment.ack = next_[1 - side] + draw_delta(has(What::ack));
    const std::size_t length = std::size_t{input_.get<std::uint8_t>()} * ((flags & kLong) != 0 ? 16 : 1);
    const std::size_t missing = has(What::cut) ? std::min<std::size_t>(length, input_.get<std::uint8_t>()) : 0;
    if (has(What::window)) draw_window(fed, side);
    if (has(What::time)) time_ += milliseconds{static_cast<std::int16_t>(input_.get<std::uint16_t>())};
    fed.segment.window = window_[side];
    fed.segment.missing = static_cast<std::uint32_t>(missing);
    const bool syn = fed.segment.has(TcpFlags::syn);
    const std::uint32_t first = fed.segment.seq + (syn ? 1 : 0);
    for (std::uint32_t i = 0; i < length - missing; ++i)
      fed.payload.push_back(content(first + i, (flags & kOther) != 0));
    if (has(What::split)) fed.second_origin = static_cast<std::uint32_t>(length / 3);
    next_[side] = first + static_cast<std::uint32_t>(length) + (fed.segment.has(TcpFlags::fin) ? 1 : 0);
    fed.time = time_;
    fed.clock = time_;
    fed.after_drop = has(What::drop);
    witness.feed(std::move(fed));
  }

  void draw_window(FedSegment& fed, unsigned side) {
    window_[side] = input_.get<std::uint16_t>();
    const std::byte scale{input_.get<std::uint8_t>()};
    if (fed.segment.has(TcpFlags::syn)) fed.options = {std::byte{1}, std::byte{3}, std::byte{3}, scale};
  }

  Cursor input_;
  std::array<std::uint32_t, 2> next_{0xfffff000U, 1000};
  std::array<std::uint16_t, 2> window_{65535, 65535};
  Timestamp time_ = timestamp_from_ns(1'700'000'000'000'000'000);
};

// ---- honest

/// Worsens a capture in ways that its Judge has an answer for: what it cannot know of, a lost SYN, FIN or first byte,
/// stays.
class Tamperer {
 public:
  explicit Tamperer(Cursor input) : input_{input} {}

  std::string run() {
    const auto seed = input_.get<std::uint16_t>();
    conditions_.weather.lost = draw_rate();
    conditions_.weather.doubled = draw_rate();
    conditions_.weather.delayed = draw_rate();
    conditions_.weather.snaplen = input_.get<std::uint8_t>();
    conditions_.cramped = input_.get<std::uint8_t>() % 2 == 1;
    const StreamSettings settings = conditions_.cramped ? draw_limits(input_) : StreamSettings{};
    recording_ = record_conversation(seed, conditions_.weather);
    for (int edits = 0; edits < 64 && input_.left() >= 4; ++edits) edit();
    put_in_order();
    if (!windows_tell() || a_byte_looks_like_a_fin()) return {};
    return Judge{recording_, conditions_, settings, nullptr}.run(std::nullopt);
  }

 private:
  static constexpr std::int64_t kLatest = 95;  // ms, below the grace

  unsigned draw_rate() { return input_.get<std::uint8_t>() / 4U; }

  void edit() {
    const auto what = input_.get<std::uint8_t>();
    const auto at = input_.get<std::uint16_t>();
    const auto much = input_.get<std::uint8_t>();
    auto& packets = recording_.packets;
    if (packets.empty()) return;
    const std::size_t i = at % packets.size();
    switch (what % 6) {
      case 0: return drop(i, 1);
      case 1: return drop(i, much % 16);
      case 2:
        packets.insert(packets.begin() + static_cast<std::ptrdiff_t>(i), packets[i]);
        conditions_.weather.doubled = std::max(conditions_.weather.doubled, 1U);
        return;
      case 3: return cut(packets[i], much + 1U);
      case 4: return delay(packets[i], milliseconds{much * kLatest / 255});
      case 5: packets.resize(i + 1); return;
      default: return;
    }
  }

  static bool must_stay(const CapturedPacket& packet) {
    return packet.segment.has(TcpFlags::syn | TcpFlags::fin) || (packet.at == 0 && packet.segment.length() > 0);
  }

  void drop(std::size_t first, std::size_t count) {
    auto& packets = recording_.packets;
    const auto begin = packets.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = packets.begin() + static_cast<std::ptrdiff_t>(std::min(packets.size(), first + count));
    const auto kept = std::remove_if(begin, end, [](const CapturedPacket& packet) { return !must_stay(packet); });
    if (kept == end) return;
    conditions_.weather.missed = 1;
    const auto next = packets.erase(kept, end);
    if (count % 2 == 0 && next != packets.end()) next->after_drop = true;
  }

  void cut(CapturedPacket& packet, std::size_t kept) {
    if (packet.segment.payload.size() <= kept) return;
    packet.segment.missing += static_cast<std::uint32_t>(packet.segment.payload.size() - kept);
    packet.segment.payload = packet.segment.payload.first(kept);
    conditions_.weather.snaplen = std::max(conditions_.weather.snaplen, 1U);
  }

  /// At most once, so that no packet is late by more than a grace.
  void delay(CapturedPacket& packet, Duration late) {
    if (must_stay(packet) || packet.clock != packet.time) return;
    packet.clock += late;
    conditions_.weather.skew = milliseconds{kLatest};
  }

  /// As a tap would have: by the time of capture, with a clock that never goes back and records that count up.
  void put_in_order() {
    auto& packets = recording_.packets;
    std::stable_sort(packets.begin(), packets.end(), [](const auto& a, const auto& b) { return a.clock < b.clock; });
    for (std::size_t i = 0; i < packets.size(); ++i) {
      for (std::size_t span = 0; span < packets[i].origins.size(); ++span) {
        packets[i].origins[span].origin.record = i * Recording::kRecords + span;
      }
    }
  }

  /// No sequence number or acknowledgement is further ahead than what was captured before it allows: what is, is not
  /// believed, and a Judge knows nothing of that.
  bool windows_tell() const {
    std::array<std::uint64_t, 2> top{}, acked{}, window{};
    for (const CapturedPacket& packet : recording_.packets) {
      const unsigned side = packet.from, peer = 1 - packet.from;
      const bool syn = packet.segment.has(TcpFlags::syn);
      const unsigned scale = syn ? 0 : wire::window_scale(recording_.syn_options[side]).value_or(0);
      window[side] = std::max(window[side], std::uint64_t{packet.segment.window} << scale);
      if (packet.at > acked[side] + window[peer]) return false;
      if (packet.acks > top[peer] + window[side]) return false;
      top[side] = std::max(top[side], packet.at + packet.segment.length());
      acked[peer] = std::max(acked[peer], packet.acks);
    }
    return true;
  }

  /// A hole of one byte before an acknowledgement can be a FIN, as far as anybody can tell.
  bool a_byte_looks_like_a_fin() const {
    std::array<std::vector<bool>, 2> captured;
    for (const unsigned side : {0U, 1U}) captured[side].resize(recording_.streams[side].size() + 1);
    for (const CapturedPacket& packet : recording_.packets) {
      std::fill_n(captured[packet.from].begin() + static_cast<std::ptrdiff_t>(packet.at), packet.segment.length(),
                  true);
      const std::uint64_t acks = packet.acks;
      const std::vector<bool>& peer = captured[1 - packet.from];
      if (acks > 0 && acks < peer.size() && !peer[acks - 1] && (acks == 1 || peer[acks - 2])) return true;
    }
    return false;
  }

  Cursor input_;
  Conditions conditions_;
  Recording recording_;
};

}  // namespace
}  // namespace unspool::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace unspool::test;
  if (size == 0) return 0;
  const unspool::Cursor input{std::as_bytes(std::span{data, size}).subspan(1)};
  check(data[0] % 2 == 0 ? Attacker{input}.run() : Tamperer{input}.run());
  return 0;
}
