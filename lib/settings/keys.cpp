#include "settings/keys.h"

#include "settings/text.h"

namespace unspool::key {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kMostWorkers = 256;
constexpr std::size_t kLongestText = 4096;     // PATH_MAX
constexpr std::size_t kLongestInterface = 15;  // IFNAMSIZ
constexpr std::size_t kLongList = 1024;        // written on one line; what is longer has a line for each item

constexpr std::array<std::string_view, 8> kEventTypes{"flow", "fileinfo", "http",      "socks",
                                                      "arp",  "anomaly",  "interface", "stats"};

constexpr std::array<std::pair<Shed, std::string_view>, 3> kShed{
    {{Shed::transcripts, "transcripts"}, {Shed::bodies, "bodies"}, {Shed::sessions, "sessions"}}};

/// What the kernel takes in a name, and a shell passes on.
bool is_interface_character(char c) { return c > ' ' && c < '\x7f' && c != '/'; }

}  // namespace

SettingsKey mapping(std::string_view name, std::vector<SettingsKey> keys) {
  return {.name = name, .read = {}, .written = {}, .keys = std::move(keys)};
}

SettingsKey duration(std::string_view name, milliseconds& member, Range<milliseconds> range) {
  return value(
      name, member, [=](const YamlNode& node) { return read_duration(node, range); }, duration_text);
}

SettingsKey flag(std::string_view name, bool& member) {
  return value(name, member, read_flag, [](bool b) { return std::string{b ? "true" : "false"}; });
}

SettingsKey text(std::string_view name, std::string& member) {
  const auto read = [](const YamlNode& node) -> Result<std::string> {
    if (node.kind != YamlNode::Kind::scalar) return fail(wrong(node, "text (\"\" for none)"));
    if (node.text.size() > kLongestText) return fail(fmt::format("is longer than {} bytes", kLongestText));
    if (!is_printable(node.text)) return fail(fmt::format("has a control character: {}", shown(node.text)));
    return node.text;
  };
  return value(name, member, read, [](const std::string& s) { return quoted(s); });
}

SettingsKey workers(std::string_view name, int& member) {
  const auto read = [](const YamlNode& node) -> Result<int> {
    if (node.kind == YamlNode::Kind::scalar && node.text == "auto") return -1;
    return read_number(node, {0, kMostWorkers}, "auto or ").map([](std::uint64_t n) { return static_cast<int>(n); });
  };
  return value(name, member, read, [](int n) { return n < 0 ? std::string{"auto"} : fmt::format("{}", n); });
}

bool add_name(const YamlNode& node, const std::string& path, const std::vector<std::string>& allowed,
              std::vector<std::string>& names, Complaints& complaints) {
  if (node.kind == YamlNode::Kind::unreadable) return false;
  const bool known =
      node.kind == YamlNode::Kind::scalar && std::find(allowed.begin(), allowed.end(), node.text) != allowed.end();
  if (!known) {
    complaints.add(node.offset, path, wrong(node, fmt::format("one of {}", fmt::join(allowed, ", "))));
    return false;
  }
  if (std::find(names.begin(), names.end(), node.text) != names.end()) {
    complaints.add(node.offset, path, node.text + " is listed twice");
    return false;
  }
  names.push_back(node.text);
  return true;
}

std::string list_text(const std::vector<std::string>& items) {
  const std::string line = fmt::format("[{}]", fmt::join(items, ", "));
  return line.size() <= kLongList ? line : fmt::format("[{}]", fmt::join(items, ",\n  "));
}

SettingsKey event_types(std::string_view name, std::vector<std::string>& member) {
  const auto read = [&member](const YamlNode& node, const std::string& path, Complaints& complaints) {
    if (node.kind != YamlNode::Kind::list) {
      return complaints.add(node.offset, path, wrong(node, "a list of event types, such as [flow, stats]"));
    }
    member.clear();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      add_name(node.items[i], fmt::format("{}[{}]", path, i), {kEventTypes.begin(), kEventTypes.end()}, member,
               complaints);
    }
  };
  return {.name = name, .read = read, .written = [&member] { return list_text(member); }, .keys = {}};
}

SettingsKey what_is_shed(std::string_view name, std::vector<Shed>& member) {
  const auto read = [&member](const YamlNode& node, const std::string& path, Complaints& complaints) {
    if (node.kind != YamlNode::Kind::list) {
      return complaints.add(node.offset, path,
                            wrong(node, "a list of what is left out, such as [transcripts, bodies]"));
    }
    std::vector<std::string> allowed, names;
    for (const auto& [meaning, text] : kShed) allowed.emplace_back(text);
    member.clear();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (!add_name(node.items[i], fmt::format("{}[{}]", path, i), allowed, names, complaints)) continue;
      const auto found = std::find(allowed.begin(), allowed.end(), names.back()) - allowed.begin();
      member.push_back(kShed[static_cast<std::size_t>(found)].first);
    }
  };
  return {.name = name,
          .read = read,
          .written =
              [&member] {
                std::vector<std::string> names;
                for (const Shed shed : member) names.emplace_back(kShed[static_cast<std::size_t>(shed)].second);
                return list_text(names);
              },
          .keys = {}};
}

SettingsKey interfaces(std::string_view name, std::vector<std::string>& member) {
  const auto read = [&member](const YamlNode& node, const std::string& path, Complaints& complaints) {
    if (node.kind != YamlNode::Kind::list) {
      return complaints.add(node.offset, path, wrong(node, "a list of interfaces, such as [eth0, eth1]"));
    }
    member.clear();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const YamlNode& item = node.items[i];
      const std::string place = fmt::format("{}[{}]", path, i);
      const bool is_name = item.kind == YamlNode::Kind::scalar && !item.text.empty() &&
                           item.text.size() <= kLongestInterface &&
                           std::all_of(item.text.begin(), item.text.end(), is_interface_character);
      if (item.kind == YamlNode::Kind::unreadable) continue;
      if (!is_name) {
        complaints.add(item.offset, place, wrong(item, "the name of an interface, up to 15 characters"));
      } else if (std::find(member.begin(), member.end(), item.text) != member.end()) {
        complaints.add(item.offset, place, item.text + " is listed twice");
      } else {
        member.push_back(item.text);
      }
    }
  };
  return {.name = name,
          .read = read,
          .written =
              [&member] {
                std::vector<std::string> names;
                for (const std::string& interface : member) names.push_back(quoted(interface));
                return list_text(names);
              },
          .keys = {}};
}

}  // namespace unspool::key
