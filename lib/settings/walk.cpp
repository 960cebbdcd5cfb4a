#include "settings/walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "settings/text.h"
#include "settings/values.h"

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

/// Walks a tree and its keys together.
class Walk {
 public:
  Walk(const std::vector<SettingsKey>& keys, const std::string& path, Complaints& complaints)
      : complaints_{complaints} {
    collect(keys, path);
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

  Complaints& complaints_;
  std::vector<Known> known_;
};

}  // namespace

void read_keys(const YamlNode& node, const std::vector<SettingsKey>& keys, const std::string& path,
               Complaints& complaints) {
  Walk{keys, path, complaints}.mapping(node, keys, path);
}

}  // namespace unspool
