#include "bench/workload.h"

#include <algorithm>
#include <array>
#include <utility>

#include "bench/frame_maker.h"
#include "support/dialog.h"

namespace unspool::bench {
namespace {

constexpr std::uint32_t kClients = 1009, kServers = 61;  // hosts; prime, so that all pairs of them occur
constexpr std::uint32_t kSynsToASession = 5000;
constexpr std::uint32_t kBulkSessions = 8;
constexpr std::uint32_t kKeyboards = 10'000;  // sessions of smallpkt

constexpr std::array kNames{std::pair{"bulk", Workload::bulk},   std::pair{"web", Workload::web},
                            std::pair{"lossy", Workload::lossy}, std::pair{"smallpkt", Workload::smallpkt},
                            std::pair{"brief", Workload::brief}, std::pair{"synflood", Workload::synflood},
                            std::pair{"idle", Workload::idle}};

Order with_defaults(Order order) {
  std::uint64_t amount = 0;
  std::uint32_t at_once = 0;
  switch (order.workload) {
    case Workload::bulk: amount = 1'000'000'000, at_once = kBulkSessions; break;
    case Workload::web: amount = 512'000'000, at_once = 2000; break;
    case Workload::lossy: amount = 256'000'000, at_once = 2000; break;
    case Workload::smallpkt: amount = 320'000'000, at_once = kKeyboards; break;
    case Workload::brief: amount = 500'000, at_once = 2000; break;
    case Workload::synflood: amount = 3'000'000, at_once = 200; break;
    case Workload::idle: amount = 1'000'000, at_once = 2000; break;
  }
  if (order.amount == 0) order.amount = amount;
  if (order.at_once == 0) order.at_once = at_once;
  return order;
}

/// Of the sessions of a workload, one after the other.
class Planner {
 public:
  explicit Planner(const Order& order) : order_{order}, dice_{order.seed} {}

  std::uint64_t sessions() const {
    switch (order_.workload) {
      case Workload::bulk: return kBulkSessions;
      case Workload::web:
      case Workload::lossy: return std::max<std::uint64_t>(order_.amount / kWebBytes, 1);
      case Workload::smallpkt: return order_.at_once;
      case Workload::brief:
      case Workload::synflood:
      case Workload::idle: break;
    }
    return order_.amount;
  }

  Plan plan(std::uint64_t number) {
    Plan plan{.client = client(number), .server = server(number, 80), .request = {100, 100}, .reply = {100, 100}};
    plan.seed = dice_.next();
    plan.with_truth = order_.with_truth;
    switch (order_.workload) {
      case Workload::bulk: plan_bulk(plan, number); break;
      case Workload::web: plan_web(plan, number); break;
      case Workload::lossy:
        plan_web(plan, number);
        plan.faults = {.unseen = 5, .lost = 5, .reordered = 30, .repeated = 13, .overlapping = 7};
        break;
      case Workload::smallpkt: plan_keyboard(plan, number); break;
      case Workload::brief: break;
      case Workload::synflood: plan_flood(plan, number); break;
      case Workload::idle:
        plan.server.port = 5222;
        plan.talk = Plan::Talk::plain;
        plan.closes = false;
        break;
    }
    return plan;
  }

 private:
  static constexpr std::uint64_t kWebBytes = 66'500;  // of a session, with headers, on the average

