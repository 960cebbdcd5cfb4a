// Kinds of keys: how a member of the settings of each kind is read and written.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "settings/schema.h"
#include "settings/values.h"

/// Used by the schema alone.
namespace unspool::key {

/// A key whose value `read(node)` makes, or tells why not, and `write(member)` turns back into YAML.
template <class T, class Read, class Write>
SettingsKey value(std::string_view name, T& member, Read read, Write write) {
  return {.name = name,
          .read =
              [&member, read](const YamlNode& node, const std::string& path, Complaints& complaints) {
                if (auto result = read(node)) {
                  member = static_cast<T>(*std::move(result));
                } else {
                  complaints.add(node.offset, path, result.error().what);
                }
              },
          .written = [&member, write] { return write(member); },
          .keys = {}};
}

template <std::unsigned_integral T>
SettingsKey number(std::string_view name, T& member, Range<T> range) {
  return value(
      name, member,
      [=](const YamlNode& node) {
        return read_number(node, {range.least, range.most});
      },
      [](T number) { return fmt::format("{}", number); });
}

template <std::unsigned_integral T>
SettingsKey size(std::string_view name, T& member, Range<std::uint64_t> range) {
  return value(
      name, member, [=](const YamlNode& node) { return read_size(node, range); },
      [](T bytes) { return size_text(bytes); });
}

template <class T, std::size_t N>
SettingsKey word(std::string_view name, T& member, const std::array<std::pair<T, std::string_view>, N>& words) {
  const auto read = [&words](const YamlNode& node) -> Result<T> {
    std::vector<std::string_view> allowed;
    for (const auto& [meaning, text] : words) {
      if (node.kind == YamlNode::Kind::scalar && node.text == text) return meaning;
      allowed.push_back(text);
    }
    return fail(wrong(node, fmt::format("one of {}", fmt::join(allowed, ", "))));
  };
  return value(name, member, read, [&words](T meaning) {
    const auto found = std::find_if(words.begin(), words.end(), [&](const auto& w) { return w.first == meaning; });
    return std::string{found->second};
  });
}

SettingsKey mapping(std::string_view name, std::vector<SettingsKey> keys);
SettingsKey duration(std::string_view name, std::chrono::milliseconds& member, Range<std::chrono::milliseconds> range);
SettingsKey flag(std::string_view name, bool& member);
SettingsKey text(std::string_view name, std::string& member);
/// -1 is written auto.
SettingsKey workers(std::string_view name, int& member);
/// Each once, in any order.
SettingsKey event_types(std::string_view name, std::vector<std::string>& member);
/// Each once, in an order that means something.
SettingsKey what_is_shed(std::string_view name, std::vector<Shed>& member);
/// Any names, each once.
SettingsKey interfaces(std::string_view name, std::vector<std::string>& member);

/// Adds the name that `node` gives, one of `allowed` and not yet in `names`; false, with a complaint, if it gives none.
bool add_name(const YamlNode& node, const std::string& path, const std::vector<std::string>& allowed,
              std::vector<std::string>& names, Complaints& complaints);
/// A list as YAML. Of items with long texts, one line could be longer than YamlBounds takes.
std::string list_text(const std::vector<std::string>& items);

}  // namespace unspool::key
