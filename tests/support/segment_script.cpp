#include "support/segment_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "support/stream_story.h"

namespace unspool::test {
namespace {

using wire::TcpFlags;

[[noreturn]] void refuse(std::string_view what) { throw std::invalid_argument(fmt::format("script: '{}'", what)); }

template <class Number>
Number number(std::string_view text, int base = 10) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) refuse(text);
  return value;
}

/// The parts of `text` between separators; those inside quotes do not part.
std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '"') quoted = !quoted;
    if (i < text.size() && (quoted || separators.find(text[i]) == std::string_view::npos)) continue;
    if (i > begin) parts.push_back(text.substr(begin, i - begin));
    begin = i + 1;
  }
  if (quoted) refuse(text);
  return parts;
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string result{text};
  for (std::size_t at = 0; (at = result.find(what, at)) != std::string::npos; at += by.size()) {
    result.replace(at, what.size(), by);
  }
  return result;
}

std::string unquoted(std::string_view word) {
  if (word.size() < 2 || word.back() != '"') refuse(word);
  return replaced(word.substr(1, word.size() - 2), "\\0", std::string_view{"\0", 1});
}

std::vector<std::byte> bytes_of_hex(std::string_view hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(std::byte{number<std::uint8_t>(hex.substr(i, 2), 16)});
  return bytes;
}

std::uint8_t flags_of(std::string_view word) {
  static const std::map<std::string_view, std::uint8_t> kFlags{
      {"[S]", TcpFlags::syn},
      {"[SA]", TcpFlags::syn | TcpFlags::ack},
      {"[SF]", TcpFlags::syn | TcpFlags::fin},
      {"[.]", TcpFlags::ack},
      {"[F]", TcpFlags::fin | TcpFlags::ack},
      {"[FA]", TcpFlags::fin | TcpFlags::ack},
      {"[R]", TcpFlags::rst},
      {"[RA]", TcpFlags::rst | TcpFlags::ack},
      {"[U]", TcpFlags::urg | TcpFlags::ack},
      {"[-]", 0},
  };
  const auto found = kFlags.find(word);
  if (found == kFlags.end()) refuse(word);
  return found->second;
}

Duration seconds(std::string_view text) {
  return std::chrono::round<Duration>(std::chrono::duration<double>(std::stod(std::string{text})));
}

constexpr std::string_view kLinkWords[] = {"v6", "vlans=", "tunnels=", "xor", "mark"};

}  // namespace

struct SegmentScript::Packet {
  std::optional<unsigned> from;
  unsigned session = 0;
  bool captured = true, drop = false, timed = false, anything = false;
  std::uint8_t flags = TcpFlags::ack;
  std::optional<std::uint64_t> at;
  std::string data;
  std::uint64_t length = 0;  // of content-free data
  std::optional<std::uint64_t> acks;
  std::optional<std::uint32_t> ack_number, timestamp;
  std::uint64_t cut = UINT64_MAX;
  std::uint16_t urgent = 0;
  std::vector<std::byte> options;
  Carriage carriage;
};

void SegmentScript::Sender::list(std::uint64_t from, std::uint64_t to) {
  std::uint64_t& end = listed[from];
  end = std::max(end, to);
  next = std::max(next, to);
}

std::uint64_t SegmentScript::Sender::complete() {
  std::uint64_t end = 1;
  auto one = listed.begin();
  for (; one != listed.end() && one->first <= end; ++one) end = std::max(end, one->second);
  listed.erase(listed.begin(), one);
  listed.emplace(0, end);
  return end;
}

SegmentScript::SegmentScript(const Isns& isns) : isns_{isns}, time_{kScriptTime} {}

void SegmentScript::on_fragment(const ScriptedFragment&) { refuse("F"); }
void SegmentScript::on_link(std::string_view word) { refuse(word); }

SegmentScript::Senders& SegmentScript::senders(unsigned session) {
  const auto [found, fresh] = senders_.try_emplace(session);
  if (fresh) {
    for (const unsigned side : {0U, 1U}) found->second[side].isn = isns_[side];
  }
  return found->second;
}

// ---- items

void SegmentScript::play(std::string_view script) { play_items(script, ";\n"); }

void SegmentScript::play_items(std::string_view script, std::string_view separators) {
  for (const std::string_view item : split(script, separators)) {
    const std::size_t begin = item.find_first_not_of(' ');
    if (begin != std::string_view::npos) play_item(item.substr(begin));
  }
}

