#include "settings/told.h"

#include <sstream>

namespace unspool::test {
namespace {

std::vector<std::string> lines(const std::string& yaml) {
  std::vector<std::string> all;
  std::istringstream in{yaml};
  std::string group;
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with(':')) {
      group = line.substr(0, line.size() - 1) + ".";
    } else {
      all.push_back(line.starts_with("  ") ? group + line.substr(2) : line);
    }
  }
  return all;
}

std::string text(const Errors& errors) {
  std::string all;
  for (const Error& error : errors) all += (all.empty() ? "" : "\n") + error.what;
  return all;
}

}  // namespace

std::vector<std::string> protocols() { return {"http", "socks", "dns", "transcript", "raw"}; }

std::string changes(const Settings& settings) {
  const auto now = lines(dump_settings(settings)), before = lines(dump_settings(Settings{}));
  std::string all;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (now[i] != before.at(i)) all += (all.empty() ? "" : "\n") + now[i];
  }
  return all.empty() ? "defaults" : all;
}

std::string told(std::string_view yaml) {
  const auto settings = parse_settings(yaml, "f", protocols());
  return settings ? changes(*settings) : text(settings.error());
}

std::string told_set(const std::string& assignment) {
  Settings settings;
  const auto set = apply_setting(settings, assignment, protocols());
  return set ? changes(settings) : text(set.error());
}

}  // namespace unspool::test
