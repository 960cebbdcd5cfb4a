#include "support/tcp_script.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace unspool::test {
namespace {

using wire::TcpFlags;

constexpr Timestamp kStart = timestamp_from_ns(1'162'491'300'000'000'000);
constexpr std::size_t index(Side side) { return static_cast<std::size_t>(side); }
std::string letter(Side side) { return side == Side::client ? "C" : "S"; }

/// Content-free bytes tell their place, and differ from text by their top bit.
constexpr std::byte content_at(std::uint64_t relative) { return static_cast<std::byte>(0x80U | (relative % 127)); }

[[noreturn]] void refuse(std::string_view what) { throw std::invalid_argument(fmt::format("tcp_script: '{}'", what)); }

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

std::string unquoted(std::string_view word) {
  if (word.size() < 2 || word.back() != '"') refuse(word);
  std::string text{word.substr(1, word.size() - 2)};
  for (std::size_t at = 0; (at = text.find("\\0", at)) != std::string::npos; ++at) text.replace(at, 2, 1, '\0');
  return text;
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

std::string seconds(Timestamp t) { return fmt::format("{:.3f}", static_cast<double>((t - kStart).count()) / 1e9); }

void append_word(std::string& text, std::string_view word) {
  if (!text.empty()) text += ' ';
  text += word;
}

}  // namespace

// ---- what came out

void Told::begin() {
  next_ = {};
  gaps_ = {};
  roles_.clear();
  for (History& history : histories_) history = History{settings_.history};
}

void Told::on_roles(unsigned, Roles roles, bool midstream) {
  if (!roles_.empty()) add_word("ROLES TWICE");
  roles_ = fmt::format("{} by {}", midstream ? "midstream" : "roles", name(roles));
}

void Told::on_chunk(const Chunk& chunk) {
  if (roles_.empty()) add_word("NO ROLES");
  if (chunk.offset != next_[index(chunk.from)]) add_word(fmt::format("NOT AT {}", next_[index(chunk.from)]));
  if (chunk.is_gap() != chunk.bytes.empty()) add_word("NEITHER BYTES NOR A GAP");
  next_[index(chunk.from)] = chunk.offset + chunk.length();
  if (chunk.is_gap()) gaps_[index(chunk.from)].emplace_back(chunk.offset, chunk.offset + chunk.missing);
  histories_[index(chunk.from)].add(chunk.offset, chunk.bytes);
  append_word(times_, seconds(chunk.seen));
  append_word(origins_, std::to_string(chunk.origin.record));
  tokens_.push_back({.step = step_,
                     .side = letter(chunk.from) + (chunk.after_rst ? "[after_rst]" : ""),
                     .bytes = std::string{as_text(chunk.bytes)},
                     .offset = chunk.offset,
                     .missing = chunk.missing,
                     .cause = chunk.cause,
                     .gaps = chunk.is_gap() ? 1U : 0U});
}

void Told::on_fin(Side side) { add_word(letter(side) + ".fin"); }

void Told::on_old(Side side, std::uint64_t offset, Bytes bytes) {
  const auto& gaps = gaps_[index(side)];
  const bool late = std::any_of(gaps.begin(), gaps.end(), [&](const auto& gap) {
    return offset < gap.second && gap.first < offset + bytes.size();
  });
  on_oddity(late ? Oddity::late : Oddity::retransmission);
  if (const auto difference = histories_[index(side)].compare(offset, bytes)) {
    on_conflict(side, difference->offset, difference->first, difference->second);
  }
}

void Told::on_conflict(Side side, std::uint64_t offset, Bytes first, Bytes second) {
  on_oddity(Oddity::overlap_differs);
  append_word(conflicts_, fmt::format("{}@{}\"{}\"!=\"{}\"", letter(side), offset, as_text(first), as_text(second)));
}

void Told::add_word(std::string word) { tokens_.push_back({.step = step_, .word = std::move(word)}); }

std::string Told::text(const Token& token) {
  if (!token.word.empty()) return token.word;
  if (token.gaps > 0) {
    const std::string times = token.gaps > 1 ? fmt::format(" x{}", token.gaps) : "";
    return fmt::format("{}<{} {}{}>", token.side, token.missing, name(token.cause), times);
  }
  std::string text = token.side;
  const auto content_free = [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; };
  for (std::size_t i = 0; i < token.bytes.size();) {
    const bool free = content_free(token.bytes[i]);
    std::size_t end = i;
    bool right = true;
    for (; end < token.bytes.size() && content_free(token.bytes[end]) == free; ++end) {
      right = right && (!free || static_cast<std::byte>(token.bytes[end]) == content_at(token.offset + 1 + end));
    }
    if (free) {
      text += fmt::format("+{}{}", end - i, right ? "" : " MISPLACED");
    } else {
      text += '"';
      for (; i < end; ++i) token.bytes[i] == '\0' ? text += "\\0" : text += token.bytes[i];
      text += '"';
    }
    i = end;
  }
  return text;
}

namespace {

template <class Token>
bool joins(const Token& last, const Token& next) {
  if (!last.word.empty() || !next.word.empty() || last.side != next.side) return false;
  return last.gaps == 0 ? next.gaps == 0 : next.gaps > 0 && last.cause == next.cause;
}

}  // namespace

std::string Told::whole() const {
  std::string all;
  for (std::size_t i = 0; i < tokens_.size();) {
    Token joined = tokens_[i++];
    for (; i < tokens_.size() && joins(joined, tokens_[i]); ++i) {
      joined.bytes += tokens_[i].bytes;
      joined.missing += tokens_[i].missing;
      joined.gaps += tokens_[i].gaps;
    }
    append_word(all, text(joined));
  }
  return all;
}

std::string Told::by_step() const {
  std::string all;
  for (unsigned step = 0; step <= step_; ++step) {
    Told one{settings_};
    std::copy_if(tokens_.begin(), tokens_.end(), std::back_inserter(one.tokens_),
                 [&](const Token& t) { return t.step == step; });
    const std::string text = one.whole();
    const bool silent_edge = text.empty() && (step == 0 || step == step_);
    if (silent_edge) continue;
    if (!all.empty()) all += " / ";
    all += text.empty() ? "-" : text;
  }
  return all;
}

std::string Told::oddities() const {
  std::string all = roles_ == "roles by syn" ? "" : roles_;
  for (std::size_t i = 0; i < kOddities; ++i) {
    if (oddities_[i] == 0) continue;
    if (!all.empty()) all += ", ";
    all += name(static_cast<Oddity>(i));
    if (oddities_[i] > 1) all += fmt::format(" {}", oddities_[i]);
  }
  return all;
}

// ---- what goes in

struct TcpScript::Packet {
  std::optional<unsigned> from;
  bool captured = true, drop = false, timed = false, anything = false;
  std::uint8_t flags = TcpFlags::ack;
  std::optional<std::uint64_t> at;
  std::string data;
  std::uint64_t length = 0;  // of content-free data
  std::optional<std::uint64_t> acks;
  std::optional<std::uint32_t> ack_number;
  std::uint64_t cut = UINT64_MAX;
  std::uint16_t urgent = 0;
  std::vector<std::byte> options;
};

void TcpScript::Sender::list(std::uint64_t from, std::uint64_t to) {
  std::uint64_t& end = listed[from];
  end = std::max(end, to);
  next = std::max(next, to);
}

std::uint64_t TcpScript::Sender::complete() {
  std::uint64_t end = 1;
  auto one = listed.begin();
  for (; one != listed.end() && one->first <= end; ++one) end = std::max(end, one->second);
  listed.erase(listed.begin(), one);
  listed.emplace(0, end);
  return end;
}

TcpScript::TcpScript(const StreamSettings& settings)
    : settings_{settings},
      budget_{settings.held_bytes_host, settings.held_bytes_run},
      context_{.settings = settings_, .budget = budget_},
      told_{settings_},
      session_{std::make_unique<TcpSession>(std::nullopt)},
      time_{kStart},
      clock_{kStart} {
  hosts_[0].octets.back() = 1;
  hosts_[1].octets.back() = 2;
}

void TcpScript::play(std::string_view script) {
  for (const std::string_view item : split(script, ";\n")) play_item(item);
}

void TcpScript::play_item(std::string_view item) {
  const auto words = split(item, " ");
  if (words.empty()) return;
  if (words[0].starts_with("HS")) {
    const auto arguments = words[0].size() > 2 ? words[0].substr(3, words[0].size() - 4) : std::string_view{};
    return handshake(arguments);
  }
  if (words[0] == "EOF") return end();
  if (words[0].starts_with("port=")) {
    server_by_port_ = words[0] == "port=S" ? 1U : 0U;
    *session_ = TcpSession{server_by_port_};
    return;
  }
  told_.next_step();
  play_segment(words);
}

void TcpScript::play_segment(const std::vector<std::string_view>& words) {
  Packet packet;
  for (const std::string_view word : words) read_word(word, packet);
  if (packet.from && packet.anything) return send(packet);
  wait_until(std::max(clock_, time_));
}

void TcpScript::read_word(std::string_view word, Packet& packet) {
  const char first = word.front();
  const bool is_digit = first >= '0' && first <= '9';
  if (first == '@') {
    const auto ms = std::chrono::duration<double, std::milli>(std::stod(std::string{word.substr(1)}) * 1000);
    time_ = kStart + std::chrono::round<std::chrono::milliseconds>(ms);
    packet.timed = true;
    return;
  }
  if (word == "C" || word == "S" || word == "~C" || word == "~S") {
    packet.from = word.back() == 'S' ? 1U : 0U;
    packet.captured = word.size() == 1;
    return;
  }
  if (word.find('=') != std::string_view::npos && first != '"') return read_setting(word, packet);
  packet.anything = true;
  if (first == '"') {
    packet.data = unquoted(word);
  } else if (first == '[') {
    packet.flags = flags_of(word);
  } else if (first == 'a') {
    packet.acks = number<std::uint64_t>(word.substr(1));
  } else if (word == "drop") {
    packet.drop = true;
  } else if (is_digit || first == '+') {
    const std::size_t plus = word.find('+');
    if (is_digit) packet.at = number<std::uint64_t>(word.substr(0, plus));
    if (plus != std::string_view::npos) packet.length = number<std::uint64_t>(word.substr(plus + 1));
  } else {
    refuse(word);
  }
}

void TcpScript::read_setting(std::string_view word, Packet& packet) {
  const std::size_t equals = word.find('=');
  const std::string_view key = word.substr(0, equals), value = word.substr(equals + 1);
  if (!packet.from) refuse(word);
  Sender& sender = senders_[*packet.from];
  if (key == "isn") {
    sender = Sender{.isn = number<std::uint32_t>(value), .window = sender.window};
    return;
  }
  packet.anything = true;
  if (key == "win") {
    sender.window = number<std::uint16_t>(value);
  } else if (key == "wscale") {
    packet.options = {std::byte{1}, std::byte{3}, std::byte{3}, std::byte{number<std::uint8_t>(value)}};
  } else if (key == "opt") {
    packet.options = bytes_of_hex(value);
  } else if (key == "cut") {
    packet.cut = number<std::uint64_t>(value);
  } else if (key == "urg") {
    packet.urgent = number<std::uint16_t>(value);
  } else if (key == "ack") {
    packet.ack_number = number<std::uint32_t>(value);
  } else {
    refuse(word);
  }
}

void TcpScript::handshake(std::string_view argument) {
  std::vector<std::string_view> syn{"C", "[S]"}, syn_ack{"S", "[SA]"};
  if (!argument.empty()) {
    syn.push_back(argument);
    syn_ack.push_back(argument);
  }
  play_segment(syn);
  play_segment(syn_ack);
  play_segment({"C", "[.]"});
}

void TcpScript::send(Packet& packet) {
  Sender& sender = senders_[*packet.from];
  Sender& peer = senders_[1 - *packet.from];
  const bool syn = (packet.flags & TcpFlags::syn) != 0;
  const bool fin = (packet.flags & TcpFlags::fin) != 0;
  const bool reset = (packet.flags & TcpFlags::rst) != 0;
  const std::uint64_t at = packet.at.value_or(syn ? 0 : sender.next);
  const std::uint64_t length = packet.data.size() + packet.length;
  const std::uint64_t data_at = at + (syn ? 1 : 0);
  if (!reset) sender.list(at, data_at + length + (fin ? 1 : 0));
  if (packet.acks || packet.ack_number) packet.flags |= TcpFlags::ack;
  const auto acked = static_cast<std::uint32_t>(packet.acks ? *packet.acks : peer.complete());
  if (!packet.timed) time_ += std::chrono::milliseconds{1};
  ++record_;
  if (!packet.captured) return;

  const std::uint64_t captured = std::min(length, packet.cut);
  for (std::uint64_t i = packet.data.size(); i < captured; ++i) {
    packet.data += static_cast<char>(content_at(data_at + i));
  }
  arrive(packet, {.seq = sender.isn + static_cast<std::uint32_t>(at),
                  .ack = (packet.flags & TcpFlags::ack) != 0 ? packet.ack_number.value_or(peer.isn + acked) : 0,
                  .window = sender.window,
                  .urgent = packet.urgent,
                  .flags = packet.flags,
                  .options = packet.options,
                  .payload = as_bytes(packet.data).first(captured),
                  .missing = static_cast<std::uint32_t>(length - captured)});
}

void TcpScript::arrive(const Packet& packet, const wire::Segment& segment) {
  clock_ = std::max(clock_, time_);
  wait_until(clock_);
  const OriginSpan origin{.offset = 0, .origin = {.record = record_, .source = 0}};
  const Arrival arrival{.from = *packet.from,
                        .segment = &segment,
                        .time = time_,
                        .clock = clock_,
                        .origins = {&origin, 1},
                        .after_drop = packet.drop,
                        .source = &hosts_[*packet.from]};
  if (session_->take(arrival, context_, told_) == TcpSession::Outcome::reused) restart(arrival);
}

void TcpScript::restart(const Arrival& arrival) {
  const auto remembered = session_->remembered_syn();
  finish(Ending::reused);
  session_ = std::make_unique<TcpSession>(server_by_port_);
  told_.begin();
  if (remembered) {
    const std::array options{std::byte{1}, std::byte{3}, std::byte{3}, std::byte{remembered->scale.value_or(0)}};
    const wire::Segment syn{.seq = remembered->seq,
                            .window = remembered->window,
                            .flags = TcpFlags::syn,
                            .options = remembered->scale ? Bytes{options} : Bytes{}};
    const OriginSpan origin{.offset = 0, .origin = remembered->origin};
    Arrival first = arrival;
    first.from = remembered->from;
    first.segment = &syn;
    first.time = remembered->time;
    first.origins = {&origin, 1};
    first.source = &hosts_[remembered->from];
    if (session_->take(first, context_, told_) == TcpSession::Outcome::reused) told_.add_word("REUSED AT ITS SYN");
  }
  if (session_->take(arrival, context_, told_) == TcpSession::Outcome::reused) told_.add_word("REUSED AT ONCE");
}

void TcpScript::wait_until(Timestamp clock) {
  clock_ = clock;
  if (session_->deadline() > clock) return;
  session_->advance(clock, context_, told_);
  if (session_->deadline() <= clock) told_.add_word("STILL DUE");
}

void TcpScript::finish(Ending ending) {
  const Ending last = session_->ended().value_or(ending);
  session_->finish(clock_, context_, told_);
  if (budget_.held() != 0 || budget_.hosts() != 0) told_.add_word("STILL HELD");
  if (last != Ending::capture_end) told_.add_word(fmt::format("={}", name(last)));
}

void TcpScript::end() {
  if (ended_) return;
  ended_ = true;
  told_.next_step();
  finish(Ending::capture_end);
}

std::string TcpScript::text() const {
  const std::string odd = told_.oddities();
  if (odd.empty()) return told_.whole();
  return told_.whole().empty() ? "| " + odd : told_.whole() + " | " + odd;
}

std::string run(std::string_view script, const StreamSettings& settings) {
  TcpScript played{settings};
  played.play(script);
  played.end();
  return played.text();
}

std::string steps(std::string_view script, const StreamSettings& settings) {
  TcpScript played{settings};
  played.play(script);
  played.end();
  return played.told().by_step();
}

std::string conflicts(std::string_view script, const StreamSettings& settings) {
  TcpScript played{settings};
  played.play(script);
  played.end();
  return played.told().conflicts();
}

void expect_all(const std::vector<Case>& cases) {
  for (const Case& row : cases) EXPECT_EQ(run(row.script, row.settings), row.told) << row.id << ": " << row.script;
}

}  // namespace unspool::test
