// Sessions by key: found with one look at memory, kept in place, indexed by 4 bytes.
#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "flow/session_key.h"

namespace unspool {

/// `T` has members `key` (SessionKey) and `hash` (std::uint32_t, SessionHash::session). A T stays where it is until
/// erased; its index is then used again. At most kMost of them.
template <class T>
class SessionTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffU;
  static constexpr std::uint32_t kMost = 0xffffff;

  SessionTable() : slots_(kFirstSlots, kNone) {}
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;
  ~SessionTable() {
    for_each([this](std::uint32_t index) { std::destroy_at(&(*this)[index]); });
  }

  std::uint32_t size() const { return size_; }
  T& operator[](std::uint32_t index) { return *std::launder(reinterpret_cast<T*>(place(index))); }

  /// The index of the session with this key, or kNone. The whole key is compared, never the hash alone.
  std::uint32_t find(const SessionKey& key, std::uint32_t hash) {
    for (std::uint32_t slot = home(hash);; slot = after(slot)) {
      if (slots_[slot] == kNone) return kNone;
      if ((slots_[slot] & kTag) != (hash & kTag)) continue;
      const std::uint32_t index = slots_[slot] & kIndex;
      const T& found = (*this)[index];
      if (found.hash == hash && found.key == key) return index;
    }
  }
  /// Whether `index` is that of a session with this hash.
  bool holds(std::uint32_t index, std::uint32_t hash) const {
    for (std::uint32_t slot = home(hash); slots_[slot] != kNone; slot = after(slot)) {
      if ((slots_[slot] & kIndex) == index) return true;
    }
    return false;
  }
  /// Starts to bring what find() will touch into the cache.
  void prefetch(std::uint32_t hash) const { __builtin_prefetch(&slots_[home(hash)]); }
  void prefetch_session(std::uint32_t hash) {
    std::uint32_t slot = home(hash);
    while (slots_[slot] != kNone && (slots_[slot] & kTag) != (hash & kTag)) slot = after(slot);
    if (slots_[slot] == kNone) return;
    const char* place_of = static_cast<const char*>(place(slots_[slot] & kIndex));
    for (std::size_t line = 0; line < sizeof(T); line += kCacheLine) __builtin_prefetch(place_of + line);
  }

  /// Adds a session whose key is not there yet: T{std::forward<Arguments>(arguments)...}.
  template <class... Arguments>
  std::uint32_t insert(Arguments&&... arguments) {
    if ((size_ + 1) * std::uint64_t{2} > slots_.size()) grow();
    if (free_.empty()) add_slab();
    const std::uint32_t index = free_.back();
    free_.pop_back();
    const T& added = *std::construct_at(static_cast<T*>(place(index)), std::forward<Arguments>(arguments)...);
    put(index, added.hash);
    ++size_;
    return index;
  }

  void erase(std::uint32_t index) {
    std::uint32_t slot = home((*this)[index].hash);
    while ((slots_[slot] & kIndex) != index) slot = after(slot);
    std::destroy_at(&(*this)[index]);
    free_.push_back(index);
    --size_;
    close_up(slot);
  }

  /// Some session, chosen by `random`; the table is not empty.
  std::uint32_t sample(std::uint64_t random) const {
    assert(size_ > 0);
    auto slot = static_cast<std::uint32_t>(random) & mask_;
    while (slots_[slot] == kNone) slot = after(slot);
    return slots_[slot] & kIndex;
  }
  /// Calls each(index) for all; `each` must neither insert nor erase.
  template <class Each>
  void for_each(const Each& each) const {
    for (const std::uint32_t slot : slots_) {
      if (slot != kNone) each(slot & kIndex);
    }
  }

 private:
  // A slot is an index with the top eight bits of the hash: sessions that merely stand in the way are not looked at.
  static constexpr std::uint32_t kIndex = 0x00ffffffU, kTag = 0xff000000U;
  static constexpr std::uint32_t kFirstSlots = 1024;
  static constexpr std::uint32_t kSlab = 256;
  static constexpr std::size_t kCacheLine = 64;
  struct Slab {
    alignas(kCacheLine) std::array<std::byte, sizeof(T) * kSlab> bytes;
  };

  std::uint32_t home(std::uint32_t hash) const { return hash & mask_; }
  std::uint32_t after(std::uint32_t slot) const { return (slot + 1) & mask_; }
  void* place(std::uint32_t index) { return slabs_[index / kSlab]->bytes.data() + sizeof(T) * (index % kSlab); }

  void put(std::uint32_t index, std::uint32_t hash) {
    std::uint32_t slot = home(hash);
    while (slots_[slot] != kNone) slot = after(slot);
    slots_[slot] = (hash & kTag) | index;
  }
  /// Linear probing without tombstones: moves back what would not be found past the empty slot.
  void close_up(std::uint32_t hole) {
    for (std::uint32_t slot = after(hole); slots_[slot] != kNone; slot = after(slot)) {
      const std::uint32_t wanted = home((*this)[slots_[slot] & kIndex].hash);
      const bool stays = hole < slot ? wanted > hole && wanted <= slot : wanted > hole || wanted <= slot;
      if (stays) continue;
      slots_[hole] = slots_[slot];
      hole = slot;
    }
    slots_[hole] = kNone;
  }
  void grow() {
    std::vector<std::uint32_t> old(slots_.size() * 2, kNone);
    old.swap(slots_);
    mask_ = static_cast<std::uint32_t>(slots_.size() - 1);
    for (const std::uint32_t slot : old) {
      if (slot != kNone) put(slot & kIndex, (*this)[slot & kIndex].hash);
    }
  }
  void add_slab() {
    const auto first = static_cast<std::uint32_t>(slabs_.size()) * kSlab;
    slabs_.push_back(std::make_unique<Slab>());
    for (std::uint32_t i = kSlab; i-- > 0;) free_.push_back(first + i);
  }

  std::vector<std::uint32_t> slots_;  // a power of two, at most half full: most are found at their first place
  std::uint32_t mask_ = kFirstSlots - 1;
  std::vector<std::unique_ptr<Slab>> slabs_;
  std::vector<std::uint32_t> free_;
  std::uint32_t size_ = 0;
};

}  // namespace unspool