void SegmentScript::play_item(std::string_view item) {
  if (item.starts_with("i=")) return play_loop(item);
  const auto words = split(item, " ");
  const std::string_view first = words[0];
  if (first.starts_with("HS")) return handshake(first.size() > 2 ? first.substr(3, first.size() - 4) : "");
  if (first == "EOF") return on_end();
  if (first.starts_with("port=")) return on_server(first == "port=S" ? 1U : 0U);
  if (first.starts_with("pace=")) {
    pace_ = std::chrono::microseconds(number<unsigned>(first.substr(5, first.size() - 7)));
    return;
  }
  const auto begins = [&](std::string_view word) { return first.starts_with(word); };
  if (std::any_of(std::begin(kLinkWords), std::end(kLinkWords), begins)) return on_link(first);
  on_step();
  first == "F" ? play_fragment(words) : play_packet(words);
}

/// "i=2..99/2: items"
void SegmentScript::play_loop(std::string_view item) {
  const std::size_t colon = item.find(": "), dots = item.find("..");
  if (colon == std::string_view::npos || dots > colon) refuse(item);
  const std::string_view range = item.substr(2, colon - 2), body = item.substr(colon + 2);
  const std::string_view last_and_step = range.substr(dots);
  const std::size_t slash = last_and_step.find('/');
  const auto step = slash == std::string_view::npos ? 1 : number<std::int64_t>(last_and_step.substr(slash + 1));
  const auto first = number<std::int64_t>(range.substr(0, dots - 2));
  const auto last = number<std::int64_t>(last_and_step.substr(0, slash));
  for (std::int64_t i = first; first <= last ? i <= last : i >= last; i += first <= last ? step : -step) {
    play_items(replaced(body, "{i}", std::to_string(i)), ",");
  }
}

void SegmentScript::handshake(std::string_view argument) {
  std::vector<std::string_view> syn{"C", "[S]"}, syn_ack{"S", "[SA]"}, last{"C", "[.]"};
  if (!argument.empty()) {
    syn.push_back(argument);
    syn_ack.push_back(argument);
    if (argument.starts_with("ts=") || argument.front() == '#') last.push_back(argument);
  }
  for (const auto& words : {syn, syn_ack, last}) play_packet(words);
}

void SegmentScript::play_packet(const std::vector<std::string_view>& words) {
  Packet packet;
  for (const std::string_view word : words) {
    if (word.front() == '#') packet.session = number<unsigned>(word.substr(1));
  }
  for (const std::string_view word : words) read_word(word, packet);
  if (packet.from && packet.anything) return send(packet);
  on_time(time_);
}

void SegmentScript::play_fragment(const std::vector<std::string_view>& words) {
  time_ += pace_;
  ScriptedFragment fragment{.time = time_};
  for (const std::string_view word : words) {
    const std::size_t at = word.find('@');
    if (word == "F") continue;
    if (word == "H") {
      fragment.header = true;
      fragment.seq = senders(0)[0].isn + static_cast<std::uint32_t>(senders(0)[0].next);
      fragment.ack = senders(0)[1].isn + static_cast<std::uint32_t>(senders(0)[1].complete());
    } else if (word.starts_with("id=")) {
      fragment.id = number<std::uint32_t>(word.substr(3));
    } else if (word.starts_with("vlan=")) {
      fragment.vlan = number<std::uint16_t>(word.substr(5));
    } else if (word.starts_with("proto=")) {
      fragment.protocol = number<std::uint8_t>(word.substr(6));
    } else if (at != std::string_view::npos) {
      fragment.more = word.back() != '.';
      fragment.bytes = std::string(number<std::size_t>(word.substr(1, at - 1)), word.front());
      fragment.offset = number<std::uint16_t>(word.substr(at + 1, word.size() - at - (fragment.more ? 1 : 2)));
    } else {
      refuse(word);
    }
  }
  on_fragment(fragment);
}

// ---- words

void SegmentScript::read_word(std::string_view word, Packet& packet) {
  const char first = word.front();
  const bool is_digit = first >= '0' && first <= '9';
  if (first == '#') return;
  if (first == '@') {
    time_ = kScriptTime + seconds(word.substr(1));
    packet.timed = true;
    return;
  }
  if (word == "C" || word == "S" || word == "~C" || word == "~S") {
    packet.from = word.back() == 'S' ? 1U : 0U;
    packet.captured = word.size() == 1;
    return;
  }
  const std::size_t equals = first == '"' ? std::string_view::npos : word.find('=');
  if (equals != std::string_view::npos) {
    if (!packet.from) refuse(word);
    return read_setting(word.substr(0, equals), word.substr(equals + 1), packet);
  }
  packet.anything = true;
  if (first == '"') {
    packet.data = unquoted(word);
  } else if (first == '[') {
    packet.flags = flags_of(word);
  } else if (is_digit || first == '+') {
    const std::size_t plus = word.find('+');
    if (is_digit) packet.at = number<std::uint64_t>(word.substr(0, plus));
    if (plus != std::string_view::npos) packet.length = number<std::uint64_t>(word.substr(plus + 1));
  } else if (read_mark(word, packet)) {
    return;
  } else if (first == 'a') {
    packet.acks = number<std::uint64_t>(word.substr(1));
  } else {
    refuse(word);
  }
}

