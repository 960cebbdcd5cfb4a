#include "daemon/app.h"

#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "capture/capture_name.h"
#include "capture/file_source.h"
#include "capture/link_types.h"
#include "capture/merge.h"
#include "daemon/capture_loop.h"
#include "daemon/exit_code.h"
#include "daemon/log.h"
#include "daemon/progress_line.h"
#include "daemon/service.h"
#include "daemon/spool.h"
#include "daemon/summary.h"
#include "events/event_log.h"
#include "pipeline/limit_report.h"
#include "protocols/catalog.h"
#include "settings/yaml.h"
#include "transfer/output_directory.h"
#include "transfer/transfer_store.h"

namespace unspool {
namespace {

namespace asio = boost::asio;

constexpr auto kProgressEvery = std::chrono::milliseconds(200);

/// Defaults, then the file, then --set, then the options that have a letter.
std::optional<Settings> settings_of(const CommandLine& line) {
  Settings settings;
  std::vector<Error> errors;
  if (!line.configuration.empty()) {
    auto read = read_settings(line.configuration, protocol_names());
    if (read) settings = std::move(*read);
    if (!read) errors = std::move(read.error());
  }
  for (const std::string& assignment : line.settings) {
    if (auto set = apply_setting(settings, assignment, protocol_names()); !set) {
      errors.insert(errors.end(), set.error().begin(), set.error().end());
    }
  }
  for (const ProtocolSettings& protocol : settings.protocols) {
    if (auto when = SessionFilter::compile(protocol.when); !when) {
      errors.push_back({fmt::format("protocols: {}: when: {}", protocol.name, when.error().what)});
    }
  }
  if (!line.output.empty()) settings.output = line.output;
  if (line.workers) settings.pipeline.workers = *line.workers;
  for (const Error& error : errors) spdlog::error(error.what);
  if (!errors.empty()) return std::nullopt;
  return settings;
}

/// Beside where the user stands, named after the first capture.
std::string output_beside(const std::string& capture) {
  const auto name = CaptureName::parse(capture);
  if (!name || name->path == "-") return "stdin.unspool";
  std::filesystem::path path = std::filesystem::path{name->path}.lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  const std::string last = path.filename().string();
  return (last.empty() || last == "." || last == ".." ? "capture" : last) + ".unspool";
}

struct Sources {
  std::unique_ptr<Source> merged;
  std::vector<SourceName> names;
  SpoolSource* spool = nullptr;  // what `merged` is, when it is one
};

Result<Sources> open_captures(const CommandLine& line, BlockPool& pool) {
  auto names = expand_captures(line.captures);
  if (!names) return tl::unexpected(names.error());
  if (names->size() > UINT16_MAX)
    return fail(fmt::format("{} captures are more than the {} that one run can read", names->size(), UINT16_MAX));
  Sources sources;
  std::vector<std::unique_ptr<Source>> opened;
  for (CaptureName& name : *names) {
    name.follow = line.follow;
    if (name.path == "-" && ::isatty(STDIN_FILENO) != 0)
      return fail("-: standard input is a terminal: pipe a capture into it");
    auto source = open_capture_file(name, static_cast<std::uint16_t>(opened.size()), pool);
    if (!source) return tl::unexpected(source.error());
    opened.push_back(std::move(*source));
    sources.names.push_back({.name = name.path});
  }
  sources.merged = merge_by_time(std::move(opened));
  return sources;
}

/// As many files as the system lets us have open; a write past a limit on file sizes is an error, not the end.
void set_up_process() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
}

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

/// One run over captures, from open sources to the summary.
class App {
 public:
  App(const CommandLine& line, const Settings& settings, Filter filter, Sources sources)
      : line_{line}, settings_{settings}, filter_{std::move(filter)}, sources_{std::move(sources)} {}

  int run();

 private:
  Result<void> open_output();
  Result<void> open_spool();
  void read();
  void show_progress(asio::steady_timer& tick);
  void tell_capture_end();
  void tell_failures();
  void tell_link_types();
  static void tell_limits(const Counts& counts);
  void failed(const std::string& what);

  const CommandLine& line_;
  const Settings& settings_;
  const HashSecret secret_ = HashSecret::draw();
  Filter filter_;
  Sources sources_;
  std::unique_ptr<OutputDirectory> output_;
  std::unique_ptr<EventLog> events_;
  std::optional<SpoolReport> spool_report_;
  std::unique_ptr<TransferStore> transfers_;
  std::unique_ptr<Pipeline> pipeline_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  bool interrupted_ = false;
  int exit_code_ = kFine;
};

Result<void> App::open_output() {
  auto output = OutputDirectory::open(settings_.output, reuse_of(line_.reuse));
  if (!output) return tl::unexpected(output.error());
  output_ = std::move(*output);
  if (output_->settled() > 0) {
    spdlog::warn("{}: {} transfers that an earlier run left unfinished are kept as .incomplete", output_->path(),
                 output_->settled());
  }
  auto file = output_->open_events();
  if (!file) return tl::unexpected(file.error());
  auto events = EventLog::open(std::move(*file), output_->path() + "/events.json", settings_.events, sources_.names);
  if (!events) return tl::unexpected(events.error());
  events_ = std::move(*events);
  if (events_->repaired() > 0)
    spdlog::warn("{}/events.json: {} bytes of a last line that was cut off are removed", output_->path(),
                 events_->repaired());
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
  asio::signal_set signals{io, SIGINT, SIGTERM};
  asio::steady_timer tick{io};
  CaptureLoop loop{io, *sources_.merged, filter_, *pipeline_, [&] {
                     signals.cancel();
                     tick.cancel();
                   }};
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (error) return;
    interrupted_ = true;
    loop.stop();
    signals.clear();  // a second one is not waited for
  });
  if (!line_.quiet && ::isatty(STDERR_FILENO) != 0) show_progress(tick);
  loop.start();
  notify_ready();
  io.run();
}

