#include "capture/live_source.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

#include "capture/filter.h"
#include "capture/network_interfaces.h"

namespace unspool {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using Change = InterfaceChange::State;
using Why = LiveFailure::Why;

constexpr milliseconds kTendEvery = 1s;
constexpr milliseconds kCountMissedEvery = 100ms;
constexpr milliseconds kFirstRetry = 100ms, kLastRetry = 5s;
constexpr milliseconds kPatience = 1s;  // the longest that a packet waits for others, whatever the stamps say

Timestamp wall_clock() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

Change state_of(Why why) {
  switch (why) {
    case Why::missing: return Change::missing;
    case Why::down: return Change::down;
    case Why::not_permitted:
    case Why::filter:
    case Why::other: break;
  }
  return Change::failed;
}

const NetworkInterface* find(const std::vector<NetworkInterface>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const NetworkInterface& i) { return i.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

FanoutGroups fanout_groups(const CaptureSettings& settings) {
  FanoutGroups groups;
  for (std::size_t i = 0; i < settings.interfaces.size(); ++i) groups.emplace_back(settings.sockets * settings.loops);
  return groups;
}

LiveSource::LiveSource(const CaptureSettings& settings, unsigned loop, BlockPool& pool, FanoutGroups& groups,
                       Changed changed)
    : settings_{settings}, changed_{std::move(changed)}, ready_{::epoll_create1(EPOLL_CLOEXEC)} {
  auto source = static_cast<std::uint16_t>(loop * settings.sources_of_loop());
  for (const std::string& name : settings.interfaces) {
    FanoutGroup& group = groups[interfaces_.size()];
    Interface& interface = interfaces_.emplace_back();
    interface.name = name;
    for (unsigned i = 0; i < settings.sockets; ++i) {
      interface.sockets.push_back(std::make_unique<LiveSocket>(name, source++, settings, pool, group));
    }
  }
}

tl::expected<std::unique_ptr<LiveSource>, LiveSource::Refusal> LiveSource::open(const CaptureSettings& settings,
                                                                                unsigned loop, BlockPool& pool,
                                                                                FanoutGroups& groups, Changed changed) {
  std::unique_ptr<LiveSource> source{new LiveSource(settings, loop, pool, groups, std::move(changed))};
  const SteadyTime now = std::chrono::steady_clock::now();
  for (Interface& interface : source->interfaces_) {
    const auto opened = source->open(interface);
    if (opened) continue;
    const LiveFailure& failure = opened.error();
    const bool waits = failure.why == Why::down ||
                       (failure.why == Why::missing && settings.missing_interface == MissingInterface::wait);
    if (!waits) return tl::unexpected<Refusal>(Refusal{failure.why, failure.what});
    if (auto filter = Filter::compile(settings.filter); !filter) {
      return tl::unexpected<Refusal>(Refusal{Why::filter, filter.error().what + "; see pcap-filter(7)"});
    }
    source->tell(interface, state_of(failure.why), failure.what + "; it is waited for");
    source->retry_later(interface, now);
  }
  return source;
}

tl::expected<void, LiveFailure> LiveSource::open(Interface& interface) {
  const auto all = network_interfaces();
  for (auto& socket : interface.sockets) {
    if (auto opened = socket->open(); !opened) {
      for (auto& other : interface.sockets) other->close();
      return opened;
    }
  }
  for (auto& socket : interface.sockets) {
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(ready_.get(), EPOLL_CTL_ADD, socket->fd(), &event);
    open_.push_back(socket.get());
  }
  const NetworkInterface* known = find(all, interface.name);
  interface.index = known != nullptr ? known->index : 0;
  interface.missed_before = link_losses_.of(interface.index).value_or(0);
  interface.broken_since = {};
  interface.backoff = {};
  interface.last_reason.clear();
  interface.state = Change::up;
  return {};
}

/// Closing a socket takes it out of the epoll too.
void LiveSource::close(Interface& interface) {
  for (auto& socket : interface.sockets) {
    std::erase(open_, socket.get());
    socket->close();
  }
}

void LiveSource::retry_later(Interface& interface, SteadyTime now) {
  interface.backoff = std::clamp(interface.backoff * 2, kFirstRetry, kLastRetry);
  interface.retry_at = now + interface.backoff;
}

void LiveSource::tell(Interface& interface, Change state, std::string what) {
  interface.state = state;
  changed_({.state = state,
            .interface = interface.name,
            .source = interface.sockets.front()->source(),
            .what = std::move(what)});
}

// ---- packets

Source::State LiveSource::next(Packet& packet) {
  LiveSocket* socket = asked_all_ ? earliest() : nullptr;
  if (socket == nullptr || !is_ripe(*socket)) {
    round();
    socket = earliest();
    if (socket == nullptr || !is_ripe(*socket)) return idle();
  }
  packet = socket->head();
  if (is_finishing() && packet.time > last_) return State::ended;
  socket->pop();
  if (!socket->has_packet()) asked_all_ = false;
  return State::packet;
}

Source::State LiveSource::idle() {
  const LiveSocket* socket = earliest();
  hold_ = {};
  if (socket != nullptr) {
    const auto left = std::chrono::ceil<milliseconds>(socket->head().time - ripe_until_);
    hold_ = std::clamp(left, milliseconds{1}, longest_hold());
  }
  const auto finishing_for = round_at_ - finishing_since_;
  const bool is_over = finishing_for > kPatience || (socket == nullptr && finishing_for > longest_hold());
  return is_finishing() && is_over ? State::ended : State::idle;
}

bool LiveSource::finish() {
  finishing_since_ = std::chrono::steady_clock::now();
  last_ = wall_clock();
  return true;
}

/// Asks all sockets that have no packets left.
void LiveSource::round() {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (now >= tend_at_) tend(now);
  if (now >= count_missed_at_) count_missed(now);
  round_at_ = now;
  ripe_until_ = wall_clock() - longest_hold();
  for (Interface& interface : interfaces_) {
    if (!interface.is_open()) continue;
    for (auto& socket : interface.sockets) {
      if (!socket->has_packet() && socket->is_open()) fill(interface, *socket);
    }
  }
  has_quiet_ = std::any_of(open_.begin(), open_.end(), [](const LiveSocket* socket) { return !socket->has_packet(); });
  asked_all_ = true;
}

void LiveSource::fill(Interface& interface, LiveSocket& socket) {
  switch (socket.fill()) {
    case LiveSocket::Fill::packets: return;
    case LiveSocket::Fill::nothing: break;
    case LiveSocket::Fill::broken:
      if (interface.broken_since == SteadyTime{}) interface.broken_since = round_at_;
      break;
  }
  const bool is_broken = interface.broken_since != SteadyTime{};
  const bool is_news = is_broken || (interface.state == Change::up && socket.is_suspect());
  if (is_news) tend_at_ = std::min(tend_at_, round_at_ + settings_.timeout);
}

/// Of equal times, the lower source.
LiveSocket* LiveSource::earliest() const {
  LiveSocket* first = nullptr;
  for (LiveSocket* socket : open_) {
    if (!socket->has_packet()) continue;
    if (round_at_ - socket->filled() > kPatience) return socket;
    if (first == nullptr || socket->head().time < first->head().time) first = socket;
  }
  return first;
}

/// Whether no other socket can still bring an earlier packet. The kernel hands over what it has `timeout` after it
/// came. Where the machine's clock was set back, stamps say nothing, and time since the packet was taken has to do.
bool LiveSource::is_ripe(const LiveSocket& socket) const {
  return !has_quiet_ || open_.size() == 1 || socket.head().time <= ripe_until_ ||
         round_at_ - socket.filled() > longest_hold();
}

// ---- time

int LiveSource::readable_fd() const { return hold_ > 0ms ? -1 : ready_.get(); }

std::optional<milliseconds> LiveSource::ask_again() const {
  if (hold_ > 0ms) return hold_;
  if (is_finishing()) return longest_hold();
  SteadyTime when = tend_at_;
  for (const Interface& interface : interfaces_) {
    if (!interface.is_open()) when = std::min(when, interface.retry_at);
  }
  const auto left = std::chrono::ceil<milliseconds>(when - std::chrono::steady_clock::now());
  return std::max(left, milliseconds{1});
}

std::optional<Timestamp> LiveSource::quiet_until() {
  if (hold_ > 0ms) return std::nullopt;
  return quiet_.at(wall_clock(), std::chrono::steady_clock::now());
}

/// What an interface missed it counts; the packets of that time are told, if they are still to come.
void LiveSource::count_missed(SteadyTime now) {
  count_missed_at_ = now + kCountMissedEvery;
  const Timestamp until = wall_clock();
  for (Interface& interface : interfaces_) {
    if (!interface.is_open() || interface.index == 0) continue;
    const std::uint64_t before = interface.missed_before;
    interface.missed_before = link_losses_.of(interface.index).value_or(before);
    if (interface.missed_before <= before) continue;
    interface.missed.fetch_add(interface.missed_before - before, std::memory_order_relaxed);
    for (auto& socket : interface.sockets) socket->suspect(missed_until_, until);
  }
  missed_until_ = until;
}

// ---- interfaces that come and go

void LiveSource::tend(SteadyTime now) {
  tend_at_ = now + kTendEvery;
  const auto all = network_interfaces();
  for (Interface& interface : interfaces_) {
    if (interface.is_open()) tend(interface, find(all, interface.name), now);
    if (!interface.is_open() && now >= interface.retry_at) reopen(interface, now);
    if (!interface.is_open()) tend_at_ = std::min(tend_at_, interface.retry_at);
  }
}

/// `known`: the interface of that name, as it is now.
void LiveSource::tend(Interface& interface, const NetworkInterface* known, SteadyTime now) {
  const bool is_listed = interface.index != 0;
  const bool is_gone = is_listed && (known == nullptr || known->index != interface.index);
  if (is_gone || interface.broken_since != SteadyTime{}) return give_up(interface, is_gone, now);
  if (!is_listed) return;
  if (!known->up && interface.state == Change::up) {
    tell(interface, Change::down, fmt::format("{}: the interface went down; it is waited for", interface.name));
  }
  if (known->up && interface.state == Change::down) {
    tell(interface, Change::up, fmt::format("{}: the interface is up again", interface.name));
  }
}

/// Not before the kernel had time to hand over what it has.
void LiveSource::give_up(Interface& interface, bool gone, SteadyTime now) {
  if (interface.broken_since == SteadyTime{}) interface.broken_since = now;
  if (now - interface.broken_since < longest_hold()) {
    tend_at_ = std::min(tend_at_, now + settings_.timeout);
    return;
  }
  const std::string why = interface.sockets.front()->broken();
  close(interface);
  retry_later(interface, now);
  if (gone) {
    return tell(interface, Change::missing, fmt::format("{}: the interface is gone; it is waited for", interface.name));
  }
  tell(interface, Change::failed, fmt::format("{}: {}; it is tried again", interface.name, why));
}

void LiveSource::reopen(Interface& interface, SteadyTime now) {
  const auto opened = open(interface);
  if (opened) return tell(interface, Change::up, fmt::format("{}: the interface is captured now", interface.name));
  retry_later(interface, now);
  const LiveFailure& failure = opened.error();
  if (state_of(failure.why) == interface.state && failure.why != Why::other) return;
  if (failure.what == interface.last_reason) return;
  interface.last_reason = failure.what;
  tell(interface, state_of(failure.why), failure.what + "; it is waited for");
}

// ---- what there is to say

std::vector<std::string> LiveSource::names() const {
  std::vector<std::string> names;
  for (const Interface& interface : interfaces_) names.insert(names.end(), interface.sockets.size(), interface.name);
  return names;
}

std::vector<LiveSource::Totals> LiveSource::totals() const {
  std::vector<Totals> all;
  for (const Interface& interface : interfaces_) {
    Totals& totals = all.emplace_back(
        Totals{.interface = interface.name, .missed = interface.missed.load(std::memory_order_relaxed)});
    for (const auto& socket : interface.sockets) {
      totals.packets += socket->records();
      totals.dropped += socket->dropped();
    }
  }
  return all;
}

}  // namespace unspool
