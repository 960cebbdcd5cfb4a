// The input is a list of fragments: what comes out is what a plain model says, which knows each byte of a datagram by
// its place; and limits hold. The first three bytes choose the limits, then six make a fragment:
//
//   what: which datagram (2 bits), IPv6, two origins, a copy whose bytes differ, VLAN, tunnel, more to come
//   offset and length, in eights; then how many bytes more, how much is not captured, and how many seconds pass
#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/cursor.h"
#include "flow/defragmenter.h"
#include "fuzz/target.h"

namespace unspool::test {
namespace {

constexpr std::uint32_t kLongest = 65535;

struct Fragment {
  wire::Datagram datagram;
  std::vector<std::byte> bytes;  // what datagram.payload shows
  std::vector<OriginSpan> origins;
  std::uint32_t frame_bytes = 0;
  bool v6() const { return !datagram.source.is_v4(); }
  std::uint32_t begin() const { return datagram.fragment.offset; }
  std::uint32_t end() const { return begin() + static_cast<std::uint32_t>(bytes.size()); }
  bool last() const { return !datagram.fragment.more; }
};

struct Draw {
  Cursor input;
  std::uint64_t record = 0;

  static constexpr std::uint8_t kWhich = 0x03, kSix = 0x04, kTwoOrigins = 0x08, kDiffers = 0x10, kVlan = 0x20,
                                kTunnel = 0x40, kMore = 0x80;

  static IpAddress address(bool v6, std::uint8_t last) {
    IpAddress address{.octets = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, last}};
    if (v6) address.octets[0] = 0x20;
    return address;
  }
  /// Those of one datagram differ by version, which addresses and identification tell, and by VLAN and tunnel.
  Fragment fragment(std::uint8_t what) {
    Fragment f;
    wire::Datagram& d = f.datagram;
    d.kind = wire::Kind::fragment;
    d.source = address((what & kSix) != 0, 1);
    d.destination = address((what & kSix) != 0, 2);
    d.fragment.id = (what & kWhich) / 2U;
    d.fragment.more = (what & kMore) != 0;
    d.protocol = what % 2 == 0 ? 17 : 6;
    if ((what & kVlan) != 0) d.vlans.push(5);
    if ((what & kTunnel) != 0) d.tunnels.push(Tunnel::gre);
    const std::uint32_t offset = input.get<std::uint8_t>(), length = input.get<std::uint8_t>();
    d.fragment.offset = static_cast<std::uint16_t>((offset > 200 ? offset * 32 : offset) * 8);
    const std::uint32_t odd = input.get<std::uint8_t>();
    const std::uint32_t size = (length > 200 ? length * 32 : length) * 8 + (odd < 8 ? odd : 0);
    for (std::uint32_t i = 0; i < size; ++i) {
      const std::uint32_t place = d.fragment.offset + i;
      f.bytes.push_back(static_cast<std::byte>(place * 7 + place / 256 + (what & kDiffers)));
    }
    const std::uint8_t cut = input.get<std::uint8_t>();
    d.missing = cut < 250 ? 0 : cut;
    d.payload = f.bytes;
    f.frame_bytes = size + 34;
    f.origins.push_back({.offset = 0, .origin = {.record = ++record}});
    if ((what & kTwoOrigins) != 0 && size > 1) {
      f.origins.push_back({.offset = size / 2, .origin = {.record = ++record}});
    }
    return f;
  }
};

/// A datagram that waits, byte by byte.
struct Waiting {
  struct Byte {
    std::byte value{};
    std::uint64_t record = 0;  // 0: not there
  };
  std::string key;
  Timestamp started;
  std::vector<Byte> bytes;                       // up to the furthest that was seen
  std::map<std::uint32_t, std::uint32_t> parts;  // where each begins and ends
  std::uint32_t covered = 0, frame_bytes = 0;
  std::optional<std::uint32_t> total;
  std::uint8_t protocol = 0;

  bool overlaps(const Fragment& f) const {
    for (std::size_t i = f.begin(); i < std::min<std::size_t>(f.end(), bytes.size()); ++i) {
      if (bytes[i].record != 0) return true;
    }
    return false;
  }
  bool has_copy(const Fragment& f) const {
    const auto part = parts.find(f.begin());
    if (part == parts.end() || part->second != f.end()) return false;
    return std::equal(f.bytes.begin(), f.bytes.end(), bytes.begin() + f.begin(),
                      [](std::byte value, const Byte& byte) { return value == byte.value; });
  }
  void take(const Fragment& f) {
    if (f.last()) total = f.end();
    if (f.begin() == 0 && (bytes.empty() || bytes[0].record == 0)) protocol = f.datagram.protocol;
    bytes.resize(std::max<std::size_t>(bytes.size(), f.end()));
    std::uint32_t* part_end = nullptr;
    for (std::uint32_t i = f.begin(); i < f.end(); ++i) {
      const bool second = f.origins.size() > 1 && i - f.begin() >= f.origins[1].offset;
      if (bytes[i].record != 0 || (second && i - f.begin() == f.origins[1].offset)) part_end = nullptr;
      if (bytes[i].record != 0) continue;
      bytes[i] = {.value = f.bytes[i - f.begin()], .record = f.origins[second ? 1 : 0].origin.record};
      ++covered;
      if (part_end == nullptr) part_end = &parts[i];
      *part_end = i + 1;
    }
  }
};

class Model {
 public:
  explicit Model(const FragmentLimits& limits) : limits_{limits}, real_{limits} {}

