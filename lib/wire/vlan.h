// IEEE 802.1Q tags, and the stack of them that a frame carries.
#pragma once

#include <cstdint>

namespace unspool {

/// The VLAN identifiers of a frame, outermost first: at most four (a fifth makes a frame `too_deep`).
/// Twelve bits each and a count, in one word that compares and hashes as a whole.
class VlanStack {
 public:
  static constexpr unsigned kMaxDepth = 4;

  constexpr unsigned size() const { return static_cast<unsigned>(bits_ & 0xfU); }
  constexpr std::uint16_t operator[](unsigned i) const {
    return static_cast<std::uint16_t>((bits_ >> (4U + 12U * i)) & 0xfffU);
  }
  /// False, and nothing changes, when the stack is full.
  constexpr bool push(std::uint16_t id) {
    if (size() == kMaxDepth) return false;
    bits_ |= static_cast<std::uint64_t>(id & 0xfffU) << (4U + 12U * size());
    ++bits_;
    return true;
  }
  constexpr std::uint64_t bits() const { return bits_; }
  constexpr bool operator==(const VlanStack&) const = default;
  constexpr auto operator<=>(const VlanStack&) const = default;

 private:
  std::uint64_t bits_ = 0;
};

}  // namespace unspool
