#include "daemon/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <filesystem>

#include "capture/capture_name.h"
#include "daemon/exit_code.h"

namespace unspool {
namespace {

constexpr const char* kUsage =
    "Usage: unspool [OPTIONS] CAPTURE... [EXPRESSION]\n"
    "       unspool [OPTIONS] -r CAPTURE [-r CAPTURE...] [EXPRESSION]\n"
    "       unspool [OPTIONS] -i INTERFACE [-i INTERFACE...] [EXPRESSION]\n"
    "       unspool [OPTIONS] --spool DIR [EXPRESSION]\n";
constexpr const char* kFooter =
    "CAPTURE is a pcap or pcapng file, also one compressed with gzip or zstd, a directory of them, - for standard\n"
    "input, or FILE:::OFFSET to begin at the record there.\n"
    "Several are merged by time. EXPRESSION is a filter as in pcap-filter(7), such as: tcp port 80 and host 10.0.0.5\n"
    "\n"
    "  unspool traffic.pcap                       transfers and events to ./traffic.pcap.unspool\n"
    "  unspool -r a.pcap -r b.pcap -o out 'tcp'   two captures as one\n"
    "  unspool -i eth0 -o out                     from an interface, until Ctrl-C; needs root or CAP_NET_RAW\n"
    "  ssh host cat a.gz | unspool -r - -o out    from a pipe\n"
    "\n"
    "Exit code: 0 fine, 1 a capture or the disk failed on the way, 2 usage, 3 configuration, 4 a capture or an "
    "interface cannot be read at all.\n"
    "The whole story: man unspool";

class HelpText : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App*, std::string) const override { return kUsage; }
};

/// Whether a word names something that is there to be read.
bool names_capture(const std::string& word) {
  if (word == "-") return true;
  const auto name = CaptureName::parse(word);
  std::error_code unknown;
  return name && std::filesystem::exists(name->path, unknown);
}

std::optional<int> parse_workers(const std::string& word) {
  if (word == "auto") return -1;
  int number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc{} || end != word.data() + word.size() || number < 0 || number > 256) return std::nullopt;
  return number;
}

Parsed usage_error(std::string text) {
  return {.command_line = {}, .text = "unspool: " + std::move(text) + "\nSee unspool -h.\n", .exit_code = kUsageError};
}

}  // namespace

std::string nothing_to_read(const std::string& words) {
  if (words.empty()) return "nothing to read: name a capture file, an interface with -i, or a directory with --spool";
  return fmt::format("nothing to read: there is no file '{}'", words.substr(0, words.find(' ')));
}

Parsed parse_command_line(const std::vector<std::string>& words) {
  CommandLine line;
  std::vector<std::string> rest;
  std::string workers;
  bool check = false, dump = false, list = false, interfaces = false, replace = false, append = false;

  CLI::App app{"Turns packets back into conversations: in order, with their holes named, as files for each host."};
  app.name("unspool");
  app.formatter(std::make_shared<HelpText>());
  app.footer(kFooter);
  app.set_help_flag("-h,--help", "This text");
  app.set_version_flag("-V,--version", std::string{"unspool "} + UNSPOOL_VERSION);
  app.add_option("-r,--read", line.captures, "Read this capture; may be given more than once")
      ->type_name("CAPTURE")
      ->allow_extra_args(false);
  app.add_option("-i,--interface", line.interfaces, "Listen on this interface; may be given more than once")
      ->type_name("INTERFACE")
      ->allow_extra_args(false);
  app.add_flag("-f,--follow", line.follow,
               "At the end of a capture wait for more, until it is renamed or deleted, or Ctrl-C");
  app.add_option("--spool", line.spool, "Read the captures that arrive in this directory, until Ctrl-C")
      ->type_name("DIR");
  app.add_option("-c,--config", line.configuration, "Configuration file")->type_name("FILE");
  app.add_option("-o,--output", line.output,
                 "Where transfers and events go; without: ./<first capture or interface>.unspool")
      ->type_name("DIR");
  app.add_option("-j,--workers", workers,
                 "Threads with sessions: 0 for none of their own, or auto (one for each CPU but one)")
      ->type_name("N");
  app.add_option("--set", line.settings, "Set any key of the configuration; VALUE is YAML; may be given more than once")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_flag("--replace", replace, "Remove what an earlier run left in the output first");
  app.add_flag("--append", append, "Add to what an earlier run left in the output");
  app.add_flag("-T,--test-config", check, "Check the configuration, and do nothing else");
  app.add_flag("--dump-config", dump, "Print the configuration that would be used, every key of it");
  app.add_flag("--list-protocols", list, "Print the protocols that are built in");
  app.add_flag("--list-interfaces", interfaces, "Print the interfaces that there are to listen on");
  app.add_flag("-q,--quiet", line.quiet, "Say nothing but errors");
  app.add_flag("-v,--verbose", line.verbose, "Say more");
  app.add_option("words", rest)->group("");

  try {
    app.parse(std::vector<std::string>{words.rbegin(), words.rend()});  // CLI11 takes them last first
  } catch (const CLI::CallForVersion&) {
    return {.command_line = {}, .text = app.version() + "\n", .exit_code = kFine};
  } catch (const CLI::CallForHelp&) {
    return {.command_line = {}, .text = app.help(), .exit_code = kFine};
  } catch (const CLI::ParseError& error) {
    return usage_error(error.what());
  }

  if (replace && append) return usage_error("--replace and --append contradict each other: give one of them");
  if (replace) line.reuse = CommandLine::Reuse::replace;
  if (append) line.reuse = CommandLine::Reuse::append;
  if (!workers.empty()) {
    line.workers = parse_workers(workers);
    if (!line.workers) return usage_error(fmt::format("-j {}: give a number from 0 to 256, or auto", workers));
  }
  if (check) line.wish = CommandLine::Wish::check_configuration;
  if (dump) line.wish = CommandLine::Wish::dump_configuration;
  if (list) line.wish = CommandLine::Wish::list_protocols;
  if (interfaces) line.wish = CommandLine::Wish::list_interfaces;
  if (line.wish != CommandLine::Wish::run) return {.command_line = std::move(line), .text = {}};

  if (!line.captures.empty() && !line.interfaces.empty()) {
    return usage_error("-r and -i exclude each other: read captures, or listen on interfaces");
  }
  if (!line.spool.empty() && !(line.captures.empty() && line.interfaces.empty())) {
    return usage_error("--spool excludes -r and -i: wait for captures that arrive, or read what is there");
  }
  for (auto name = line.interfaces.begin(); name != line.interfaces.end(); ++name) {
    if (name->empty() || name->find('/') != std::string::npos)
      return usage_error(fmt::format("-i {}: is no name of an interface; see --list-interfaces", *name));
    if (std::find(line.interfaces.begin(), name, *name) != name)
      return usage_error(fmt::format("-i {}: is named twice", *name));
  }

  auto expression = rest.begin();
  if (line.captures.empty() && line.interfaces.empty() && line.spool.empty()) {
    expression = std::find_if_not(rest.begin(), rest.end(), names_capture);
    line.captures.assign(rest.begin(), expression);
  }
  line.filter = fmt::format("{}", fmt::join(expression, rest.end(), " "));
  const bool may_be_configured = !line.configuration.empty() || !line.settings.empty();
  if (!line.captures.empty() || !line.interfaces.empty() || !line.spool.empty() || may_be_configured) {
    return {.command_line = std::move(line), .text = {}};
  }
  return usage_error(nothing_to_read(line.filter));
}

}  // namespace unspool
