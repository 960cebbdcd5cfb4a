// Many doubly linked lists over small numbers: eight bytes a number, no allocation to move one.
#pragma once

#include <cstdint>
#include <vector>

namespace unspool {

/// Each number is in at most one list.
class IndexLists {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffU;

  explicit IndexLists(std::uint32_t lists) : lists_{lists}, nodes_(lists) {
    for (std::uint32_t i = 0; i < lists; ++i) nodes_[i] = Node{i, i};
  }

  /// Puts `index`, which is in no list, at the end of `list`.
  void push_back(std::uint32_t list, std::uint32_t index) {
    const std::uint32_t node = lists_ + index;
    if (node >= nodes_.size()) nodes_.resize(node + 1, Node{kNone, kNone});
    const std::uint32_t last = nodes_[list].previous;
    nodes_[node] = Node{last, list};
    nodes_[last].next = node;
    nodes_[list].previous = node;
  }
  /// Takes `index` out of its list; nothing happens when it is in none.
  void remove(std::uint32_t index) {
    const std::uint32_t node = lists_ + index;
    if (node >= nodes_.size() || nodes_[node].next == kNone) return;
    nodes_[nodes_[node].previous].next = nodes_[node].next;
    nodes_[nodes_[node].next].previous = nodes_[node].previous;
    nodes_[node] = Node{kNone, kNone};
  }
  /// The first of `list`, or kNone.
  std::uint32_t front(std::uint32_t list) const {
    const std::uint32_t node = nodes_[list].next;
    return node == list ? kNone : node - lists_;
  }

 private:
  struct Node {
    std::uint32_t previous = kNone, next = kNone;
  };
  std::uint32_t lists_;
  std::vector<Node> nodes_;  // the lists' own, then one for each number
};

}  // namespace unspool
