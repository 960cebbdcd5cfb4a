#include "daemon/live_report.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace unspool {
namespace {

using State = InterfaceChange::State;

constexpr auto kSecond = std::chrono::seconds(1);

Timestamp wall_clock() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

std::string_view name(State state) {
  switch (state) {
    case State::up: return "up";
    case State::down: return "down";
    case State::missing: return "missing";
    case State::failed: return "failed";
  }
  return "failed";
}

std::string_view left_out(Shed what) {
  switch (what) {
    case Shed::transcripts: return "transcripts are left out";
    case Shed::bodies: return "what transfers hold is not stored";
    case Shed::sessions: return "the oldest sessions that no protocol claimed are only counted";
  }
  return "";
}

}  // namespace

void LiveReport::changed(unsigned loop, const InterfaceChange& change) {
  const std::lock_guard lock{mutex_};
  Known& known = interfaces_[change.interface];
  known.seen.resize(std::max<std::size_t>(known.seen.size(), loop + 1), State::up);
  known.seen[loop] = change.state;
  const bool all_up = std::ranges::all_of(known.seen, [](State state) { return state == State::up; });
  if (change.what == known.told || (change.state == State::up && !all_up)) return;
  known.told = change.what;
  spdlog::log(change.state == State::up ? spdlog::level::info : spdlog::level::warn, change.what);
  if (sink_ == nullptr) {
    early_.push_back({change, wall_clock()});
    return;
  }
  write(change, wall_clock());
}

void LiveReport::write(const InterfaceChange& change, Timestamp time) {
  sink_->on_interface({.time = time, .source = change.source, .state = name(change.state), .what = change.what});
  sink_->flush();
}

void LiveReport::start(boost::asio::io_context& io, Pipeline& pipeline, std::unique_ptr<EventSink> sink,
                       std::chrono::milliseconds interval, std::function<void()> report,
                       std::function<Counts(Counts)> with_all_counts) {
  report_ = std::move(report);
  with_all_counts_ = std::move(with_all_counts);
  pipeline_ = &pipeline;
  const std::lock_guard lock{mutex_};
  sink_ = std::move(sink);
  interval_ = interval;
  stats_at_ = std::chrono::steady_clock::now() + interval;
  for (const Early& early : early_) write(early.change, early.time);
  early_.clear();
  second_ = std::make_unique<boost::asio::steady_timer>(io);
  wait();
}

void LiveReport::stop() { second_.reset(); }

void LiveReport::wait() {
  second_->expires_after(kSecond);
  second_->async_wait([this](const boost::system::error_code& error) {
    if (!error && second_) tick();
  });
}

/// What shards answer to a report is read a second later.
void LiveReport::tick() {
  wait();
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock{mutex_};
  if (now >= stats_at_) {
    stats_at_ = std::max(stats_at_ + interval_, now);
    sink_->on_stats(wall_clock(), with_all_counts_(pipeline_->counts_so_far()));
    pipeline_->tell_limits(*sink_);
  }
  pipeline_->tell_unanswered(*sink_);
  if (const auto step = pipeline_->keep_up(now)) tell(*step);
  sink_->flush();
  report_();
}

void LiveReport::tell(OverloadRecord record) {
  record.time = wall_clock();
  sink_->on_overload(record);
  if (record.begins) {
    spdlog::warn(
        "more comes than can be followed: in the last second the queue of a shard was up to {} % full, and {} packets "
        "were lost: {} from now on (overload.shed)",
        record.filled, record.lost, left_out(record.what));
  } else {
    spdlog::info("{} are taken in again (overload.shed): {} were left out in {} s, and {} packets lost",
                 name(record.what), record.left_out,
                 std::chrono::duration_cast<std::chrono::seconds>(record.lasted).count(), record.lost);
  }
}

void add_live_counts(Counts& counts, std::span<const LiveSource* const> loops) {
  const auto of_capture = [](const auto& count) { return count.first.starts_with("capture."); };
  std::vector<LiveSource::Totals> all = loops.front()->totals();
  for (const LiveSource* further : loops.subspan(1)) {
    const auto more = further->totals();
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].packets += more[i].packets;
      all[i].dropped += more[i].dropped;
    }
  }
  std::uint64_t dropped = 0, missed = 0;
  Counts each;
  for (const LiveSource::Totals& totals : all) {
    std::string prefix = "capture.interfaces." + totals.interface;
    std::replace(prefix.begin() + sizeof "capture.interfaces", prefix.end(), '.', '_');
    each.emplace_back(prefix + ".packets", totals.packets);
    each.emplace_back(prefix + ".dropped", totals.dropped);
    each.emplace_back(prefix + ".interface_dropped", totals.missed);
    dropped += totals.dropped;
    missed += totals.missed;
  }
  for (auto& [name, count] : counts) {
    if (name == "capture.dropped") count = dropped;
  }
  each.insert(each.begin(), {"capture.interface_dropped", missed});
  const auto first_other =
      std::find_if_not(std::find_if(counts.begin(), counts.end(), of_capture), counts.end(), of_capture);
  counts.insert(first_other, each.begin(), each.end());
}

}  // namespace unspool
