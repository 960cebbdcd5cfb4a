#include "capture/link_losses.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace unspool {
namespace {

struct Question {
  nlmsghdr head{};
  if_stats_msg stats{};
};

/// `answer`: what stands behind the header of RTM_NEWSTATS.
std::optional<std::uint64_t> losses_in(const std::byte* answer, std::size_t size) {
  for (std::size_t at = NLMSG_ALIGN(sizeof(if_stats_msg)); at + sizeof(nlattr) <= size;) {
    nlattr attribute{};
    std::memcpy(&attribute, answer + at, sizeof attribute);
    if (attribute.nla_len < sizeof attribute || at + attribute.nla_len > size) return std::nullopt;
    rtnl_link_stats64 totals{};
    // Kernels differ in what they have behind the first counters.
    constexpr std::size_t kNeeded = offsetof(rtnl_link_stats64, rx_missed_errors) + sizeof totals.rx_missed_errors;
    if (attribute.nla_type == IFLA_STATS_LINK_64 && attribute.nla_len - sizeof attribute >= kNeeded) {
      std::memcpy(&totals, answer + at + sizeof attribute, kNeeded);
      return totals.rx_missed_errors + totals.rx_fifo_errors;
    }
    at += NLA_ALIGN(attribute.nla_len);
  }
  return std::nullopt;
}

}  // namespace

LinkLosses::LinkLosses() : socket_{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)} {}

std::optional<std::uint64_t> LinkLosses::of(unsigned index) {
  Question question;
  question.head.nlmsg_len = sizeof question;
  question.head.nlmsg_type = RTM_GETSTATS;
  question.head.nlmsg_flags = NLM_F_REQUEST;
  question.head.nlmsg_seq = ++asked_;
  question.stats.ifindex = index;
  question.stats.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
  if (::send(socket_.get(), &question, sizeof question, 0) != static_cast<ssize_t>(sizeof question))
    return std::nullopt;
  std::array<std::byte, 4096> answer{};
  const ssize_t size = ::recv(socket_.get(), answer.data(), answer.size(), MSG_DONTWAIT);  // it is there already
  nlmsghdr head{};
  if (size < static_cast<ssize_t>(sizeof head)) return std::nullopt;
  std::memcpy(&head, answer.data(), sizeof head);
  if (head.nlmsg_type != RTM_NEWSTATS || head.nlmsg_seq != asked_ || head.nlmsg_len > static_cast<std::size_t>(size)) {
    return std::nullopt;
  }
  return losses_in(answer.data() + NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN);
}

}  // namespace unspool
