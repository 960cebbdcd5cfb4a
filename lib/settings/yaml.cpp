#include "settings/yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/file.h"
#include "settings/complaints.h"
#include "settings/schema.h"
#include "settings/text.h"
#include "settings/values.h"
#include "settings/yaml_tree.h"

namespace unspool {
namespace {

std::string joined(const std::string& path, std::string_view step) {
  return path.empty() ? std::string{step} : fmt::format("{}.{}", path, step);
}

std::string names_of(const std::vector<SettingsKey>& keys) {
  std::vector<std::string_view> names;
  names.reserve(keys.size());
  for (const SettingsKey& key : keys) names.push_back(key.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

/// Walks a tree and the schema together.
class Walk {
 public:
  Walk(const std::vector<SettingsKey>& schema, Complaints& complaints) : schema_{schema}, complaints_{complaints} {
    collect(schema, "");
  }

  void document(const YamlNode& root) {
    if (root.kind == YamlNode::Kind::mapping) return mapping(root, schema_, "");
    if (root.kind == YamlNode::Kind::scalar || root.kind == YamlNode::Kind::list) {
      complaints_.add(root.offset, "", wrong(root, "keys with their values, such as output: /srv/unspool"));
    }
  }

 private:
  /// A key wherever it stands, for suggestions.
  struct Known {
    std::string parent;
    std::string_view name;
  };
  void collect(const std::vector<SettingsKey>& keys, const std::string& parent) {
    for (const SettingsKey& key : keys) {
      known_.push_back({parent, key.name});
      collect(key.keys, joined(parent, key.name));
    }
  }

  void mapping(const YamlNode& node, const std::vector<SettingsKey>& keys, const std::string& parent) {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < node.items.size(); i += 2) {
      const YamlNode& name = node.items[i];
      if (name.kind == YamlNode::Kind::unreadable) continue;
      if (name.kind != YamlNode::Kind::scalar) {
        complaints_.add(name.offset, parent, "a key must be a word");
        continue;
      }
      const std::string path = joined(parent, path_step(name.text));
      const auto key =
          std::find_if(keys.begin(), keys.end(), [&](const SettingsKey& k) { return k.name == name.text; });
      if (name.text == "<<") {
        complaints_.add(name.offset, parent, "merge keys (<<) are not taken: write the keys out");
      } else if (key == keys.end()) {
        complaints_.add(name.offset, path, unknown(name.text, keys, parent));
      } else {
        if (!seen.insert(name.text).second) complaints_.add(name.offset, path, "is given twice");
        value(node.items[i + 1], *key, path);
      }
    }
  }

  void value(const YamlNode& node, const SettingsKey& key, const std::string& path) {
    if (node.kind == YamlNode::Kind::unreadable) return;
    if (!key.is_mapping()) return key.read(node, path, complaints_);
    if (node.kind == YamlNode::Kind::mapping) return mapping(node, key.keys, path);
    complaints_.add(node.offset, path, wrong(node, "keys of its own: " + names_of(key.keys)));
  }

  /// Names the closest key: here with up to two edits, elsewhere as it is written.
  std::string unknown(std::string_view name, const std::vector<SettingsKey>& here, const std::string& parent) const {
    constexpr std::size_t kMostEdits = 2;
    const Known* closest = nullptr;
    std::size_t least = std::min(kMostEdits + 1, name.size());
    for (const Known& known : known_) {
      const std::size_t edits = edit_distance(name, known.name, kMostEdits) + (known.parent == parent ? 0 : kMostEdits);
      if (edits < least) {
        least = edits;
        closest = &known;
      }
    }
    if (closest != nullptr) {
      return fmt::format("unknown key (did you mean {}?)", joined(closest->parent, closest->name));
    }
    return fmt::format("unknown key (there are {})", names_of(here));
  }

  const std::vector<SettingsKey>& schema_;
  Complaints& complaints_;
  std::vector<Known> known_;
};

/// `settings` with what `root` sets, or all complaints.
tl::expected<Settings, Errors> with(Settings settings, const YamlNode& root, Complaints& complaints,
                                    std::span<const std::string> protocol_names) {
  Walk{schema(settings, protocol_names), complaints}.document(root);
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