bool SegmentScript::read_mark(std::string_view word, Packet& packet) {
  Carriage& carriage = packet.carriage;
  const std::pair<std::string_view, bool*> marks[] = {
      {"drop", &packet.drop},         {"bad", &carriage.bad_checksum},     {"badip", &carriage.bad_ip_checksum},
      {"padded", &carriage.padded},   {"routed", &carriage.source_routed}, {"atomic", &carriage.atomic},
      {"pieces", &carriage.in_pieces}};
  const auto* found = std::find_if(std::begin(marks), std::end(marks), [&](const auto& m) { return m.first == word; });
  if (found == std::end(marks)) return false;
  *found->second = true;
  return true;
}

void SegmentScript::read_setting(std::string_view key, std::string_view value, Packet& packet) {
  Sender& sender = senders(packet.session)[*packet.from];
  Carriage& carriage = packet.carriage;
  if (key == "isn") {
    const bool relative = value.starts_with('+');
    const auto isn = number<std::uint32_t>(value.substr(relative ? 1 : 0));
    sender = Sender{.isn = isn + (relative ? isns_[*packet.from] : 0), .window = sender.window};
    return;
  }
  packet.anything = true;
  const std::pair<std::string_view, std::optional<unsigned>*> numbers[] = {{"id", &carriage.id},
                                                                           {"ttl", &carriage.ttl},
                                                                           {"doff", &carriage.data_offset},
                                                                           {"ihl", &carriage.header_words},
                                                                           {"iplen", &carriage.ip_length},
                                                                           {"end", &carriage.ends_behind}};
  for (const auto& [name, number_] : numbers) {
    if (name != key) continue;
    *number_ = number<unsigned>(value);
    return;
  }
  if (key == "win") {
    sender.window = number<std::uint16_t>(value);
  } else if (key == "wscale") {
    packet.options = {std::byte{1}, std::byte{3}, std::byte{3}, std::byte{number<std::uint8_t>(value)}};
  } else if (key == "opt") {
    packet.options = bytes_of_hex(value);
  } else if (key == "ts") {
    packet.timestamp = number<std::uint32_t>(value);
  } else if (key == "cut") {
    packet.cut = number<std::uint64_t>(value);
  } else if (key == "urg") {
    packet.urgent = number<std::uint16_t>(value);
  } else if (key == "ack") {
    packet.ack_number = number<std::uint32_t>(value);
  } else {
    refuse(key);
  }
}

void SegmentScript::send(Packet& packet) {
  Sender& sender = senders(packet.session)[*packet.from];
  Sender& peer = senders(packet.session)[1 - *packet.from];
  const bool syn = (packet.flags & TcpFlags::syn) != 0;
  const bool fin = (packet.flags & TcpFlags::fin) != 0;
  const bool reset = (packet.flags & TcpFlags::rst) != 0;
  const std::uint64_t at = packet.at.value_or(syn ? 0 : sender.next);
  const std::uint64_t length = packet.data.size() + packet.length;
  const std::uint64_t data_at = at + (syn ? 1 : 0);
  if (!reset) sender.list(at, data_at + length + (fin ? 1 : 0));
  if (packet.acks || packet.ack_number) packet.flags |= TcpFlags::ack;
  const auto acked = static_cast<std::uint32_t>(packet.acks ? *packet.acks : peer.complete());
  if (packet.timestamp) {
    sender.timestamp = *packet.timestamp;
    packet.options = bytes_of_hex(fmt::format("0101080a{:08x}{:08x}", sender.timestamp, peer.timestamp));
  }
  if (!packet.timed) time_ += pace_;
  if (!packet.captured) return;

  const std::uint64_t captured = std::min(length, packet.cut);
  for (std::uint64_t i = packet.data.size(); i < captured; ++i) {
    packet.data += static_cast<char>(content_at(data_at + i));
  }
  on_segment({.from = *packet.from,
              .session = packet.session,
              .segment = {.seq = sender.isn + static_cast<std::uint32_t>(at),
                          .ack = (packet.flags & TcpFlags::ack) != 0 ? packet.ack_number.value_or(peer.isn + acked) : 0,
                          .window = sender.window,
                          .urgent = packet.urgent,
                          .flags = packet.flags,
                          .options = packet.options,
                          .payload = as_bytes(packet.data).first(captured),
                          .missing = static_cast<std::uint32_t>(length - captured)},
              .time = time_,
              .after_drop = packet.drop,
              .carriage = packet.carriage});
}

}  // namespace unspool::test
