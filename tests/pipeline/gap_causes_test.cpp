// Each cause of a gap, from frames to the flow event.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "run.h"
#include "support/capture_file.h"

namespace unspool::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

struct Story {
  const char* what;
  std::string capture;  // a capture file
  const char* flow;     // the one session
  std::uint64_t bytes;  // of the one gap
  StreamSettings settings = {};
};

std::string capture(const Dialog& dialog) { return to_pcap(dialog.packets()); }

/// `lost` packets of the capture were lost just before packet `at`.
std::string capture_that_lost(const Dialog& dialog, std::size_t at, std::uint64_t lost) {
  PcapngImage image;
  image.interface(1);
  for (std::size_t i = 0; i < dialog.size(); ++i) {
    const auto& [time, frame] = dialog.packets()[i];
    const auto us = static_cast<std::uint64_t>(time.time_since_epoch().count()) / 1000;
    image.packet(0, us, frame.bytes(), 0, i == at ? image.option_u64(4, lost) + image.option(0, "") : "");
  }
  return image.bytes();
}

/// Of each packet, so many bytes at most.
std::string capture_cut_to(const Dialog& dialog, std::size_t snaplen) {
  PcapImage image;
  for (const auto& [time, frame] : dialog.packets()) {
    const std::string bytes = frame;
    image.packet(static_cast<std::uint64_t>(time.time_since_epoch().count()), bytes.substr(0, snaplen),
                 static_cast<std::uint32_t>(bytes.size()));
  }
  return image.bytes();
}

Dialog three() { return Dialog(80).open().client("one").client("two").client("three"); }
constexpr std::size_t kHeaders = 14 + 20 + 20;

/// How each of them comes about. Whoever adds a cause is asked for its story.
std::vector<Story> stories(Cause cause) {
  switch (cause) {
    case Cause::capture_drop:
      return {{"the source counted losses before the packet that showed the hole",
               capture_that_lost(three().lose(4).server("ok").close(), 4, 7),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn closed C8[3+3 capture_drop] S2", 3},
              {"the hole is at the end, and its acknowledgement shows it",
               capture_that_lost(three().lose(5).server("ok").close(), 5, 1),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn closed C6[6+5 capture_drop] S2", 5}};
    case Cause::snaplen:
      return {{"the longest packet is cut", capture_cut_to(three().server("ok").close(), kHeaders + 3),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn closed C9[9+2 snaplen] S2", 2},
              {"the FIN behind it was not captured, and is no byte more",
               capture_cut_to(three().close().lose(6), kHeaders + 3),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn closed C9[9+2 snaplen] S0 fin_inferred=1", 2},
              {"all of a packet's bytes are cut", capture_cut_to(Dialog(80).open().client("one").close(), kHeaders),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn closed C0[0+3 snaplen] S0", 3}};
    case Cause::not_captured:
      return {{"one in the middle", capture(three().lose(4).server("ok").close()),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn closed C8[3+3 not_captured] S2", 3},
              {"nothing comes behind it", capture(three().lose(5).server("ok").pause(1s).server("!")),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn capture_end C6[6+5 not_captured] S3", 5},
              {"losses that were counted long before are not its cause",
               capture_that_lost(three().server("ok").client("four").server("!").lose(7).close(), 4, 7),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn closed C11[11+4 not_captured] S3", 4}};
    case Cause::limit:
      return {{"two segments may wait",
               capture(three().client("four").lose(3)),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn capture_end C12[0+3 limit] S0",
               3,
               {.held_segments = 2}},
              {"six bytes may wait",
               capture(three().client("four").lose(3)),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn capture_end C12[0+3 limit] S0",
               3,
               {.held_bytes = 6}},
              {"the other side is there, and acknowledges nothing for long",
               capture(three().lose(3).pause(31s).client("four")),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn capture_end C12[0+3 limit] S0", 3}};
    case Cause::one_sided:
      return {{"the capture ends", capture(three().lose(3).lose(1)),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn capture_end C8[0+3 one_sided] S0", 3},
              {"time passes", capture(three().lose(3).lose(1).pause(31s).client("four")),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn capture_end C12[0+3 one_sided] S0", 3},
              {"one segment may wait",
               capture(three().lose(3).lose(1)),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn capture_end C8[0+3 one_sided] S0",
               3,
               {.held_segments = 1}}};
    case Cause::before_capture:
      return {{"the capture begins between an acknowledgement and the next",
               capture(Dialog(80).client("one").server("1").client("two").server("2").client("!").lose(2).lose(0)),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 port capture_end C1[0+3 before_capture] S2 midstream", 3}};
    case Cause::end:
      return {{"the capture ends before anybody acknowledges it", capture(three().lose(4)),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn capture_end C8[3+3 end] S0", 3},
              {"a reset comes before that", capture(three().lose(4).client_resets()),
               "TCP 10.0.0.1:49152 > 10.0.0.2:80 syn reset C8[3+3 end] S0", 3}};
  }
  return {};
}

TEST(GapCauses, EachComesAbout) {
  constexpr auto kLast = static_cast<unsigned>(Cause::end);
  for (unsigned i = 0; i <= kLast; ++i) {
    const auto cause = static_cast<Cause>(i);
    ASSERT_FALSE(stories(cause).empty()) << name(cause);
    for (const Story& story : stories(cause)) {
      Settings settings;
      settings.streams = story.settings;
      for (const unsigned workers : {0U, 2U}) {
        const Ran ran = run_capture(story.capture, settings, workers);
        EXPECT_THAT(ran.flows, ElementsAre(story.flow)) << story.what;
        for (unsigned other = 0; other <= kLast; ++other) {
          const std::string named{name(static_cast<Cause>(other))};
          EXPECT_EQ(ran.count("streams.gaps." + named), other == i ? 1U : 0U) << story.what << ": " << named;
          EXPECT_EQ(ran.count("streams.gap_bytes." + named), other == i ? story.bytes : 0U) << story.what;
        }
      }
    }
  }
}

}  // namespace
}  // namespace unspool::test