  void add(const Fragment& f, Timestamp now) {
    const FragmentCounters before = real_.counters();
    const auto* whole = real_.add_inner(f.datagram, f.frame_bytes, now, f.origins);
    const FragmentCounters& after = real_.counters();
    check(after.fragments == before.fragments + 1, "a fragment is not counted");
    std::uint64_t late = 0;
    for (; !waiting_.empty() && waiting_.front().started + limits_.timeout <= now; ++late) waiting_.pop_front();
    check(after.timed_out == before.timed_out + late, "time is not what it was");
    const std::string expected = outcome(f, now);
    const std::uint64_t evicted = after.evicted + after.evicted_for_bytes - before.evicted - before.evicted_for_bytes;
    check_same(told(whole, before, after), expected, "fragments are put together wrongly");
    if (whole != nullptr) compare(*whole);
    evict(evicted);
    check(real_.waiting() == waiting_.size(), "more or less waits than should");
    check(waiting_.size() <= std::max(limits_.datagrams, 1U), "too many datagrams wait");
    check(waiting_.size() <= 1 || held() <= limits_.bytes, "too many bytes wait");
  }

 private:
  static std::string told(const Defragmenter::Whole* whole, const FragmentCounters& before,
                          const FragmentCounters& after) {
    std::string text;
    if (after.overlapping > before.overlapping) text += "overlaps ";
    if (after.malformed > before.malformed) text += "malformed ";
    if (after.reassembled > before.reassembled) text += "reassembled ";
    return text + (whole != nullptr ? "whole" : "");
  }
  /// What becomes of it: as told(). A whole is left in done_.
  std::string outcome(const Fragment& f, Timestamp now) {
    const bool odd = !f.last() && f.bytes.size() % 8 != 0;
    if (f.datagram.missing > 0 || f.bytes.empty() || f.end() > kLongest || odd) return "malformed ";
    Waiting& w = find_or_start(f, now);
    const bool beyond =
        f.last() ? (w.total && *w.total != f.end()) || w.bytes.size() > f.end() : w.total && f.end() > *w.total;
    if (beyond || w.parts.size() >= limits_.fragments) return "malformed ";
    w.frame_bytes += f.frame_bytes;
    std::string text;
    if (w.overlaps(f)) {
      text = "overlaps ";
      if (f.v6() && !w.has_copy(f)) return drop(w), text;
    }
    w.take(f);
    if (!w.total || w.covered != *w.total) return text;
    done_ = w;
    drop(w);
    return text + "reassembled whole";
  }
  Waiting& find_or_start(const Fragment& f, Timestamp now) {
    const wire::Datagram& d = f.datagram;
    const std::string key = std::to_string(f.v6() ? 1000U : d.protocol) + "/" + std::to_string(d.fragment.id) + "/" +
                            std::to_string(d.vlans.size()) + "/" + std::to_string(d.tunnels.size());
    for (Waiting& w : waiting_) {
      if (w.key == key) return w;
    }
    return waiting_.emplace_back(Waiting{.key = key, .started = now});
  }
  void drop(const Waiting& w) {
    waiting_.erase(std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& x) { return &x == &w; }));
  }
  void compare(const Defragmenter::Whole& whole) const {
    check(whole.payload.size() == done_.bytes.size() && whole.protocol == done_.protocol, "the whole is another");
    check(whole.frame_bytes == done_.frame_bytes, "frames are not added up");
    check(!whole.origins.empty() && whole.origins.front().offset == 0, "the first byte has no origin");
    std::size_t span = 0;
    for (std::size_t place = 0; place < done_.bytes.size(); ++place) {
      if (span + 1 < whole.origins.size() && whole.origins[span + 1].offset == place) {
        ++span;
        check(whole.origins[span].origin != whole.origins[span - 1].origin, "one origin stands twice");
      }
      check(whole.payload[place] == done_.bytes[place].value, "a byte is another");
      check(whole.origins[span].origin.record == done_.bytes[place].record, "a byte is of another origin");
    }
    check(span + 1 == whole.origins.size(), "origins of no bytes");
  }
  /// The oldest go, and only when something is full: what a datagram and a part cost beside their bytes is not said.
  void evict(std::uint64_t count) {
    constexpr std::size_t kMostOverhead = 1000;
    for (; count > 0; --count) {
      std::size_t most = held() + waiting_.size() * kMostOverhead;
      for (const Waiting& w : waiting_) most += w.parts.size() * kMostOverhead;
      check(waiting_.size() > limits_.datagrams || most > limits_.bytes, "a datagram is evicted though there is room");
      waiting_.pop_front();
    }
  }
  std::size_t held() const {
    std::size_t bytes = 0;
    for (const Waiting& w : waiting_) bytes += w.covered;
    return bytes;
  }

  FragmentLimits limits_;
  Defragmenter real_;
  std::deque<Waiting> waiting_;  // oldest first
  Waiting done_;
};

}  // namespace
}  // namespace unspool::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace unspool::test;
  Draw draw{.input = unspool::Cursor{std::as_bytes(std::span{data, size})}};
  Model model{{.timeout = std::chrono::seconds(30),
               .datagrams = draw.input.get<std::uint8_t>() % 16U + 1,
               .bytes = (draw.input.get<std::uint8_t>() + 1U) * 500,
               .fragments = draw.input.get<std::uint8_t>() % 40U + 1}};
  unspool::Timestamp now{};
  constexpr std::size_t kMostBytes = 150'000;  // the model is slow
  for (std::size_t bytes = 0; draw.input.left() > 0 && bytes < kMostBytes;) {
    const auto what = draw.input.get<std::uint8_t>();
    const Fragment fragment = draw.fragment(what);
    bytes += fragment.bytes.size() + 100;
    const auto seconds = draw.input.get<std::uint8_t>();
    if (seconds > 200) now += std::chrono::seconds(seconds - 200);
    model.add(fragment, now);
  }
  return 0;
}
