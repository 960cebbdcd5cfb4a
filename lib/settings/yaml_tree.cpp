#include "settings/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "base/utf8.h"
#include "settings/text.h"

namespace unspool {
namespace {

constexpr const char* kNoAnchors = "anchors and aliases (&, *) are not taken: write the value out";

/// Where reading ends, and why.
struct Refusal {
  std::size_t offset = 0;
  std::string what;
};

/// Builds the tree out of yaml-cpp's events. Throws a Refusal at a bound.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, Complaints& complaints) : text_{text}, complaints_{complaints} {}

  /// What was read, once. `cut_off`: by an error, so that the last value may not be what its author meant.
  YamlNode take(bool cut_off) {
    if (cut_off && open_.size() > 1 && !open_.back().items.empty() && !awaits_value()) open_.back().items.pop_back();
    while (open_.size() > 1) {
      if (awaits_value()) open_.back().items.emplace_back();
      close();
      if (awaits_value()) open_.back().items.back().kind = YamlNode::Kind::unreadable;  // "{a: b" is no key
    }
    if (open_.front().items.empty()) return {.kind = YamlNode::Kind::null};
    return std::move(open_.front().items.front());
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    throw Refusal{offset_of(mark), "text after the end of the document: a file holds one document"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add({.kind = YamlNode::Kind::null, .offset = offset_of_null(mark)}, "?", anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add({.offset = offset_of(mark)}, "?", anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const std::size_t offset = offset_of(mark);
    check_quote(offset);
    add({.kind = YamlNode::Kind::scalar, .quoted = tag == "!", .offset = offset, .text = value}, tag, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open({.kind = YamlNode::Kind::list, .offset = offset_of(mark)}, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open({.kind = YamlNode::Kind::mapping, .offset = offset_of(mark)}, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  std::size_t offset_of(const YAML::Mark& mark) const {
    return std::min(static_cast<std::size_t>(mark.pos), text_.size());
  }
  char at(std::size_t offset) const { return offset < text_.size() ? text_[offset] : '\0'; }

  /// Whether what was read last is a key.
  bool awaits_value() const {
    return open_.back().kind == YamlNode::Kind::mapping && open_.back().items.size() % 2 == 1;
  }

  /// yaml-cpp gives a value that was left out the place of whatever follows: the key's, or the list's, says more.
  std::size_t offset_of_null(const YAML::Mark& mark) const {
    const YamlNode& parent = open_.back();
    if (awaits_value()) return parent.items.back().offset;
    const bool written = std::string_view{"~nN"}.find(at(offset_of(mark))) != std::string_view::npos;
    return parent.kind == YamlNode::Kind::list && !written ? parent.offset : offset_of(mark);
  }

  /// yaml-cpp lets the end of the file close a quote, and one that was forgotten swallows the lines that follow it.
  void check_quote(std::size_t begin) const {
    const char quote = at(begin);
    if (quote != '"' && quote != '\'') return;
    for (std::size_t i = begin + 1; i < text_.size() && text_[i] != '\n'; ++i) {
      const bool escaping =
          quote == '"' ? text_[i] == '\\' && at(i + 1) != '\n' : text_[i] == '\'' && at(i + 1) == '\'';
      if (escaping) {
        ++i;
      } else if (text_[i] == quote) {
        return;
      }
    }
    throw Refusal{begin, "this quote is not closed on its line"};
  }

  /// Complains of what nodes of all kinds may have. "?" and "!" are the tags of plain and of quoted scalars.
  YamlNode checked(YamlNode node, const std::string& tag, YAML::anchor_t anchor) {
    if (++nodes_ > YamlBounds::kNodes) {
      throw Refusal{node.offset, fmt::format("more than {} values", YamlBounds::kNodes)};
    }
    const bool tagged = tag == "!" ? at(node.offset) == '!' : !tag.empty() && tag != "?";
    if (anchor != 0) complaints_.add(node.offset, "", kNoAnchors);
    if (tagged) complaints_.add(node.offset, "", "tags (!) are not taken: each key knows what it needs");
    if (tagged) node.kind = YamlNode::Kind::unreadable;
    return node;
  }

  void add(YamlNode node, const std::string& tag, YAML::anchor_t anchor) {
    open_.back().items.push_back(checked(std::move(node), tag, anchor));
  }

  void open(YamlNode node, const std::string& tag, YAML::anchor_t anchor) {
    if (open_.size() > YamlBounds::kDepth) {
      throw Refusal{node.offset, fmt::format("nested deeper than {}", YamlBounds::kDepth)};
    }
    open_.push_back(checked(std::move(node), tag, anchor));
  }

  void close() {
    YamlNode node = std::move(open_.back());
    open_.pop_back();
    open_.back().items.push_back(std::move(node));
  }

  std::string_view text_;
  Complaints& complaints_;
  std::vector<YamlNode> open_{YamlNode{}};  // from the document down to the list or mapping that is being read
  std::size_t nodes_ = 0;
  unsigned documents_ = 0;
};

/// yaml-cpp would end the text at an octet 4, skip directives it does not know, and guess at UTF-16. Null when there is
/// nothing of the kind.
std::optional<Refusal> unfit(std::string_view text) {
  if (text.size() > YamlBounds::kBytes) return Refusal{0, fmt::format("is larger than {} bytes", YamlBounds::kBytes)};
  std::size_t line = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (i == line && text[i] == '%') {
      return Refusal{i, "a line that begins with % would be a directive: none are taken"};
    }
    if (i - line == YamlBounds::kLineBytes) {
      return Refusal{line, fmt::format("a line longer than {} bytes", YamlBounds::kLineBytes)};
    }
    const bool blank = text[i] == '\t' || text[i] == '\n' || (text[i] == '\r' && text.substr(i, 2) == "\r\n");
    const std::size_t length = blank ? 1 : printable(text.substr(i));
    if (length == 0) {
      const unsigned octet = static_cast<unsigned char>(text[i]);
      return Refusal{i, fmt::format("octet 0x{:02x} is no text: a configuration is UTF-8", octet)};
    }
    if (text[i] == '\n') line = i + 1;
    i += length;
  }
  return std::nullopt;
}

/// yaml-cpp's reason, or a better one.
std::string reason(const std::string& message) {
  namespace Message = YAML::ErrorMsg;
  if (message == Message::UNKNOWN_ANCHOR) return kNoAnchors;
  if (message == Message::END_OF_MAP) return "does not continue what stands above: is it indented rightly?";
  if (message == Message::END_OF_SEQ) return "does not continue the list above: is it indented rightly?";
  if (message == Message::END_OF_MAP_FLOW) return "a '}' is missing here, or a ','";
  if (message == Message::END_OF_SEQ_FLOW) return "a ']' is missing here, or a ','";
  if (message == Message::MAP_VALUE) {
    return "no ':' can stand here: is the line indented rightly, or does a value need quotes?";
  }
  constexpr char kEnd = '\x04';  // what yaml-cpp reads there
  if (message == std::string{Message::INVALID_ESCAPE} + kEnd) return reason(Message::EOF_IN_SCALAR);
  if (!is_printable(message))
    return "is no YAML: after a '\\' stands no character of an escape";  // it has a part of one
  return "is no YAML: " + message;
}

Refusal refusal(const YAML::Exception& e, std::string_view text) {
  const std::size_t offset =
      e.mark.is_null() ? text.size() : std::min(static_cast<std::size_t>(e.mark.pos), text.size());
  const std::size_t line = offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;
  const std::size_t tab = text.find_first_not_of(' ', line);
  if (tab != std::string_view::npos && text[tab] == '\t') return {tab, "a tab: YAML is indented with spaces only"};
  return {offset, reason(e.msg)};
}

}  // namespace

YamlNode read_yaml(std::string_view text, Complaints& complaints) {
  TreeBuilder builder{text, complaints};
  std::optional<Refusal> refused = unfit(text);
  if (!refused) {
    try {
      std::istringstream in{std::string{text}};
      YAML::Parser parser{in};
      while (parser.HandleNextDocument(builder)) {
      }
    } catch (const YAML::Exception& e) {
      refused = refusal(e, text);
    } catch (Refusal& at_bound) {
      refused = std::move(at_bound);
    }
  }
  if (refused) {
    complaints.add(refused->offset, "", refused->what);
    complaints.ignore_from(refused->offset == 0 ? 0 : text.rfind('\n', refused->offset - 1) + 1);
  }
  return builder.take(refused.has_value());
}

}  // namespace unspool
