#include "transcript_story.h"

#include <fmt/format.h>

#include <set>

namespace unspool::test {
namespace {

class Sheet : public Transfer {
 public:
  explicit Sheet(Desk& desk) : desk_{desk} {}
  ~Sheet() override {
    desk_.told += closed_ ? "" : "...";
    desk_.told += exempt_ ? "" : "(shed with bodies)";
  }
  void write(Bytes bytes) override {
    if (bytes.empty()) desk_.told += "(nothing)";
    desk_.page += as_text(bytes);
  }
  void write_gap(std::uint64_t, Cause) override { desk_.told += "(a gap)"; }
  void close() override {
    closed_ = true;
    desk_.told += ".";
  }
  void discard() override { desk_.told += "(discarded)"; }
  void keep_under_load() override { exempt_ = true; }

 private:
  Desk& desk_;
  bool closed_ = false, exempt_ = false;
};

/// Cuts the tag off that `html` begins with.
std::string_view take_tag(std::string_view& html) {
  const std::string_view tag = html.substr(0, html.find('>') + 1);
  html.remove_prefix(tag.size());
  return tag;
}

}  // namespace

std::unique_ptr<Transfer> Desk::open_transfer(const Session&, Side from, std::string_view name,
                                              std::string_view app_proto) {
  told += fmt::format("[{} {} {}]", app_proto, unspool::name(from), name);
  return std::make_unique<Sheet>(*this);
}

void Desk::emit(const Session&, const Event& event) { told += fmt::format("{{{} {}}}", event.type, event.members); }

Endpoint endpoint(std::initializer_list<std::uint8_t> address, std::uint16_t port) {
  const auto octets = std::as_bytes(std::span(address.begin(), address.size()));
  return {.address = octets.size() == 4 ? IpAddress::v4(octets) : IpAddress::v6(octets), .port = port};
}

Session session(std::uint8_t transport, VlanStack vlans) {
  return {.key = {transport, endpoint({10, 0, 0, 1}, 49152), endpoint({10, 0, 0, 2}, 4000), vlans},
          .start = kStoryTime,
          .last = kStoryTime,
          .roles = Roles::syn};
}

std::string plain(std::string_view html) {
  std::string out, behind_paragraph;
  while (!html.empty()) {
    if (html[0] != '<') {
      out += html[0];
      html.remove_prefix(1);
      continue;
    }
    const std::string_view tag = take_tag(html);
    if (tag == "<b>" || tag == "</b>") {
      out += tag;
      continue;
    }
    if (tag == "<i aria-hidden=true>") html.remove_prefix(html.find("</i> ") + 5);
    if (tag == "</h2>") out += "|";
    if (tag == "</article>") out += "\n";
    if (tag == "<p>") out += "(", behind_paragraph = ")\n";
    if (tag.starts_with("<p class=gap")) out += "[", behind_paragraph = "]";
    if (tag == "</p>") out += behind_paragraph;
    if (html.starts_with('\n')) html.remove_prefix(1);
  }
  return out;
}

std::string elements_of(std::string_view html) {
  std::set<std::string_view> elements;
  for (std::size_t at = html.find('<'); at != html.npos; at = html.find('<')) {
    html.remove_prefix(at);
    const std::string_view tag = take_tag(html);
    if (tag[1] != '/') elements.insert(tag.substr(1, tag.find_first_of(" >") - 1));
  }
  return fmt::format("{}", fmt::join(elements, " "));
}

}  // namespace unspool::test
