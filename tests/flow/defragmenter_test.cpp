#include "flow/defragmenter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

#include "support/encapsulation.h"

namespace unspool::test {
namespace {

// Fragments, told: "A8@0 B8@8 C3@16." sends eight A at 0, eight B at 8, and three C at 16, the last. From where they
// stand on, id=2, vlan=5 and proto=6 change what the fragments belong to, "v6" the version, "gre" puts them into a
// tunnel; wait=31 lets so many seconds pass.
class Story {
 public:
  explicit Story(const FragmentLimits& limits = {}) : fragments_{limits} {}

  Story& tell(const std::string& script) {
    std::istringstream words{script};
    for (std::string word; words >> word;) take(word);
    return *this;
  }
  /// What was put together, in runs of a letter: "A8B8C3". What came whole stands in brackets. Then, behind "|", what
  /// was counted.
  std::string told() const {
    const FragmentCounters& c = fragments_.counters();
    std::string line = told_.empty() ? "nothing" : told_;
    const std::pair<const char*, std::uint64_t> odd[] = {{"timed_out", c.timed_out},
                                                         {"evicted", c.evicted},
                                                         {"evicted for bytes", c.evicted_for_bytes},
                                                         {"overlapping", c.overlapping},
                                                         {"malformed", c.malformed}};
    for (const auto& [name, count] : odd) {
      if (count > 0) line += fmt::format(" | {} {}", name, count);
    }
    return line;
  }
  /// Of the last datagram: "0:1 8:2" when fragment 1 gave the bytes from 0 on, and 2 those from 8 on.
  const std::string& origins() const { return origins_; }
  std::uint8_t protocol() const { return protocol_; }
  std::uint32_t frame_bytes() const { return frame_bytes_; }
  std::size_t waiting() const { return fragments_.waiting(); }
  const FragmentCounters& counters() const { return fragments_.counters(); }

 private:
  void take(const std::string& word) {
    unsigned number = 0, offset = 0;
    char letter = 0, end = 0;
    if (word == "v6") {
      six_ = true;
    } else if (std::sscanf(word.c_str(), "id=%u", &number) == 1) {
      id_ = number;
    } else if (std::sscanf(word.c_str(), "vlan=%u", &number) == 1) {
      vlan_ = static_cast<std::uint16_t>(number);
    } else if (word == "gre") {
      in_gre_ = true;
    } else if (std::sscanf(word.c_str(), "proto=%u", &number) == 1) {
      number_ = static_cast<std::uint8_t>(number);
    } else if (std::sscanf(word.c_str(), "wait=%u", &number) == 1) {
      now_ += std::chrono::seconds(number);
    } else if (std::sscanf(word.c_str(), "%c%u@%u%c", &letter, &number, &offset, &end) >= 3) {
      send(std::string(number, letter), static_cast<std::uint16_t>(offset), end != '.');
    } else {
      ADD_FAILURE() << "no such word: " << word;
    }
  }
  Frame frame(const std::string& bytes, std::uint16_t offset, bool more) const {
    Frame front = eth();
    if (vlan_ != 0) front = front / vlan(vlan_);
    if (in_gre_) front = front / ip4("10.9.0.1", "10.9.0.2") / gre();
    if (six_) return front / ip6("::1", "::2") / fragment6(id_, offset, more) / data(bytes, number_);
    return front / ip4("10.0.0.1", "10.0.0.2").fragment(static_cast<std::uint16_t>(id_), offset, more) /
           data(bytes, number_);
  }
  void send(const std::string& bytes, std::uint16_t offset, bool more) {
    const std::string packet = frame(bytes, offset, more);
    const auto length = static_cast<std::uint32_t>(packet.size());
    wire::Datagram datagram;
    wire::decode(1, as_bytes(packet), length, datagram);
    ++record_;
    if (datagram.kind != wire::Kind::fragment) {
      add("(" + runs(as_text(datagram.payload)) + ")");
      return;
    }
    const auto* whole = fragments_.add(datagram, length, now_, Origin{.record = record_, .source = 0});
    if (whole == nullptr) return;
    add(runs(as_text(whole->payload)));
    protocol_ = whole->protocol;
    frame_bytes_ = whole->frame_bytes;
    origins_.clear();
    for (const auto& span : whole->origins) {
      origins_ += fmt::format("{}{}:{}", origins_.empty() ? "" : " ", span.offset, span.origin.record);
    }
  }
  void add(const std::string& text) { told_ += (told_.empty() ? "" : " ") + text; }
  static std::string runs(std::string_view text) {
    std::string line;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find_first_not_of(text[at], at), text.size());
      line += fmt::format("{}{}", text[at], end - at);
      at = end;
    }
    return line;
  }

