#include "counted_allocations.h"

#include <execinfo.h>
#include <fmt/format.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace unspool::test {
namespace {

constexpr int kDepth = 24;
constexpr std::size_t kKept = 4096;  // calls whose callers are remembered: the first ones
constexpr std::size_t kPlaces = 8;   // that are told: each takes a moment

struct Call {
  std::array<void*, kDepth> callers{};
  int depth = 0;
};
std::array<Call, kKept> calls;
std::atomic<bool> counting{false};
std::atomic<std::uint64_t> count{0};
thread_local bool excused = false;

}  // namespace

void* allocate_counted(std::size_t size, std::size_t alignment) {
  if (counting.load(std::memory_order_relaxed) && !excused) {
    const Excused meanwhile;  // backtrace() may allocate
    const std::uint64_t number = count.fetch_add(1, std::memory_order_relaxed);
    if (number < kKept) calls[number].depth = ::backtrace(calls[number].callers.data(), kDepth);
  }
  void* memory = alignment <= alignof(std::max_align_t)
                     ? std::malloc(size)
                     : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

namespace {

/// Where the program's own code was loaded, so that addr2line understands its addresses.
std::uintptr_t load_address() {
  std::uintptr_t address = 0;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* to) {
        *static_cast<std::uintptr_t*>(to) = info->dlpi_addr;
        return 1;  // the first is the program
      },
      &address);
  return address;
}

/// "Shard::start at lib/pipeline/shard.cpp:132" for each caller in lib/, innermost first.
std::string describe(const Call& call) {
  std::string command = "addr2line -Cfipe /proc/" + std::to_string(::getpid()) + "/exe";
  for (int i = 0; i < call.depth; ++i) {
    command += fmt::format(
        " {:#x}", reinterpret_cast<std::uintptr_t>(call.callers[static_cast<std::size_t>(i)]) - load_address() - 1);
  }
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> told{::popen((command + " 2>/dev/null").c_str(), "r"),
                                                             ::pclose};
  std::string text;
  std::array<char, 4096> line{};
  for (int told_of = 0; told && told_of < 4 && std::fgets(line.data(), line.size(), told.get()) != nullptr;) {
    std::string_view words{line.data()};
    const std::size_t at = words.find("/lib/");
    const std::size_t name_end = words.find(" at ");
    if (at == std::string_view::npos || name_end == std::string_view::npos) continue;
    words.remove_suffix(1);
    text += fmt::format("{}{} ({})", text.empty() ? "" : " < ", words.substr(at + 1),
                        words.substr(0, std::min<std::size_t>(name_end, 70)));
    ++told_of;
  }
  return text.empty() ? "not in lib/" : text;
}

}  // namespace

CountedAllocations::CountedAllocations() {
  std::array<void*, 2> first{};
  ::backtrace(first.data(), 2);  // loads what it needs
  calls = {};
  count = 0;
  counting = true;
}

CountedAllocations::~CountedAllocations() { counting = false; }

std::uint64_t CountedAllocations::stop() {
  counting = false;
  return count;
}

std::string CountedAllocations::places() const {
  std::map<std::vector<void*>, std::pair<std::uint64_t, const Call*>> by_callers;
  for (std::size_t i = 0; i < std::min<std::uint64_t>(count, kKept); ++i) {
    const auto* const innermost = calls[i].callers.data();
    auto& [times, call] = by_callers[std::vector<void*>(innermost, innermost + calls[i].depth)];
    ++times;
    call = &calls[i];
  }
  std::vector<std::pair<std::uint64_t, const Call*>> most;
  for (const auto& [callers, found] : by_callers) most.push_back(found);
  std::sort(most.rbegin(), most.rend());
  if (most.size() > kPlaces) most.resize(kPlaces);
  std::string text;
  for (const auto& [times, call] : most) text += fmt::format("{:>6} {}\n", times, describe(*call));
  return text;
}

Excused::Excused() : before_{std::exchange(excused, true)} {}

Excused::~Excused() { excused = before_; }

}  // namespace unspool::test
