// What the user typed.
#include "daemon/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "support/capture_file.h"

namespace unspool::test {
namespace {

/// What is read, what is filtered, and the options that are not as usual; or what is printed instead.
std::string told(const std::vector<std::string>& words) {
  const Parsed parsed = parse_command_line(words);
  if (!parsed.command_line)
    return fmt::format("exit {}: {}", parsed.exit_code, parsed.text.substr(0, parsed.text.find('\n')));
  const CommandLine& line = *parsed.command_line;
  std::string text = fmt::format("read [{}]", fmt::join(line.captures, " "));
  if (!line.interfaces.empty()) text = fmt::format("listen [{}]", fmt::join(line.interfaces, " "));
  if (line.follow) text += " follow";
  if (!line.spool.empty()) text += " spool " + line.spool;
  if (!line.filter.empty()) text += fmt::format(" filter '{}'", line.filter);
  if (!line.configuration.empty()) text += " config " + line.configuration;
  if (!line.settings.empty()) text += fmt::format(" set [{}]", fmt::join(line.settings, " | "));
  if (!line.output.empty()) text += " output " + line.output;
  if (line.workers) text += fmt::format(" workers {}", *line.workers);
  if (line.reuse == CommandLine::Reuse::replace) text += " replace";
  if (line.reuse == CommandLine::Reuse::append) text += " append";
  if (line.quiet) text += " quiet";
  if (line.verbose) text += " verbose";
  if (line.wish != CommandLine::Wish::run) text += fmt::format(" wish {}", static_cast<int>(line.wish));
  return text;
}

TEST(CommandLine, Rows) {
  const ScratchFolder folder;
  const std::string a = folder.file("a.pcap", ""), b = folder.file("b.pcap", "");
  struct Row {
    std::vector<std::string> words;
    std::string told;
  };
  const Row rows[] = {
      {{"-r", "x.pcap"}, "read [x.pcap]"},
      {{"-r", "x.pcap", "-r", "y.pcap", "-o", "out"}, "read [x.pcap y.pcap] output out"},
      {{"-r", "x.pcap", "tcp", "port", "80"}, "read [x.pcap] filter 'tcp port 80'"},
      {{"-r", "x.pcap", "tcp port 80 and not host 10.0.0.1"},
       "read [x.pcap] filter 'tcp port 80 and not host 10.0.0.1'"},
      {{"-r", "-", "-o", "out"}, "read [-] output out"},
      {{"-"}, "read [-]"},
      {{"--spool", "in", "-o", "out"}, "read [] spool in output out"},
      {{"--spool", "in", a}, fmt::format("read [] spool in filter '{}'", a)},
      {{"--spool", "in", "-r", a},
       "exit 2: unspool: --spool excludes -r and -i: wait for captures that arrive, or read what is there"},
      {{"-c", "u.yaml"}, "read [] config u.yaml"},
      {{"-f", a, "udp"}, fmt::format("read [{}] follow filter 'udp'", a)},
      {{a, b}, fmt::format("read [{} {}]", a, b)},
      {{a, "udp"}, fmt::format("read [{}] filter 'udp'", a)},
      {{a + ":::24"}, fmt::format("read [{}:::24]", a)},
      {{folder.path()}, fmt::format("read [{}]", folder.path())},
      {{"-r", "x", a}, fmt::format("read [x] filter '{}'", a)},
      {{a, "-j", "0"}, fmt::format("read [{}] workers 0", a)},
      {{a, "-j", "auto"}, fmt::format("read [{}] workers -1", a)},
      {{a, "-j4"}, fmt::format("read [{}] workers 4", a)},
      {{a, "--set", "streams.grace=50ms", "--set", "protocols=[raw, http]"},
       fmt::format("read [{}] set [streams.grace=50ms | protocols=[raw, http]]", a)},
      {{a, "--set", "output=x", "udp"}, fmt::format("read [{}] filter 'udp' set [output=x]", a)},
      {{a, "-c", "u.yaml", "-q", "--replace"}, fmt::format("read [{}] config u.yaml replace quiet", a)},
      {{a, "--append", "-v"}, fmt::format("read [{}] append verbose", a)},
      {{"-T", "-c", "u.yaml"}, "read [] config u.yaml wish 1"},
      {{"--dump-config"}, "read [] wish 2"},
      {{"--list-protocols"}, "read [] wish 3"},
      {{"-V"}, "exit 0: unspool 0.1.0"},
      {{"-h"},
       "exit 0: Turns packets back into conversations: in order, with their holes named, as files for each host."},
      {{"-i", "eth1"}, "listen [eth1]"},
      {{"-i", "eth1", "-i", "eth0", "-o", "out", "tcp", "port", "80"},
       "listen [eth1 eth0] filter 'tcp port 80' output out"},
      {{"-i", "eth1", a}, fmt::format("listen [eth1] filter '{}'", a)},
      {{"-i", "eth1", "-r", a},
       "exit 2: unspool: -r and -i exclude each other: read captures, or listen on interfaces"},
      {{"-i", "eth1", "-i", "eth1"}, "exit 2: unspool: -i eth1: is named twice"},
      {{"-i", "../eth1"}, "exit 2: unspool: -i ../eth1: is no name of an interface; see --list-interfaces"},
      {{"-c", "u.yaml"}, "read [] config u.yaml"},
      {{"-c", "u.yaml", "udp"}, "read [] filter 'udp' config u.yaml"},
      {{"--list-interfaces"}, "read [] wish 4"},
      {{}, "exit 2: unspool: nothing to read: name a capture file, an interface with -i, or a directory with --spool"},
      {{"nowhere.pcap"}, "exit 2: unspool: nothing to read: there is no file 'nowhere.pcap'"},
      {{a, "-j", "many"}, "exit 2: unspool: -j many: give a number from 0 to 256, or auto"},
      {{a, "-j", "257"}, "exit 2: unspool: -j 257: give a number from 0 to 256, or auto"},
      {{a, "--replace", "--append"}, "exit 2: unspool: --replace and --append contradict each other: give one of them"},
      {{a, "--nonsense"}, "exit 2: unspool: The following argument was not expected: --nonsense"},
  };
  for (const Row& row : rows) EXPECT_EQ(told(row.words), row.told);
}

}  // namespace
}  // namespace unspool::test