/// Again and again, until `tick` is cancelled; then the line is wiped off.
void App::show_progress(asio::steady_timer& tick) {
  tick.expires_after(kProgressEvery);
  tick.async_wait([this, &tick](const boost::system::error_code& error) {
    if (error) {
      std::fputs("\r\x1b[K", stderr);
      return;
    }
    const SoFar so_far{.sessions = pipeline_->live_sessions(),
                       .transfers = transfers_->totals().files,
                       .gaps = pipeline_->live_gaps()};
    const auto elapsed = std::chrono::steady_clock::now() - began_;
    std::fputs(fmt::format("\r{}\x1b[K", progress_line(sources_.merged->progress(), so_far, elapsed)).c_str(), stderr);
    show_progress(tick);
  });
}

int App::run() {
  if (auto opened = open_output().and_then([&] { return open_spool(); }); !opened) {
    spdlog::error(opened.error().what);
    return kUsageError;
  }
  const int wanted = settings_.pipeline.workers;
  const unsigned workers = wanted < 0 ? Pipeline::workers_for_this_machine() : static_cast<unsigned>(wanted);
  transfers_ = std::make_unique<TransferStore>(*output_, settings_.transfers, std::max(workers, 1U));
  pipeline_ = std::make_unique<Pipeline>(settings_, workers, secret_, [&](unsigned) {
    ShardOutputs outputs{
        .events = events_->sink(), .transfers = nullptr, .protocols = offered_protocols(settings_.protocols)};
    outputs.transfers = transfers_->sink(*outputs.events);
    return outputs;
  });
  spdlog::debug("{} workers, output in {}", workers, output_->path());
  read();
  notify_stopping();
  pipeline_->finish(interrupted_ ? Ending::shutdown : Ending::capture_end);
  Counts counts = pipeline_->counts();
  if (sources_.spool != nullptr) add_spool_counts(counts, *sources_.spool);
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
  if (interrupted_ && sources_.spool != nullptr) return;
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
  if (const auto error = events_->failed()) failed(error->what);
  if (const auto error = transfers_->failed()) failed(error->what);
}

int run_captures(const CommandLine& line, Settings settings) {
  auto filter = Filter::compile(line.filter);
  if (!filter) {
    spdlog::error("{}; see pcap-filter(7)", filter.error().what);
    return kUsageError;
  }
  BlockPool pool;
  auto sources = open_captures(line, pool);
  if (!sources) {
    spdlog::error(sources.error().what);
    return kCannotRead;
  }
  if (settings.output.empty()) settings.output = output_beside(line.captures.front());
  set_up_process();
  return App{line, settings, std::move(*filter), std::move(*sources)}.run();
}

/// A service: it appends to what it left before.
int run_spool(CommandLine line, Settings settings) {
  if (!line.spool.empty()) settings.spool.directory = line.spool;
  if (settings.spool.directory.empty()) {
    spdlog::error("nothing to read: name a capture file, or a directory with --spool");
    return kUsageError;
  }
  auto filter = Filter::compile(line.filter);
  if (!filter) {
    spdlog::error("{}; see pcap-filter(7)", filter.error().what);
    return kUsageError;
  }
  BlockPool pool;
  auto spool = SpoolSource::open(settings.spool, pool);
  if (!spool) {
    spdlog::error(spool.error().what);
    return kCannotRead;
  }
  if (settings.output.empty()) settings.output = output_beside(settings.spool.directory);
  if (line.reuse == CommandLine::Reuse::refuse) line.reuse = CommandLine::Reuse::append;
  set_up_process();
  Sources sources;
  sources.spool = spool->get();
  sources.merged = std::move(*spool);
  return App{line, settings, std::move(*filter), std::move(sources)}.run();
}

int list_protocols() {
  for (const CatalogEntry& entry : catalog()) fmt::print("{:<12} {}\n", entry.name, entry.purpose);
  return kFine;
}

}  // namespace

int run(const CommandLine& line) {
  set_up_log(line.quiet, line.verbose);
  if (line.wish == CommandLine::Wish::list_protocols) return list_protocols();
  auto settings = settings_of(line);
  if (!settings) return kConfigurationError;
  switch (line.wish) {
    case CommandLine::Wish::run:
      return line.captures.empty() ? run_spool(line, std::move(*settings)) : run_captures(line, std::move(*settings));
    case CommandLine::Wish::dump_configuration: fmt::print("{}", dump_settings(*settings)); return kFine;
    case CommandLine::Wish::check_configuration: fmt::print("The configuration is right.\n"); return kFine;
    case CommandLine::Wish::list_protocols: break;
  }
  return kFine;
}

}  // namespace unspool
