#include "capture/fanout_group.h"

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <cerrno>

namespace unspool {

Result<FanoutGroup::Joined> FanoutGroup::join(int fd) {
  if (sockets_ == 1) return Joined{};
  constexpr unsigned kHow = PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_DEFRAG;
  const std::lock_guard lock{mutex_};
  sockaddr_ll bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return fail(os_error(errno));
  const bool first = members_ == 0 || bound.sll_ifindex != index_;
  const unsigned how = first ? kHow | PACKET_FANOUT_FLAG_UNIQUEID : kHow;
  int argument = static_cast<int>((first ? 0U : static_cast<unsigned>(id_)) | how << 16U);
  size = sizeof argument;
  if (::setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &argument, size) != 0 ||
      ::getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &argument, &size) != 0) {
    return fail(os_error(errno));
  }
  id_ = argument & 0xffff;
  index_ = bound.sll_ifindex;
  members_ = first ? 1 : members_ + 1;
  return Joined{.member = Member{this, id_}, .others = !first};
}

void FanoutGroup::leave(int id) {
  const std::lock_guard lock{mutex_};
  if (id == id_ && members_ > 0) --members_;
}

}  // namespace unspool
