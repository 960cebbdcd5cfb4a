// Sockets of one interface that share its packets: the kernel gives each packet to one of them (packet(7)).
#pragma once

#include <mutex>
#include <utility>

#include "base/error.h"

namespace unspool {

/// By the hash of the flow, both directions alike; the kernel puts fragments together first. Members may join and leave
/// on any thread. An interface that was made anew is another one, even while some still listen where the old one was.
class FanoutGroup {
 public:
  /// `sockets` in all; one alone shares with nobody.
  explicit FanoutGroup(unsigned sockets) : sockets_{sockets} {}

  /// A socket's place, which it leaves with its end, after it was closed.
  class Member {
   public:
    Member() = default;
    Member(FanoutGroup* group, int id) : group_{group}, id_{id} {}
    Member(Member&& other) noexcept : group_{std::exchange(other.group_, nullptr)}, id_{other.id_} {}
    Member& operator=(Member&& other) noexcept {
      std::swap(group_, other.group_);
      std::swap(id_, other.id_);
      return *this;
    }
    ~Member() {
      if (group_ != nullptr) group_->leave(id_);
    }
    bool shares() const { return group_ != nullptr; }

   private:
    FanoutGroup* group_ = nullptr;
    int id_ = 0;
  };
  struct Joined {
    Member member;
    bool others = false;  // are there already: until now the socket saw all packets, theirs too
  };
  /// `fd`: a packet socket that is bound to the interface.
  Result<Joined> join(int fd);

 private:
  void leave(int id);

  const unsigned sockets_;
  std::mutex mutex_;
  int id_ = 0;       // of the kernel's choice, so that no other program's group is met
  int index_ = 0;    // of the interface
  int members_ = 0;  // of that group
};

}  // namespace unspool
