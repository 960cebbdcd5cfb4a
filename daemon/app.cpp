#include "daemon/app.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <deque>
#include <filesystem>

#include "capture/link_types.h"
#include "daemon/capture_loop.h"
#include "daemon/capture_thread.h"
#include "daemon/confinement.h"
#include "daemon/event_watch.h"
#include "daemon/heartbeat.h"
#include "daemon/progress_line.h"
#include "daemon/service.h"
#include "daemon/summary.h"
#include "events/rotated_files.h"
#include "pipeline/limit_report.h"
#include "protocols/catalog.h"

namespace unspool {
namespace {

namespace asio = boost::asio;

constexpr auto kProgressEvery = std::chrono::milliseconds(200);

OutputDirectory::Reuse reuse_of(CommandLine::Reuse reuse) {
  switch (reuse) {
    case CommandLine::Reuse::refuse: return OutputDirectory::Reuse::refuse;
    case CommandLine::Reuse::replace: return OutputDirectory::Reuse::replace;
    case CommandLine::Reuse::append: return OutputDirectory::Reuse::append;
  }
  return OutputDirectory::Reuse::refuse;
}

/// The protocols of one shard. Their expressions were checked before.
std::vector<OfferedProtocol> offered_protocols(const std::vector<ProtocolSettings>& settings) {
  std::vector<OfferedProtocol> offered;
  for (ConfiguredProtocol& configured : make_protocols(settings)) {
    OfferedProtocol& offer = offered.emplace_back(OfferedProtocol{.protocol = std::move(configured.protocol)});
    if (configured.when.empty()) continue;
    if (auto filter = SessionFilter::compile(configured.when)) offer.when.emplace(std::move(*filter));
  }
  return offered;
}

}  // namespace

/// Captures are open: from here on the process is who it will be. The output is that one's, from its first file on.
Result<void> App::let_go() {
  if (identity_) {
    if (auto made = make_directory_for(*identity_, settings_.output); !made) return made;
  }
  const bool was_root = ::geteuid() == 0;
  const auto kept = drop_privileges(identity_, sources_.is_live() ? Keep::net_raw : Keep::nothing);
  if (!kept) return tl::unexpected(kept.error());
  if (!kept->empty()) spdlog::warn(*kept);
  if (!was_root || ::access(settings_.output.c_str(), R_OK | W_OK | X_OK) == 0 || errno != EACCES) return {};
  const std::string who = identity_ ? identity_->name : "root without its privileges, which are let go of";
  return fail(
      fmt::format("{0}: cannot be used by {1}; give it to that user (chown -R {2} {0}), {3}or choose another place "
                  "with -o",
                  settings_.output, who, identity_ ? identity_->name : "root",
                  identity_ ? "" : "name its owner in process.user, "));
}

Result<void> App::open_output() {
  auto output = OutputDirectory::open(settings_.output, reuse_of(line_.reuse));
  if (!output) return tl::unexpected(output.error());
  output_ = std::move(*output);
  if (output_->settled() > 0) {
    spdlog::warn("{}: {} transfers that an earlier run left unfinished are kept as .incomplete", output_->path(),
                 output_->settled());
  }
  if (line_.reuse == CommandLine::Reuse::replace) remove_rotated_files(output_->root(), 0);
  auto events = EventLog::open({.open = [this] { return output_->open_events(); },
                                .directory = output_->root(),
                                .path = output_->path() + "/events.json"},
                               settings_.events, sources_.names);
  if (!events) return tl::unexpected(events.error());
  events_ = std::move(*events);
  if (events_->repaired() > 0)
    spdlog::warn("{}/events.json: {} bytes of a last line that was cut off are removed", output_->path(),
                 events_->repaired());
  return {};
}

/// Before there are threads.
Result<void> App::confine_process() {
  if (!settings_.process.confine) return {};
  Reach reach{.write = {output_->path()}, .read = {}};
  const SpoolSettings& spool = settings_.spool;
  if (sources_.spool != nullptr) reach.write.insert(reach.write.end(), {spool.directory, spool.done, spool.bad});
  std::erase(reach.write, "");
  const auto confinement = confine(reach);
  if (!confinement) return tl::unexpected(confinement.error());
  if (confinement->abi > 0) {
    spdlog::debug("confined to {} by Landlock (ABI {})", output_->path(), confinement->abi);
  } else {
    spdlog::log(is_service() ? spdlog::level::warn : spdlog::level::debug, "not confined: {}", confinement->why);
  }
  return {};
}

/// What an earlier run read is not read again, unless what it left was removed.
Result<void> App::open_spool() {
  if (sources_.spool == nullptr) return {};
  const std::string state = spool_state_path(output_->path());
  std::error_code ignored;  // what is there is then read, or the error is told
  if (line_.reuse == CommandLine::Reuse::replace) std::filesystem::remove(state, ignored);
  return sources_.spool->start(state, spool_report_.emplace(*events_));
}

void App::read() {
  asio::io_context io{1};
  asio::steady_timer tick{io};
  EventWatch event_watch{io, events_->file()};
  std::deque<CaptureThread> further;
  for (unsigned i = 1; i < sources_.loops(); ++i)
    further.emplace_back(i, *sources_.further[i - 1], pipeline_->dispatcher(i));
  const auto pulses = [&] {
    std::vector<Pulse> all = pipeline_->pulses();
    for (const CaptureThread& thread : further) all.push_back(thread.pulse());
    return all;
  };
  Heartbeat heartbeat{io, pulses, [&] { return progress(); }};
  // Not by cancelling what waits: a timer that has gone off already is heard all the same, and would wait again.
  CaptureLoop loop{io, *sources_.merged, filter_, pipeline_->dispatcher(), [&] { io.stop(); }};
  stop_signals_->begin([&] {
    for (CaptureThread& thread : further) thread.stop();
    asio::post(io, [&] {
      interrupted_ = true;
      loop.stop();
    });
  });
  const bool shows_progress = !line_.quiet && ::isatty(STDERR_FILENO) != 0;
  if (shows_progress) show_progress(tick);
  event_watch.start();
  if (sources_.is_endless()) {
    const auto report = [&] {
      pipeline_->dispatcher().report();
      for (CaptureThread& thread : further) thread.report();
    };
    live_report_.start(io, *pipeline_, events_->sink(), settings_.events.stats_interval, report,
                       [this](Counts counts) { return with_all_counts(std::move(counts)); });
  }
  loop.start();
  for (CaptureThread& thread : further) thread.start();
  notify_ready();
  heartbeat.start();
  io.run();
  stop_signals_->finishing();
  for (CaptureThread& thread : further) thread.join();
  live_report_.stop();
  if (shows_progress) std::fputs("\r\x1b[K", stderr);  // wiped off
}

/// Again and again.
void App::show_progress(asio::steady_timer& tick) {
  tick.expires_after(kProgressEvery);
  tick.async_wait([this, &tick](const boost::system::error_code& error) {
    if (error) return;
    std::fputs(fmt::format("\r{}\x1b[K", progress()).c_str(), stderr);
    show_progress(tick);
  });
}

std::string App::progress() const {
  const SoFar so_far{
      .sessions = pipeline_->live_sessions(), .transfers = transfers_->totals().files, .gaps = pipeline_->live_gaps()};
  return progress_line(sources_.merged->progress(), so_far, std::chrono::steady_clock::now() - began_);
}

/// Any thread.
std::string App::unfinished() const {
  std::string shards;
  for (const Pulse& pulse : pipeline_->pulses()) {
    if (pulse.done < pulse.given) shards += (shards.empty() ? "" : ", ") + pulse.who;
  }
  return fmt::format(
      "before {} had finished: what was not written yet is lost; transfers that still grew are in {}/partial, and the "
      "next start keeps them as .incomplete",
      shards.empty() ? "the run" : shards, output_->path());
}

/// Those of sources and outputs too.
Counts App::with_all_counts(Counts of_pipeline) const {
  Counts counts = std::move(of_pipeline);
  if (sources_.is_live()) add_live_counts(counts, sources_.live);
  if (sources_.spool != nullptr) add_spool_counts(counts, *sources_.spool);
  const Counts stored = transfers_->counts();
  counts.insert(counts.end(), stored.begin(), stored.end());
  const EventFile::Totals events = events_->file().totals();
  counts.insert(counts.end(),
                {{"events.lost", events.lost}, {"events.rotated", events.rotated}, {"events.removed", events.removed}});
  return counts;
}

int App::run() {
  auto identity = identity_of(settings_.process);
  if (!identity) {
    spdlog::error(identity.error().what);
    return kConfigurationError;
  }
  identity_ = std::move(*identity);
  const int wanted = settings_.pipeline.workers;
  const unsigned workers = wanted < 0 ? Pipeline::workers_for_this_machine() : static_cast<unsigned>(wanted);
  std::vector<std::vector<OfferedProtocol>> offered(std::max(workers, 1U));  // their filters may ask for names of hosts
  for (auto& of_shard : offered) of_shard = offered_protocols(settings_.protocols);
  const auto opened =
      let_go().and_then([&] { return open_output(); }).and_then([&] { return open_spool(); }).and_then([&] {
        return confine_process();
      });
  if (!opened) {
    spdlog::error(opened.error().what);
    return kUsageError;
  }
  transfers_ = std::make_unique<TransferStore>(*output_, settings_.transfers, std::max(workers, 1U), sources_.feed(),
                                               [](const std::string& text) { spdlog::warn(text); });
  pipeline_ = std::make_unique<Pipeline>(
      settings_, workers, secret_,
      [&](unsigned shard) {
        ShardOutputs outputs{.events = events_->sink(), .transfers = nullptr, .protocols = std::move(offered[shard])};
        outputs.transfers = transfers_->sink(*outputs.events);
        return outputs;
      },
      sources_.is_live() ? WhenBehind::drop : WhenBehind::wait, sources_.loops());
  spdlog::debug("{} workers, output in {}", workers, output_->path());
  stop_signals_.emplace([this] { return unfinished(); });
  read();
  notify_stopping();
  pipeline_->finish(interrupted_ ? Ending::shutdown : Ending::capture_end);
  const Counts counts = with_all_counts(pipeline_->counts());
  EventSink& last = *pipeline_->outputs(0).events;
  last.on_stats(pipeline_->now(), counts);
  last.flush();

  if (sources_.spool != nullptr) {
    if (auto stopped = sources_.spool->stop(); !stopped) failed(stopped.error().what);
  }
  tell_capture_end();
  tell_link_types();
  tell_limits(counts);
  tell_failures();
  if (!line_.quiet) {
    const Findings found{.counts = counts,
                         .transfers = transfers_->totals(),
                         .unclaimed = pipeline_->unclaimed(),
                         .output = output_->path()};
    std::fputs(summary(found).c_str(), stdout);
  }
  return exit_code_;
}

void App::failed(const std::string& what) {
  spdlog::error(what);
  exit_code_ = kFailedOnTheWay;
}

void App::tell_capture_end() {
  if (sources_.is_live() || (interrupted_ && sources_.spool != nullptr)) return;
  if (interrupted_) return spdlog::warn("stopped by a signal: what was read until then is kept");
  const SourceEnd end = sources_.merged->end();
  switch (end.how) {
    case SourceEnd::How::whole: return;
    case SourceEnd::How::cut_short:
      return spdlog::info("{}: its writer stopped there; all before it is kept", end.what);
    case SourceEnd::How::corrupt: return failed(end.what + "; all before it is kept");
  }
}

void App::tell_link_types() {
  for (const auto& unknown : pipeline_->unknown_links()) {
    spdlog::warn("link type {} is not understood: {} packets passed over", link_type_name(unknown.link_type),
                 unknown.packets);
  }
  if (filter_.unjudged() > 0) {
    spdlog::warn("{} packets have a link type for which the filter expression makes no sense: passed over",
                 filter_.unjudged());
  }
  const Counts counts = pipeline_->counts();
  if (!pipeline_->unknown_links().empty() &&
      count_of(counts, "decoded.unknown_link") == count_of(counts, "capture.packets")) {
    exit_code_ = kCannotRead;
  }
}

void App::tell_limits(const Counts& counts) {
  for (const auto& [name, times] : counts) {
    if (times == 0 || !name.starts_with(kLimitsReached)) continue;
    spdlog::warn("{} was reached {} times, and something was left out: raise it if memory and disk allow",
                 std::string_view{name}.substr(kLimitsReached.size()), times);
  }
}

void App::tell_failures() {
  const EventFile& events = events_->file();
  if (const auto loss = events.loss()) failed(loss->what);
  if (const auto trouble = events.trouble(); trouble && !events.loss()) spdlog::warn(trouble->what);
  if (const auto error = transfers_->failed()) failed(error->what);
}

}  // namespace unspool
