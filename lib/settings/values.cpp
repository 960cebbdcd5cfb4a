#include "settings/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>

#include "settings/text.h"

namespace unspool {
namespace {

constexpr std::string_view kDigits = "0123456789";

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array kBare{Unit{"", 1}};
constexpr std::array kSizes{
    Unit{"", 1},
    Unit{"B", 1},
    Unit{"kB", 1'000},
    Unit{"MB", 1'000'000},
    Unit{"GB", 1'000'000'000},
    Unit{"TB", 1'000'000'000'000},
    Unit{"KiB", std::uint64_t{1} << 10U},
    Unit{"MiB", std::uint64_t{1} << 20U},
    Unit{"GiB", std::uint64_t{1} << 30U},
    Unit{"TiB", std::uint64_t{1} << 40U},
};
constexpr std::array kDurations{
    Unit{"ms", 1}, Unit{"s", 1'000}, Unit{"m", 60'000}, Unit{"h", 3'600'000}, Unit{"d", 86'400'000},
};

std::string describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::scalar: return node.quoted ? "the text " + shown(node.text) : shown(node.text);
    case YamlNode::Kind::list: return "a list";
    case YamlNode::Kind::mapping: return "a mapping";
    case YamlNode::Kind::null:
    case YamlNode::Kind::unreadable: break;
  }
  return "nothing";
}

/// "64" and "KiB".
struct Measure {
  std::string_view digits, unit;
};
std::optional<Measure> measure(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::scalar) return std::nullopt;
  const std::string_view text = node.text;
  const std::size_t end = std::min(text.find_first_not_of(kDigits), text.size());
  if (end == 0) return std::nullopt;
  if (node.quoted && end == text.size()) return std::nullopt;  // quotes make a text of a number, not of 64KiB
  return Measure{text.substr(0, end), text.substr(end)};
}

/// The amount in the smallest unit. `needs` says what the key takes.
Result<std::uint64_t> read_amount(const YamlNode& node, Range<std::uint64_t> range, std::span<const Unit> units,
                                  const std::string& needs) {
  const auto measured = measure(node);
  if (!measured) return fail(wrong(node, needs));
  const std::string_view digits = measured->digits;
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == measured->unit; });
  if (unit == units.end()) return fail(wrong(node, needs));
  if (digits.size() > 1 && digits.front() == '0') {
    const std::string_view rest = digits.substr(std::min(digits.find_first_not_of('0'), digits.size() - 1));
    return fail(fmt::format("{} begins with 0, which some read as octal: write {}", shown(node.text),
                            rest.size() > 20 ? "it without" : fmt::format("{}{}", rest, unit->name)));
  }
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (parsed.ec != std::errc{} || number > range.most / unit->factor) return fail(wrong(node, needs));
  if (number * unit->factor < range.least) return fail(wrong(node, needs));
  return number * unit->factor;
}

std::string amount_text(std::uint64_t amount, std::span<const Unit> units) {
  if (amount == 0) return "0";
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (amount % unit.factor == 0 && unit.factor > best->factor) best = &unit;
  }
  return fmt::format("{}{}", amount / best->factor, best->name);
}

std::uint64_t count(std::chrono::milliseconds duration) { return static_cast<std::uint64_t>(duration.count()); }

}  // namespace

std::string wrong(const YamlNode& node, const std::string& needs) {
  if (node.kind == YamlNode::Kind::null) return "has no value, needs " + needs;
  return fmt::format("needs {}, not {}", needs, describe(node));
}

Result<std::uint64_t> read_number(const YamlNode& node, Range<std::uint64_t> range, std::string_view or_else) {
  return read_amount(node, range, kBare,
                     fmt::format("{}a whole number from {} to {}", or_else, range.least, range.most));
}

Result<bool> read_flag(const YamlNode& node) {
  const bool plain = node.kind == YamlNode::Kind::scalar && !node.quoted;
  if (plain && node.text == "true") return true;
  if (plain && node.text == "false") return false;
  return fail(wrong(node, "true or false"));
}

Result<std::uint64_t> read_size(const YamlNode& node, Range<std::uint64_t> range) {
  return read_amount(
      node, range, kSizes,
      fmt::format("a size from {} to {}, such as 4096, 64KiB or 10MB", size_text(range.least), size_text(range.most)));
}

Result<std::chrono::milliseconds> read_duration(const YamlNode& node, Range<std::chrono::milliseconds> range) {
  const auto measured = measure(node);
  if (measured && measured->unit.empty() && measured->digits != "0") {
    return fail(fmt::format("{} has no unit: ms, s, m, h or d, as in 100ms", shown(node.text)));
  }
  const std::span<const Unit> units = measured && measured->unit.empty() ? std::span<const Unit>{kBare} : kDurations;
  const auto amount = read_amount(node, {count(range.least), count(range.most)}, units,
                                  fmt::format("a duration from {} to {}, such as 100ms, 30s, 5m, 2h or 1d",
                                              duration_text(range.least), duration_text(range.most)));
  return amount.map([](std::uint64_t ms) { return std::chrono::milliseconds{ms}; });
}

std::string size_text(std::uint64_t bytes) { return amount_text(bytes, kSizes); }

std::string duration_text(std::chrono::milliseconds duration) { return amount_text(count(duration), kDurations); }

}  // namespace unspool
