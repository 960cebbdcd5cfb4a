#include "settings/yaml.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "settings/complaints.h"
#include "settings/schema.h"
#include "settings/text.h"
#include "settings/values.h"
#include "settings/walk.h"
#include "settings/yaml_tree.h"

namespace unspool {
namespace {

/// `settings` with what `root` sets, or all complaints.
tl::expected<Settings, Errors> with(Settings settings, const YamlNode& root, Complaints& complaints,
                                    std::span<const std::string> protocol_names) {
  if (root.kind == YamlNode::Kind::mapping) {
    read_keys(root, schema(settings, protocol_names), "", complaints);
  } else if (root.kind == YamlNode::Kind::scalar || root.kind == YamlNode::Kind::list) {
    complaints.add(root.offset, "", wrong(root, "keys with their values, such as output: /srv/unspool"));
  }
  if (!complaints.empty()) return tl::make_unexpected(complaints.told());
  return settings;
}

/// "a.b" and a value: the tree of "a: {b: value}".
YamlNode nested(std::string_view path, YamlNode value) {
  while (true) {
    const std::size_t dot = path.rfind('.');
    const std::string_view name = path.substr(dot + 1);  // all of it without a dot
    YamlNode key{.kind = YamlNode::Kind::scalar, .text = std::string{name}};
    YamlNode mapping{.kind = YamlNode::Kind::mapping};
    mapping.items.push_back(std::move(key));
    mapping.items.push_back(std::move(value));
    if (dot == std::string_view::npos) return mapping;
    value = std::move(mapping);
    path = path.substr(0, dot);
  }
}

void dump(const std::vector<SettingsKey>& keys, std::size_t indent, std::string& out) {
  for (const SettingsKey& key : keys) {
    out.append(indent, ' ');
    out += key.name;
    out += key.is_mapping() ? ":\n" : fmt::format(": {}\n", key.written());
    dump(key.keys, indent + 2, out);
  }
}

}  // namespace

tl::expected<Settings, Errors> parse_settings(std::string_view text, const std::string& origin,
                                              std::span<const std::string> protocol_names) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // editors' mark of UTF-8
  Complaints complaints{origin, text};
  const YamlNode root = read_yaml(text, complaints);
  return with(Settings{}, root, complaints, protocol_names);
}

tl::expected<Settings, Errors> read_settings(const std::string& path, std::span<const std::string> protocol_names) {
  const auto text = read_text_file(path, YamlBounds::kBytes);
  if (!text) return tl::make_unexpected(Errors{text.error()});
  return parse_settings(*text, path, protocol_names);
}

tl::expected<void, Errors> apply_setting(Settings& settings, const std::string& assignment,
                                         std::span<const std::string> protocol_names) {
  const bool brief = assignment.size() <= 200 && is_printable(assignment);
  Complaints complaints{"--set " + (brief ? assignment : shown(assignment)), std::nullopt};
  const std::size_t equals = assignment.find('=');
  const std::string_view path = std::string_view{assignment}.substr(0, equals);
  const auto dots = static_cast<std::size_t>(std::count(path.begin(), path.end(), '.'));
  if (equals == std::string::npos || path.empty() || dots > YamlBounds::kDepth) {
    complaints.add(0, "", "write key=value, such as streams.grace=50ms");
    return tl::make_unexpected(complaints.told());
  }
  YamlNode value = read_yaml(std::string_view{assignment}.substr(equals + 1), complaints);
  auto changed = with(settings, nested(path, std::move(value)), complaints, protocol_names);
  if (!changed) return tl::make_unexpected(std::move(changed.error()));
  settings = *std::move(changed);
  return {};
}

std::string dump_settings(const Settings& settings) {
  Settings copy = settings;
  std::string out;
  dump(schema(copy, {}), 0, out);
  return out;
}

}  // namespace unspool
