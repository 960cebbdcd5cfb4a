// Thousands of simulated conversations, captured badly, against what is true of them.
//
// UNSPOOL_SEEDS=N runs N seeds of each profile; UNSPOOL_SEED=N just that one, with its trace.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/stream_judge.h"

namespace unspool::test {
namespace {

struct Profile {
  std::string_view name;
  Weather weather;
  std::uint64_t seeds;
  bool cramped = false;                       // limits on waiting bytes bite
  std::vector<std::string_view> must_happen;  // or the profile tests nothing
};

StreamSettings draw_settings(const Profile& profile, Dice& dice) {
  StreamSettings settings;
  if (!profile.cramped) return settings;
  settings.held_segments = static_cast<std::uint32_t>(dice.between(2, 40));
  settings.held_bytes = static_cast<std::uint32_t>(dice.between(1000, 40'000));
  settings.held_bytes_host = dice.between(1000, 60'000);
  settings.held_bytes_run = dice.between(1000, 60'000);
  settings.start_bytes = static_cast<std::uint32_t>(dice.between(1, 20'000));
  return settings;
}

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

/// Each conversation has its own weather: from nothing to twice the profile's.
Weather draw_weather(Weather weather, Dice& dice) {
  for (unsigned* rate : {&weather.lost, &weather.doubled, &weather.delayed, &weather.missed, &weather.outages}) {
    *rate = static_cast<unsigned>(dice.between(0, 2 * *rate));
  }
  return weather;
}

std::string judge(const Profile& profile, std::uint64_t seed, std::map<std::string_view, std::uint64_t>& happened,
                  std::vector<std::string>* trace) {
  Dice dice{seed ^ 0x5eed};
  const Weather weather = draw_weather(profile.weather, dice);
  const StreamSettings settings = draw_settings(profile, dice);
  const Recording recording = record_conversation(seed, weather);
  const Conditions conditions{.weather = profile.weather, .cramped = profile.cramped};
  Judge judge{recording, conditions, settings, trace};
  std::string complaint = judge.run(std::nullopt);
  for (const auto& [what, times] : judge.happened()) happened[what] += times;
  if (!complaint.empty() || seed % 4 != 0) return complaint;
  Judge again{recording, conditions, settings, nullptr};
  complaint = again.run(seed);
  if (complaint.empty() && again.log() != judge.log()) return "the clock between packets changes what is given out";
  return complaint;
}

void PrintTo(const Profile& profile, std::ostream* out) { *out << profile.name; }

class Simulator : public testing::TestWithParam<Profile> {};

TEST_P(Simulator, TellsTheTruth) {
  const Profile& profile = GetParam();
  const auto only = number_from("UNSPOOL_SEED");
  const std::uint64_t first = only.value_or(1);
  const std::uint64_t last = only.value_or(number_from("UNSPOOL_SEEDS").value_or(profile.seeds));
  std::map<std::string_view, std::uint64_t> happened;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const std::string complaint = judge(profile, seed, happened, nullptr);
    if (complaint.empty() && !only) continue;
    std::vector<std::string> trace;
    judge(profile, seed, happened, &trace);
    std::string tail;
    const std::size_t most = only ? trace.size() : 60;
    for (std::size_t i = trace.size() - std::min(trace.size(), most); i < trace.size(); ++i) tail += trace[i] + "\n";
    ASSERT_EQ(complaint, "") << "UNSPOOL_SEED=" << seed << " of " << profile.name << "\n" << tail;
    std::fputs(tail.c_str(), stdout);
  }
  if (std::getenv("UNSPOOL_COUNTS") != nullptr) {
    for (const auto& [what, times] : happened) fmt::print("{:<24}{}\n", what, times);
  }
  if (only || last < 200) return;
  for (const std::string_view what : profile.must_happen) EXPECT_GT(happened[what], 0U) << what << " never happened";
}

const Profile kProfiles[] = {
    {.name = "Clean", .weather = {.reset = 50}, .seeds = 500, .must_happen = {"closed", "reset"}},
    {.name = "LossyNetwork",
     .weather = {.lost = 30, .doubled = 10, .delayed = 40, .reset = 100},
     .seeds = 500,
     .must_happen = {"closed", "reset", "retransmission", "old", "rst_inexact"}},
    {.name = "LossyTap",
     .weather = {.lost = 10, .missed = 50},
     .seeds = 500,
     .must_happen = {"not_captured", "capture_drop", "late bytes", "fin_inferred", "closed"}},
    {.name = "Outages",
     .weather = {.reset = 50, .missed = 5, .outages = 30},
     .seeds = 500,
     .must_happen = {"not_captured"}},
    {.name = "Skew",
     .weather = {.reset = 50, .skew = std::chrono::milliseconds{95}},
     .seeds = 500,
     .must_happen = {"closed"}},
    {.name = "Midstream",
     .weather = {.lost = 10, .delayed = 20, .reset = 50, .missed = 5, .late_start = 600, .no_syn = 500},
     .seeds = 500,
     .must_happen = {"midstream", "before_capture", "closed", "reset"}},
    {.name = "Snaplen",
     .weather = {.lost = 20, .delayed = 20, .snaplen = 200},
     .seeds = 500,
     .must_happen = {"snaplen"}},
    {.name = "OneWay",
     .weather = {.lost = 10, .delayed = 20, .missed = 20, .one_way = 1000},
     .seeds = 500,
     .must_happen = {"one_sided"}},
    {.name = "Cramped",
     .weather = {.lost = 30, .doubled = 10, .delayed = 50, .reset = 50, .missed = 20, .late_start = 100, .no_syn = 100},
     .seeds = 500,
     .cramped = true,
     .must_happen = {"limit"}},
    {.name = "Everything",
     .weather = {.lost = 30,
                 .doubled = 20,
                 .delayed = 50,
                 .reset = 100,
                 .missed = 30,
                 .outages = 3,
                 .late_start = 100,
                 .no_syn = 100,
                 .one_way = 30,
                 .skew = std::chrono::milliseconds{80},
                 .snaplen = 1000},
     .seeds = 500,
     .must_happen = {"not_captured", "capture_drop", "before_capture", "snaplen", "late bytes"}},
};

INSTANTIATE_TEST_SUITE_P(Profiles, Simulator, testing::ValuesIn(kProfiles),
                         [](const auto& each) { return std::string{each.param.name}; });

}  // namespace
}  // namespace unspool::test
