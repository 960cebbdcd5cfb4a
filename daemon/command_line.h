// What the user typed, understood.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace unspool {

struct CommandLine {
  enum class Wish { run, check_configuration, dump_configuration, list_protocols, list_interfaces };

  Wish wish = Wish::run;
  std::vector<std::string> captures;    // paths, directories, "-", FILE:::OFFSET; in the order in which they were named
  std::vector<std::string> interfaces;  // to listen on; where there are none and no captures, as the configuration says
  std::string spool;                    // directory, of --spool; where nothing is named, as the configuration says
  bool follow = false;                  // at the end of a capture more is waited for
  std::string filter;                   // BPF expression; empty: all packets
  std::string configuration;            // file; empty: none
  std::vector<std::string> settings;    // of --set: key=value
  std::string output;                   // directory; empty: as the configuration says
  std::optional<int> workers;           // of -j; -1: auto
  enum class Reuse { refuse, replace, append } reuse = Reuse::refuse;  // of an output that holds an earlier run
  bool quiet = false, verbose = false;
};

/// A command line that is to be run, or what to print instead (a usage error, or what -h and -V answer) and the exit
/// code.
struct Parsed {
  std::optional<CommandLine> command_line;
  std::string text;
  int exit_code = 0;
};

/// `words` without the program's name. Words that are no options: without -r and -i, those in front that name files are
/// captures; what remains is the filter expression.
Parsed parse_command_line(const std::vector<std::string>& words);

/// What to say where nothing names a capture or an interface, but perhaps these words were meant to.
std::string nothing_to_read(const std::string& words);

}  // namespace unspool