  Defragmenter fragments_;
  std::string told_, origins_;
  Timestamp now_ = timestamp_from_ns(1'000'000'000);
  std::uint64_t record_ = 0;
  std::uint32_t id_ = 1, frame_bytes_ = 0;
  std::uint16_t vlan_ = 0;
  std::uint8_t number_ = 99, protocol_ = 0;
  bool six_ = false, in_gre_ = false;
};

TEST(Defragmenter, Cases) {
  struct Row {
    const char* what;
    const char* script;
    const char* expected;
  };
  const Row rows[] = {
      {"ip-01 novak-17, first",
       "A24@0 B16@32 C24@48 D8@80 E16@104 F24@120 G16@144 H16@160 I8@176 "
       "J32@8 K24@48 L24@72 M24@96 N8@128 O8@152 P8@160 Q16@176.",
       "A24J8B16C24L8D8L8M8E16F24G16H16I8Q8 | overlapping 8"},
      {"ip-02 in order", "A8@0 B8@8 C3@16.", "A8B8C3"},
      {"ip-03 reverse", "C3@16. B8@8 A8@0", "A8B8C3"},
      {"the middle last", "A8@0 C3@16. B8@8", "A8B8C3"},
      {"ip-04 no data", "A8@0 B0@8 B8@8.", "A8B8 | malformed 1"},
      {"no data, last", "A8@0 B0@8.", "nothing | malformed 1"},
      {"ip-05 too large", "A8@0 B16@65528.", "nothing | malformed 1"},
      {"by one", "A8@0 B8@65528.", "nothing | malformed 1"},
      {"and just not", "A32760@0 C7@65528. B32768@32760", "A32760B32768C7"},
      {"ip-06 timeout", "A8@0 wait=30 B8@8.", "nothing | timed_out 1"},
      {"and just not", "A8@0 wait=29 B8@8.", "A8B8"},
      {"counted from the first fragment on", "A8@0 wait=20 B8@8 wait=20 C8@16.", "nothing | timed_out 1"},
      {"ip-07 two lasts", "A8@0 B8@8. C8@24.", "A8B8"},
      {"two lasts that wait", "B8@8. C8@24. A8@0", "A8B8 | malformed 1"},
      {"the second is nearer", "C8@24. B8@8. A8@0 B16@8", "A8B16C8 | malformed 1"},
      {"bytes behind the last", "B8@8. C8@16 A8@0", "A8B8 | malformed 1"},
      {"a last that is before what was seen", "C8@16 B8@8. A8@0", "nothing | malformed 1"},
      {"ip-08 identification used by a whole packet", "A8@0 P8@0. B8@8.", "(P8) A8B8"},
      {"identification used again", "A8@0 B8@8. C8@0 D8@8.", "A8B8 C8D8"},
      {"two at a time", "A8@0 id=2 C8@0 id=1 B8@8. id=2 D8@8.", "A8B8 C8D8"},
      {"ip-10 IPv6 overlap", "v6 A16@0 B16@8 C8@24.", "nothing | overlapping 1"},
      {"IPv6, in reverse", "v6 C3@16. B8@8 A8@0", "A8B8C3"},
      {"IPv6, a copy is no overlap", "v6 A8@0 A8@0 B8@8.", "A8B8 | overlapping 1"},
      {"IPv6, a copy with other bytes is one", "v6 A8@0 B8@0 C8@8.", "nothing | overlapping 1"},
      {"ip-11 IPv6, atomic", "v6 A8@0 P8@0. B8@8.", "(P8) A8B8"},
      {"ip-14 VLANs", "vlan=1 A8@0 vlan=2 B8@8.", "nothing"},
      {"one in a tunnel", "A8@0 gre B8@8.", "nothing"},
      {"both in a tunnel", "gre A8@0 B8@8.", "A8B8"},
      {"ip-15 protocols", "proto=6 A8@0 proto=17 B8@8.", "nothing"},
      {"and of IPv6, where the first names it", "v6 proto=6 A8@0 proto=17 B8@8.", "A8B8"},
      {"versions", "A8@0 v6 B8@8.", "nothing"},
      {"lengths that are no multiple of 8", "A7@0 B8@8.", "nothing | malformed 1"},
      {"a copy", "A8@0 A8@0 B8@8.", "A8B8 | overlapping 1"},
      {"a copy, and now it is the last", "A8@0 B8@8 B8@8.", "A8B8 | overlapping 1"},
      {"IPv6, a copy, and now it is the last", "v6 A8@0 B8@8 B8@8.", "A8B8 | overlapping 1"},
      {"a copy of the last", "B8@8. B8@8. A8@0", "A8B8 | overlapping 1"},
      {"inside another", "A32@0 B8@8 C8@32.", "A32C8 | overlapping 1"},
      {"around another", "B8@8 A32@0 C8@32.", "A8B8A16C8 | overlapping 1"},
      {"around three", "B8@8 C8@24 D8@40 A64@0 E8@64.", "A8B8A8C8A8D8A16E8 | overlapping 1"},
      {"over the end of one and the beginning of the next", "A16@0 B16@24 C24@8 D8@40.", "A16C8B16D8 | overlapping 1"},
      {"all of it again, in one", "A8@0 B8@8 C24@0.", "(C24)"},
  };
  for (const Row& row : rows) EXPECT_EQ(Story{}.tell(row.script).told(), row.expected) << row.what;
}

TEST(Defragmenter, SaysWhereBytesAreFrom) {
  EXPECT_EQ(Story{}.tell("A8@0 B8@8 C3@16.").origins(), "0:1 8:2 16:3");
  EXPECT_EQ(Story{}.tell("C3@16. B8@8 A8@0").origins(), "0:3 8:2 16:1");
  EXPECT_EQ(Story{}.tell("B8@8 A32@0 C8@32.").origins(), "0:2 8:1 16:2 32:3");
  EXPECT_EQ(Story{}.tell("A16@0 C24@8 D8@32.").origins(), "0:1 16:2 32:3") << "the first copy's";
  EXPECT_EQ(Story{}.tell("A8@0 B8@8. C8@0 D8@8.").origins(), "0:3 8:4") << "nothing stays of the datagram before";
}

TEST(Defragmenter, AddsUpTheFrames) {
  EXPECT_EQ(Story{}.tell("A8@0 B8@8 C3@16.").frame_bytes(), 3 * (14 + 20) + 8 + 8 + 3U);
}

// RFC 8200, 4.5: only the Next Header of the first fragment counts, wherever it comes in.
TEST(Defragmenter, TheFirstFragmentNamesTheProtocol) {
  EXPECT_EQ(Story{}.tell("v6 proto=6 A8@0 proto=17 B8@8.").protocol(), 6);
  EXPECT_EQ(Story{}.tell("v6 proto=17 B8@8. proto=6 A8@0").protocol(), 6);
  EXPECT_EQ(Story{}.tell("v6 proto=17 C8@16. proto=6 A8@0 proto=17 B8@8").protocol(), 6);
  EXPECT_EQ(Story{}.tell("proto=6 A8@0 B8@8.").protocol(), 6);
}

TEST(Defragmenter, WaitsForNothingThatIsDone) {
  EXPECT_EQ(Story{}.tell("A8@0").waiting(), 1U);
  EXPECT_EQ(Story{}.tell("A8@0 B8@8.").waiting(), 0U);
  EXPECT_EQ(Story{}.tell("A8@0 wait=30 id=2 B8@0").waiting(), 1U) << "ip-06: the first was forgotten";
  EXPECT_EQ(Story{}.tell("v6 A16@0 B16@8").waiting(), 0U) << "RFC 5722";
  EXPECT_EQ(Story{}.tell("A7@0 B0@8 C16@65528.").waiting(), 0U) << "what is malformed begins nothing";
}

// ip-12
TEST(Defragmenter, FragmentsOfABadSizeLeaveNothingBehind) {
  Story story;
  story.tell("v6");
  for (int i = 0; i < 10'000; ++i) {
    story.tell(fmt::format("id={} A7@0", i));
    ASSERT_LE(story.waiting(), 1U);
  }
  EXPECT_EQ(story.told(), "nothing | malformed 10000");
}

// ip-13
TEST(Defragmenter, AFloodIsBounded) {
  Story story;
  std::uint16_t vlan = 0;
  for (unsigned i = 0; i < 70'000; ++i) {
    if (i % 65'536 == 0) story.tell(fmt::format("vlan={}", ++vlan));
    story.tell(fmt::format("id={} A8@0", i % 65'536));
    ASSERT_LE(story.waiting(), FragmentLimits{}.datagrams);
    if (i % 1000 == 0) story.tell("id=65535 B8@0 C8@8.");
  }
  EXPECT_EQ(story.waiting(), FragmentLimits{}.datagrams);
  EXPECT_EQ(story.counters().evicted, 70'000 - FragmentLimits{}.datagrams);
  EXPECT_EQ(story.counters().reassembled, 70U) << "whoever finishes in time is not disturbed";
}

TEST(Defragmenter, TheOldestGoFirst) {
  EXPECT_EQ(Story({.datagrams = 2}).tell("A8@0 id=2 B8@0 id=3 C8@0 E8@8. id=2 D8@8. id=1 F8@8.").told(),
            "C8E8 B8D8 | evicted 1");
}

TEST(Defragmenter, BytesAreBounded) {
  Story story({.bytes = 64'000});
  for (int i = 0; i < 1000; ++i) {
    story.tell(fmt::format("id={} A8000@0", i));
    ASSERT_LE(story.waiting(), 64'000U / 8000);
  }
  EXPECT_EQ(story.tell("B8@8000.").told(), "A8000B8 | evicted for bytes 993");
}

TEST(Defragmenter, OneDatagramMayBeLargerThanAll) {
  EXPECT_EQ(Story({.bytes = 1000}).tell("A8000@0 B8@8000.").told(), "A8000B8");
}

TEST(Defragmenter, FragmentsOfOneDatagramAreBounded) {
  Story story({.fragments = 4});
  story.tell("A8@0 B8@16 C8@32 D8@48 E8@64 F8@72.");
  EXPECT_EQ(story.told(), "nothing | malformed 2");
  EXPECT_EQ(story.tell("wait=30 G8@0 H8@8.").told(), "G8H8 | timed_out 1 | malformed 2");
}

TEST(Defragmenter, AFragmentThatTheCaptureCutIsNoHelp) {
  const std::string frame = eth() / ip4("10.0.0.1", "10.0.0.2").fragment(1, 0, true) / data("AAAAAAAAAAAAAAAA", 17);
  wire::Datagram datagram;
  wire::decode(1, as_bytes(frame).first(frame.size() - 8), static_cast<std::uint32_t>(frame.size()), datagram);
  ASSERT_EQ(datagram.kind, wire::Kind::fragment);
  Defragmenter fragments{FragmentLimits{}};
  EXPECT_EQ(fragments.add(datagram, 50, {}, {}), nullptr);
  EXPECT_EQ(fragments.counters().malformed, 1U);
  EXPECT_EQ(fragments.waiting(), 0U);
}

// Of a fragment that was itself put together, each packet's part keeps its origin.
TEST(Defragmenter, InnerFragmentsComeFromSeveralPackets) {
  const auto part = [](const char* bytes, std::uint16_t offset, bool more) {
    return std::string{raw() / ip4("10.0.0.1", "10.0.0.2").fragment(1, offset, more) / data(bytes, 17)};
  };
  Defragmenter fragments{FragmentLimits{}};
  const auto add = [&](const std::string& frame, std::initializer_list<OriginSpan> origins) {
    wire::Datagram datagram;
    wire::decode(101, as_bytes(frame), static_cast<std::uint32_t>(frame.size()), datagram);
    return fragments.add_inner(datagram, 100, {}, origins);
  };
  const auto from = [](std::uint32_t offset, std::uint64_t record) {
    return OriginSpan{.offset = offset, .origin = {.record = record, .source = 0}};
  };
  EXPECT_EQ(add(part("89abcdef", 8, false), {from(0, 3), from(5, 4), from(8, 5)}), nullptr);
  const auto* whole = add(part("01234567", 0, true), {from(0, 1), from(2, 3)});
  ASSERT_NE(whole, nullptr);
  EXPECT_EQ(as_text(whole->payload), "0123456789abcdef");
  std::string origins;
  for (const auto& span : whole->origins) origins += fmt::format("{}:{} ", span.offset, span.origin.record);
  EXPECT_EQ(origins, "0:1 2:3 13:4 ");
  EXPECT_EQ(whole->frame_bytes, 200U);
}

// ip-09
TEST(Defragmenter, ATcpHeaderInPieces) {
  const auto ip = ip4("10.0.0.1", "10.0.0.2");
  const std::string segment = std::string{raw() / ip / tcp(49152, 80).seq(7).payload("a whole segment")}.substr(20);
  Defragmenter fragments{FragmentLimits{}};
  for (std::size_t at = 0; at < segment.size(); at += 8) {
    const bool more = at + 8 < segment.size();
    const std::string frame = raw() / ip4("10.0.0.1", "10.0.0.2").fragment(1, static_cast<std::uint16_t>(at), more) /
                              data(segment.substr(at, 8), 6);
    wire::Datagram datagram;
    wire::decode(101, as_bytes(frame), static_cast<std::uint32_t>(frame.size()), datagram);
    const auto* whole = fragments.add(datagram, 28, {}, {});
    ASSERT_EQ(whole != nullptr, !more) << at;
    if (more) continue;
    wire::decode_transport(whole->payload, 0, datagram);
    ASSERT_EQ(datagram.kind, wire::Kind::tcp);
    EXPECT_EQ(datagram.source_port, 49152);
    EXPECT_EQ(datagram.tcp.seq, 7U);
    EXPECT_EQ(as_text(datagram.tcp.payload), "a whole segment");
    EXPECT_EQ(whole->origins.size(), 1U) << "neighbours of one origin are joined";
  }
}

}  // namespace
}  // namespace unspool::test
