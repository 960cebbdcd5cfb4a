#include "daemon/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include "capture/network_interfaces.h"
#include "daemon/app.h"
#include "daemon/exit_code.h"
#include "daemon/live_report.h"
#include "daemon/log.h"
#include "daemon/sources.h"
#include "pipeline/session_filter.h"
#include "protocols/catalog.h"
#include "settings/yaml.h"

namespace unspool {
namespace {

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
  LiveReport none;
  return App{line, settings, std::move(*filter), std::move(*sources), none}.run();
}

/// The kernel filters. A service appends to what it left before.
int run_live(CommandLine line, Settings settings) {
  if (!line.filter.empty()) settings.capture.filter = line.filter;
  if (settings.capture.interfaces.empty()) {
    spdlog::error(nothing_to_read(line.filter));
    return kUsageError;
  }
  if (settings.capture.loops > 1 && settings.pipeline.workers == 0) {
    spdlog::error(
        "{} capture loops need threads with sessions: set pipeline.workers (-j) to 1 or more, or capture.loops "
        "to 1",
        settings.capture.loops);
    return kConfigurationError;
  }
  if (const std::size_t sockets = settings.capture.loops * settings.capture.sources_of_loop(); sockets > UINT16_MAX) {
    spdlog::error("{} sockets are more than the {} that one run can tell apart: lower capture.sockets or capture.loops",
                  sockets, UINT16_MAX);
    return kConfigurationError;
  }
  std::vector<BlockPool> pools(settings.capture.loops);
  FanoutGroups groups = fanout_groups(settings.capture);
  LiveReport report;
  Sources sources;
  for (unsigned loop = 0; loop < settings.capture.loops; ++loop) {
    auto live = LiveSource::open(settings.capture, loop, pools[loop], groups,
                                 [&report, loop](const InterfaceChange& change) { report.changed(loop, change); });
    if (!live) {
      spdlog::error(live.error().what);
      return live.error().why == LiveFailure::Why::filter ? kUsageError : kCannotRead;
    }
    add_live(sources, std::move(*live));
  }
  if (settings.output.empty()) settings.output = settings.capture.interfaces.front() + ".unspool";
  if (line.reuse == CommandLine::Reuse::refuse) line.reuse = CommandLine::Reuse::append;
  set_up_process();
  return App{line, settings, Filter::compile({}).value(), std::move(sources), report}.run();
}

int list_interfaces() {
  for (const NetworkInterface& interface : network_interfaces()) {
    const char* state = !interface.up ? "down" : interface.running ? "up" : "no link";
    fmt::print("{:<16} {:<8} {}\n", interface.name, state, fmt::join(interface.addresses, ", "));
  }
  fmt::print("{:<16} {:<8} all of them at once\n", "any", "");
  return kFine;
}

/// A service: it appends to what it left before.
int run_spool(CommandLine line, Settings settings) {
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
  LiveReport report;
  return App{line, settings, std::move(*filter), std::move(sources), report}.run();
}

/// Of what is left when no capture is named: what the command line says, then what the configuration says.
int run_service(const CommandLine& line, Settings settings) {
  if (!line.spool.empty()) settings.spool.directory = line.spool;
  if (!line.interfaces.empty()) settings.capture.interfaces = line.interfaces;
  const bool spool = !line.spool.empty() || (line.interfaces.empty() && !settings.spool.directory.empty());
  if (spool && line.spool.empty() && !settings.capture.interfaces.empty()) {
    spdlog::error(
        "both capture.interfaces and spool.directory are set: set one of them, or name one with -i or --spool");
    return kConfigurationError;
  }
  return spool ? run_spool(line, std::move(settings)) : run_live(line, std::move(settings));
}

int list_protocols() {
  for (const CatalogEntry& entry : catalog()) fmt::print("{:<12} {}\n", entry.name, entry.purpose);
  return kFine;
}

}  // namespace

int run(const CommandLine& line) {
  set_up_log(line.quiet, line.verbose);
  if (line.wish == CommandLine::Wish::list_protocols) return list_protocols();
  if (line.wish == CommandLine::Wish::list_interfaces) return list_interfaces();
  auto settings = settings_of(line);
  if (!settings) return kConfigurationError;
  switch (line.wish) {
    case CommandLine::Wish::run:
      if (!line.captures.empty()) return run_captures(line, std::move(*settings));
      return run_service(line, std::move(*settings));
    case CommandLine::Wish::dump_configuration: fmt::print("{}", dump_settings(*settings)); return kFine;
    case CommandLine::Wish::check_configuration: fmt::print("The configuration is right.\n"); return kFine;
    case CommandLine::Wish::list_protocols:
    case CommandLine::Wish::list_interfaces: break;
  }
  return kFine;
}

}  // namespace unspool