  void plan_bulk(Plan& plan, std::uint64_t number) const {
    const auto bytes = static_cast<std::uint32_t>(order_.amount / kBulkSessions * 91 / 100);  // the rest are headers
    plan.talk = number % 2 == 0 ? Plan::Talk::http : Plan::Talk::upload;
    (number % 2 == 0 ? plan.reply : plan.request) = {bytes, bytes};
  }
  void plan_web(Plan& plan, std::uint64_t number) {
    plan.exchanges = static_cast<std::uint32_t>(dice_.between(1, 3));
    plan.reply = {1000, 60'000};
    if (!dice_.chance(150)) return;
    plan.client.address = v6(0, number % kClients);
    plan.server.address = v6(1, number % kServers);
  }
  void plan_keyboard(Plan& plan, std::uint64_t number) const {
    constexpr std::uint64_t kBytes = 3 * 76;  // of an exchange, in the file
    plan.server = server(number, 4000);
    plan.talk = Plan::Talk::plain;
    plan.exchanges = static_cast<std::uint32_t>(std::max<std::uint64_t>(order_.amount / order_.at_once / kBytes, 1));
    plan.request = plan.reply = {1, 10};
  }
  void plan_flood(Plan& plan, std::uint64_t number) {
    plan.server = server(0, 80);
    if (number % kSynsToASession == kSynsToASession - 1) {
      plan.reply = {1000, 60'000};
      return;
    }
    const std::uint64_t random = dice_.next();
    plan.client = {v4(static_cast<std::uint32_t>(random)), static_cast<std::uint16_t>(random >> 32U)};
    plan.talk = Plan::Talk::nothing;
  }

  static IpAddress v4(std::uint32_t number) {
    const std::string four = test::be(number, 4);
    return IpAddress::v4(as_bytes(four));
  }
  static IpAddress v6(std::uint64_t net, std::uint64_t host) {
    const std::string sixteen = test::be(0x20010db8'00000000U | net, 8) + test::be(host + 1, 8);
    return IpAddress::v6(as_bytes(sixteen));
  }
  static Endpoint client(std::uint64_t number) {
    return {v4(static_cast<std::uint32_t>(0x0a000001 + number % kClients)),
            static_cast<std::uint16_t>(10'000 + number / kClients)};
  }
  static Endpoint server(std::uint64_t number, std::uint16_t port) {
    return {v4(static_cast<std::uint32_t>(0xc6120001 + number % kServers)), port};
  }

  const Order& order_;
  test::Dice dice_;
};

}  // namespace

std::optional<Workload> workload_named(std::string_view name) {
  for (const auto& [named, workload] : kNames) {
    if (named == name) return workload;
  }
  return std::nullopt;
}

Totals make(const Order& ordered, const Taker& taker) {
  const Order order = with_defaults(ordered);
  Planner planner{order};
  std::uint64_t begun = 0;
  const auto next = [&]() -> std::optional<Plan> {
    if (begun == planner.sessions()) return std::nullopt;
    return planner.plan(begun++);
  };
  return mix({.next = next,
              .at_once = order.at_once,
              .seed = order.seed + 1,
              .packets_a_second = order.packets_a_second,
              .most_packets = order.most_packets},
             taker);
}

Totals mix(const Mix& of, const Taker& taker) {
  constexpr std::uint64_t kBurst = 6;  // packets of one session in a row, at most
  const auto step = std::chrono::nanoseconds(1'000'000'000 / of.packets_a_second);
  test::Dice dice{of.seed};
  FrameMaker maker;
  Totals totals;
  std::vector<MadeFlow> live;
  bool more = true;
  for (Timestamp now = test::kTestTime;;) {
    while (more && live.size() < of.at_once) {
      const auto plan = of.next();
      more = plan.has_value();
      if (plan) live.emplace_back(*plan);
    }
    if (live.empty() || totals.packets >= of.most_packets) return totals;
    MadeFlow& flow = live[dice.between(0, live.size() - 1)];
    MadeSegment segment;
    bool goes_on = true;
    for (std::uint64_t left = dice.between(1, kBurst); left > 0 && (goes_on = flow.next(segment)); --left) {
      const std::string_view frame = maker.make(flow.plan(), segment);
      taker.frame(now, frame);
      now += step;
      ++totals.packets;
      totals.bytes += frame.size();
    }
    if (goes_on) continue;
    totals.sessions += flow.plan().talk == Plan::Talk::nothing ? 0U : 1U;
    totals.payload += flow.sent();
    totals.unseen += flow.unseen();
    if (flow.plan().with_truth && taker.over) taker.over(flow);
    if (&flow != &live.back()) flow = std::move(live.back());
    live.pop_back();
  }
}

}  // namespace unspool::bench
